"""What a worker does every second: renew its leases, and find out what has become due."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge import queue
from bridge.delivery import confirm
from bridge.delivery.batch import Job
from bridge.delivery.tools import Tools, boot_time

INTERVAL = 1.0
"""Seconds between polls for due lanes, and for writes that wait for their confirmation."""
RENEW_EVERY = 30.0
"""Seconds after which the leases of what is in hand are extended."""
BACKLOG = 20
"""So many ready lanes are more than the workers are just busy with."""
OF_RATE_LIMIT = 24
"""A backlog is also more than the rate limit lets through in some ten seconds, at four calls each: this share of a
minute's calls."""
UNLIMITED = 100_000
"""With so many calls a minute nothing waits for one."""


def backlog_of(per_minute: int) -> int:
    """How many ready lanes are a backlog."""
    return max(BACKLOG, per_minute // OF_RATE_LIMIT)


@dataclass(frozen=True)
class UpkeepResult:
    """What a look found."""

    promoted: int
    """Lanes whose time has come."""
    is_backlog: bool
    several_wait: frozenset[tuple[str | None, str]]
    sweeps: Sequence[confirm.Waiting]
    """Write logs that it is our turn to read."""


class Upkeep:
    """Looks around every `interval` seconds, or at once where `looked_at` is `None`."""

    def __init__(self, tools: Tools, interval: float) -> None:
        self._tools, self._interval = tools, interval
        self.looked_at: float | None = None
        self.has_suspects = False
        """Whether lanes wait that may be what ended a worker."""
        self._renewed_at = boot_time()

    def look(self, in_hand: Sequence[Job], *, may_sweep: bool) -> UpkeepResult | None:
        """What has become due; `None`: it is too early to look again."""
        at = boot_time()
        if self.looked_at is not None and at - self.looked_at < self._interval:
            return None
        self.looked_at = at
        self._tools.propexo.flush_rate_limit()
        per_minute, now = self._tools.settings.propexo.budget_per_minute, self._tools.clock()
        with self._tools.database.autocommit.connect() as connection:
            if in_hand and at - self._renewed_at >= RENEW_EVERY:
                queue.renew(connection, [job.claim for job in in_hand])
                self._renewed_at = at
                for job in in_hand:
                    job.leased_at = at
            promoted = queue.promote(connection)
            self.has_suspects = queue.has_suspects(connection)
            backlog = per_minute < UNLIMITED and queue.is_backlog(connection, backlog_of(per_minute))
            several = confirm.several_waiting(connection, now)
            due = [key for key, is_due in several.items() if is_due and may_sweep]
            taken = [confirm.take(connection, key, now, per_minute, is_backlog=backlog) for key in due]
        sweeps = [sweep for sweep in taken if sweep is not None]
        return UpkeepResult(promoted, backlog, frozenset(several), sweeps)
