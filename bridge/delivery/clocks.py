"""The clocks of a worker: the database's, and the machine's own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


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
