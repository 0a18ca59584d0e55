"""What the forwarding side works with, shared by all runs of one worker."""

from dataclasses import dataclass, field
from random import Random, SystemRandom

from bridge.aliases import Aliases, told_to
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.pauses import Pauses
from bridge.mapping.sources import Sources
from bridge.propexo.client import Propexo
from bridge.settings import Settings


@dataclass(frozen=True)
class Context:
    """One worker's tools."""

    settings: Settings
    sources: Sources
    database: Database
    propexo: Propexo
    clock: Clock
    random: Random = field(default_factory=SystemRandom)
    """Of the jitter."""

    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    """Short-lived tokens of senders' APIs, by source. Each worker gets its own: they are never stored."""

    @property
    def aliases(self) -> Aliases:
        return told_to(self.database)

    @property
    def pauses(self) -> Pauses:
        return Pauses(self.database, self.clock)
