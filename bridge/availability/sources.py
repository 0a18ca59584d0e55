"""What Propexo says about times, kept in the database for all processes.

There is one call in flight for a property. A stale answer is still given while a new one is on its way.
Free times cost no more than a share of the calls of a minute; a paused integration is not asked.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError

from bridge.clock import Clock
from bridge.database import REACH, Database
from bridge.propexo.errors import PropexoError

log = structlog.get_logger(__name__)

ASK_AGAIN = timedelta(seconds=30)
"""So long nobody else asks the same, whatever became of it."""
WAIT = 2.5
"""Seconds until a caller that has nothing else to show goes on without an answer."""
MINUTE = timedelta(minutes=1)
READ = text("""
    SELECT fetched_at, content FROM slot_sources
    WHERE integration_id = :integration AND property_id = :property AND kind = :kind
""")
TAKE = text("""
    INSERT INTO slot_sources (integration_id, property_id, kind, asked_at, content)
    SELECT CAST(:integration AS varchar), :property, :kind, CAST(:now AS timestamptz), '[]'
    WHERE (SELECT count(*) FROM slot_sources WHERE asked_at > :minute_ago) < :most
        AND NOT EXISTS (
            SELECT FROM integrations WHERE integration_id = CAST(:integration AS varchar) AND paused_at IS NOT NULL)
    ON CONFLICT (integration_id, property_id, kind) DO UPDATE SET asked_at = excluded.asked_at
        WHERE slot_sources.asked_at IS NULL OR slot_sources.asked_at <= :free_since
    RETURNING 1
""")
"""One of all processes asks."""
STORE = text("""
    UPDATE slot_sources SET fetched_at = :now, content = :content
    WHERE integration_id = :integration AND property_id = :property AND kind = :kind
""").bindparams(bindparam("content", type_=JSONB))
FORGET = text("DELETE FROM slot_sources WHERE kind LIKE 'calendars:%' AND asked_at < :before")

Fetch = Callable[[], Sequence[Any]]


@dataclass(frozen=True)
class Known:
    """An answer of Propexo."""

    fetched_at: datetime
    content: Sequence[Any]


@dataclass(frozen=True)
class Deadline:
    """Until when a caller waits for Propexo, however many answers it needs."""

    ends_at: float
    """By the monotonic clock."""

    @classmethod
    def within(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.ends_at - time.monotonic())


@dataclass(frozen=True)
class Key:
    """What is asked."""

    integration: str
    property: str
    kind: str


class SlotSources:
    """Answers of Propexo about times; may be shared between threads.

    Args:
        most: calls in a minute, by all processes.
    """

    def __init__(self, database: Database, clock: Clock, most: int) -> None:
        self._database, self._clock, self._most = database, clock, most
        self._asking: dict[Key, Future[Known | None]] = {}
        self._guard = threading.Lock()
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="slots")

    def get(
        self, key: Key, age: timedelta, fetch: Fetch, deadline: Deadline, *, waits: bool = False
    ) -> Known | None:
        """What is known; `None`: nothing is, and Propexo could not be asked in time.

        Args:
            age: what is older is asked anew, beside those who read it.
            waits: for the new answer, also where there is an old one.
        """
        known = self._stored(key)
        if known is not None and self._clock() - known.fetched_at < age:
            return known
        asking = self._ask(key, fetch)
        if known is not None and not waits:
            return known
        try:
            return asking.result(deadline.left) or known
        except TimeoutError:
            return known

    def close(self) -> None:
        """Wait for the calls that are on their way."""
        self._threads.shutdown()

    def _ask(self, key: Key, fetch: Fetch) -> "Future[Known | None]":
        with self._guard:
            asking = self._asking.get(key)
            if asking is None:
                asking = self._asking[key] = self._threads.submit(self._fetched, key, fetch)
            return asking

    def _fetched(self, key: Key, fetch: Fetch) -> Known | None:
        try:
            with self._turn_of(key):
                if not self._may_ask(key):
                    return None
                content = list(fetch())
            now = self._clock()
            with self._database.engine.begin() as connection:
                connection.execute(STORE, {**vars(key), "now": now, "content": content})
                connection.execute(FORGET, {"before": now - timedelta(days=2)})
        except (PropexoError, OperationalError, psycopg.Error) as error:
            log.info("free times cannot be asked", kind=key.kind, error=type(error).__name__)
            return None
        else:
            return Known(now, content)
        finally:
            with self._guard:
                self._asking.pop(key, None)

    @contextmanager
    def _turn_of(self, key: Key) -> Iterator[None]:
        """Hold the one call that all processes may have in flight for a property.

        The lock ends with its connection, however that ends; it is none of the pool, which requests need meanwhile.
        """
        with psycopg.connect(self._database.url, autocommit=True, **REACH) as connection:
            connection.execute(f"SET lock_timeout = '{WAIT}s'")
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"{key.integration} {key.property}"]
            )
            yield

    def _may_ask(self, key: Key) -> bool:
        now = self._clock()
        this = {"now": now, "minute_ago": now - MINUTE, "free_since": now - ASK_AGAIN, "most": self._most}
        with self._database.engine.begin() as connection:
            return connection.execute(TAKE, {**vars(key), **this}).first() is not None

    def _stored(self, key: Key) -> Known | None:
        with self._database.autocommit.connect() as connection:
            row = connection.execute(READ, vars(key)).first()
        return None if row is None or row.fetched_at is None else Known(row.fetched_at, row.content)
