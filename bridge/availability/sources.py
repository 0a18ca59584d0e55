"""What Propexo says about times, kept in the database for all processes.

At most one call is in flight for a property. A stale answer is still used while a new one is being fetched.
Free times use at most a share of the calls of a minute, and a paused integration is not called.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy.exc import OperationalError

from bridge.availability.storage import store_answer, stored_answer, take_call, turn
from bridge.clock import Clock
from bridge.database import Database
from bridge.propexo.errors import PropexoError

log = structlog.get_logger(__name__)

ASK_AGAIN = timedelta(seconds=30)
"""A call is not repeated sooner, whatever its outcome."""
WAIT = 2.5
"""Seconds until a caller that has nothing else to show continues without an answer."""

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
            age: older answers are refreshed in the background.
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
            with turn(self._database, key.integration, key.property, WAIT):
                if not self._may_ask(key):
                    return None
                content = list(fetch())
            now = self._clock()
            store_answer(self._database, vars(key), now, content, now - timedelta(days=2))
        except (PropexoError, OperationalError, psycopg.Error) as error:
            log.info("free times cannot be asked", kind=key.kind, error=type(error).__name__)
            return None
        else:
            return Known(now, content)
        finally:
            with self._guard:
                self._asking.pop(key, None)

    def _may_ask(self, key: Key) -> bool:
        now = self._clock()
        return take_call(self._database, vars(key), now, now - ASK_AGAIN, self._most)

    def _stored(self, key: Key) -> Known | None:
        found = stored_answer(self._database, vars(key))
        return Known(*found) if found else None
