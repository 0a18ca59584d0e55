"""Counts failed verifications by source, hour and cause.

Anyone can cause thousands of them, so none costs a statement of its own: a process adds them up in memory, and every
few seconds at most a request stores the sums after it was answered.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge import metrics
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import AuthFailure
from bridge.monitoring.storage import add_rejections

log = structlog.get_logger(__name__)

WRITE_EVERY = 5.0
"""Seconds."""

Key = tuple[datetime, str, str]
"""Hour, source, cause."""


class FailureCounter:
    """Those of one web process."""

    def __init__(
        self, database: Database, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._clock, self._monotonic = database, clock, monotonic
        self._guard = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._last: dict[Key, datetime] = {}
        self._write_after = float("-inf")

    def note(self, source: str, failure: AuthFailure) -> None:
        """Count one of a configured source."""
        metrics.VERIFICATION_FAILURES.labels(source, failure).inc()
        now = self._clock()
        key = (now.replace(minute=0, second=0, microsecond=0), source, str(failure))
        with self._guard:
            self._counts[key] += 1
            self._last[key] = now

    @property
    def are_due(self) -> bool:
        """Whether there are new counts, and the last write is long enough ago."""
        return bool(self._counts) and self._monotonic() >= self._write_after

    def write_if_due(self) -> None:
        """Store the counts, unless that was done a moment ago."""
        if self.are_due:
            self.write()

    def write(self) -> None:
        """Store the counts. If the database is away, they are kept for the next time."""
        with self._guard:
            self._write_after = self._monotonic() + WRITE_EVERY
            counts, self._counts = self._counts, Counter()
            last, self._last = self._last, {}
        if not counts:
            return
        try:
            self._add(counts, last)
        except SQLAlchemyError as error:
            log.warning("verification failures could not be written", error=type(error).__name__)
            with self._guard:
                self._counts.update(counts)
                self._last = last | self._last

    def _add(self, counts: Counter[Key], last: dict[Key, datetime]) -> None:
        # Sorted, so that two processes cannot deadlock.
        rows = [
            {"hour": key[0], "source": key[1], "cause": key[2], "count": counts[key], "last_at": last[key]}
            for key in sorted(counts)
        ]
        with self._database.session() as session:
            add_rejections(session, rows)
