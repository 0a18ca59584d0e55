"""Counts failed verifications by source, hour and cause, for people to see who sends what cannot be believed.

Anybody can make them by the thousand, so none costs a statement of its own: a process adds them up in memory, and every
few seconds at most a request that comes anyway writes them down, after it was answered.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from bridge import metrics
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import Doubt
from bridge.models import RejectionCount

log = structlog.get_logger(__name__)

WRITE_EVERY = 5.0
"""Seconds."""

Key = tuple[datetime, str, str]
"""Hour, source, cause."""


class Refusals:
    """Those of one web process."""

    def __init__(
        self, database: Database, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._clock, self._monotonic = database, clock, monotonic
        self._guard = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._last: dict[Key, datetime] = {}
        self._write_after = float("-inf")

    def note(self, source: str, doubt: Doubt) -> None:
        """Count one of a configured source."""
        metrics.VERIFICATION_FAILURES.labels(source, doubt).inc()
        now = self._clock()
        key = (now.replace(minute=0, second=0, microsecond=0), source, str(doubt))
        with self._guard:
            self._counts[key] += 1
            self._last[key] = now

    @property
    def are_due(self) -> bool:
        """Whether something was counted and nothing was written a moment ago."""
        return bool(self._counts) and self._monotonic() >= self._write_after

    def write_if_due(self) -> None:
        """Write down what was counted, unless it was done a moment ago."""
        if self.are_due:
            self.write()

    def write(self) -> None:
        """Write down what was counted. What the database does not take is kept for the next time."""
        with self._guard:
            self._write_after = self._monotonic() + WRITE_EVERY
            counts, self._counts = self._counts, Counter()
            last, self._last = self._last, {}
        if not counts:
            return
        try:
            self._add(counts, last)
        except SQLAlchemyError as error:
            log.warning("refusals could not be written", error=type(error).__name__)
            with self._guard:
                self._counts.update(counts)
                self._last = last | self._last

    def _add(self, counts: Counter[Key], last: dict[Key, datetime]) -> None:
        # In one order everywhere: two processes cannot wait for each other crosswise.
        rows = [
            {"hour": key[0], "source": key[1], "cause": key[2], "count": counts[key], "last_at": last[key]}
            for key in sorted(counts)
        ]
        added = insert(RejectionCount).values(rows)
        more = {"count": RejectionCount.count + added.excluded.count, "last_at": added.excluded.last_at}
        with self._database.session() as session:
            session.execute(
                added.on_conflict_do_update(
                    index_elements=[RejectionCount.hour, RejectionCount.source, RejectionCount.cause],
                    set_=more,
                )
            )
