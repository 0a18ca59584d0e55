"""What the runs of one worker share."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom

from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.circuit_breaker import CircuitBreakers
from bridge.mapping.sources import Sources
from bridge.propexo.client import Propexo
from bridge.propexo.quota import MayGo, calls_for
from bridge.settings import Settings


@dataclass(frozen=True)
class Tools:
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
    def breakers(self) -> CircuitBreakers:
        return CircuitBreakers(self.database, self.clock)

    @staticmethod
    def calls_for(start: datetime | None, may_go: MayGo = lambda: True) -> AbstractContextManager[None]:
        """Let the rate limiter know for which tour the calls within are made, and whether they may still go out."""
        return calls_for(lambda: start, may_go)
