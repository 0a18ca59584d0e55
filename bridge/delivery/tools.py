"""What the runs of one worker share: its tools, and its clocks."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom

from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.mapping.sources import Sources
from bridge.propexo.client import Propexo
from bridge.propexo.quota import MayGo, calls_for
from bridge.propexo.rate_limit import Permit
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
    refresh_sources: Callable[[], None] = lambda: None
    """Called between two ticks: looks for sources that were set up or switched meanwhile, once in a second."""
    heartbeat: Callable[[], None] = lambda: None
    """Called between the parts of a tick: the worker is alive, however long the whole tick lasts."""

    @property
    def breakers(self) -> CircuitBreakers:
        return CircuitBreakers(self.database, self.clock)

    @staticmethod
    def calls_for(
        start: datetime | None, may_go: MayGo = lambda: True, reserved: Permit | None = None
    ) -> AbstractContextManager[None]:
        """Let the rate limiter know for which tour the calls within are made, whether they may still go out, and the
        permit of the first."""
        return calls_for(lambda: start, may_go, reserved)


def boot_time() -> float:
    """Seconds since the machine started, those in which it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class DatabaseClock:
    """The database's clock, as the last claim showed it: those of several workers may differ."""

    own: Callable[[], datetime]
    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return self.own() + self.ahead

    def follow(self, now: datetime) -> None:
        self.ahead = now - self.own()
