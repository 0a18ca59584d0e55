"""Group commit: the requests of one process that arrive while a commit runs share the next one."""

import threading
from collections import deque
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection
from sqlalchemy.event import listen
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError, SQLAlchemyError, StatementError

from bridge import metrics
from bridge.database import Database
from bridge.inbound.inbox import Delivery, Stored, in_batches, store_batches
from bridge.inbound.incoming import LARGEST_BATCH, LARGEST_STORED

log = structlog.get_logger(__name__)

ROW_ERROR_CLASSES = ("22", "23", "40", "54")
"""Classes of PostgreSQL's errors that speak of what is stored and not of the server: data, integrity, a conflict of
transactions, a limit that a value exceeds."""


class _PendingCommit:
    """A request that waits for its commit."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._sleep = (
            threading.Lock()
        )  # a plain lock costs a tenth of an Event, which every request would make
        self._sleep.acquire()
        self.stored: list[Stored] | None = None
        self.error: BaseException | None = None

    def wait(self) -> None:
        """Return when there is a result, or when it is this request's turn to commit."""
        self._sleep.acquire()

    def wake(self) -> None:
        """Let `wait` return, once."""
        self._sleep.release()

    @property
    def answered(self) -> bool:
        return self.stored is not None or self.error is not None

    def result(self) -> list[Stored]:
        if self.error is not None:
            raise self.error
        assert self.stored is not None  # one of the two is there
        return self.stored


class Committer:
    """Stores deliveries, several in one transaction when several are there.

    There is no thread of its own that could die, outlive a shutdown or be lost in a fork: the first request that
    finds no commit running commits for all that have arrived, and hands over to the first that came meanwhile.
    A request that is alone commits at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._line: deque[_PendingCommit] = deque()
        self._running = False
        self._connection: Connection | None = None
        listen(database.engine, "engine_disposed", lambda _: self._drop_connection())

    def store(self, delivery: Delivery) -> list[Stored]:
        """Returns when the events and their jobs are on disk.

        Raises:
            SQLAlchemyError: they are not stored, and not a part of them.
        """
        waiting = _PendingCommit(delivery)
        with self._guard:
            self._line.append(waiting)
            leads, self._running = not self._running, True
        if not leads:
            waiting.wait()
        if not waiting.answered:
            self._commit_for_all()
        return waiting.result()

    def _commit_for_all(self) -> None:
        """Commit what has arrived, this request's delivery included, and let another one go on."""
        batch = self._next_batch()
        try:
            self._commit(batch)
        except (
            BaseException
        ) as error:  # such as SystemExit: no request may wait for a commit that never comes
            for waiting in batch:
                if not waiting.answered:
                    waiting.error = error
            raise
        finally:
            with self._guard:
                next_leader = self._line[0] if self._line else None
                self._running = next_leader is not None
            if next_leader:
                next_leader.wake()
            for waiting in batch:
                waiting.wake()

    def _next_batch(self) -> list[_PendingCommit]:
        """The head of the line, as far as one transaction can take it."""
        batch: list[_PendingCommit] = []
        events = size = 0
        with self._guard:
            while self._line:
                delivery = self._line[0].delivery
                events, size = events + len(delivery.arrivals), size + delivery.size
                if batch and (events > LARGEST_BATCH or size > LARGEST_STORED):
                    break
                batch.append(self._line.popleft())
        return batch

    def _commit(self, batch: Sequence[_PendingCommit]) -> None:
        """Give each of a batch its result. What fails because of one delivery does not cost the others theirs."""
        metrics.COMMIT.observe(len(batch))
        try:
            results = self._store([waiting.delivery for waiting in batch])
        except Exception as error:  # noqa: BLE001 - each request raises it itself
            if len(batch) > 1 and _is_row_error(error):
                log.warning(
                    "a commit is repeated one by one", deliveries=len(batch), error=type(error).__name__
                )
                for waiting in batch:
                    self._commit([waiting])
                return
            for waiting in batch:
                waiting.error = error
            return
        for waiting, stored in zip(batch, results, strict=True):
            waiting.stored = stored

    def _store(self, deliveries: Sequence[Delivery]) -> list[list[Stored]]:
        """One statement where that is all, else a transaction.

        When the connection turns out to be lost, all is done again over a new one. That is safe even if it was lost
        after the commit: a delivery that is stored already is a duplicate of itself.
        """
        batches = in_batches(deliveries)
        if len(batches) > 1:
            with self._database.engine.begin() as connection:
                return _by_delivery(deliveries, store_batches(connection, batches))
        held = self._connection is not None
        try:
            return _by_delivery(deliveries, store_batches(self._held_connection(), batches))
        except BaseException as error:
            self._drop_connection()
            if not (held and isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
        return self._store(deliveries)

    def _held_connection(self) -> Connection:
        """A connection that stays here: to ask the pool would cost as many round trips as the statement does."""
        if self._connection is None:
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()  # not back to the pool, which may be the one that is being closed
            connection.close()


def _by_delivery(deliveries: Sequence[Delivery], stored: Sequence[Stored]) -> list[list[Stored]]:
    results = iter(stored)
    return [[next(results) for _ in delivery.arrivals] for delivery in deliveries]


def _is_row_error(error: Exception) -> bool:
    """Whether the others of a batch could be stored without the one that made it fail."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        # Without a state the client gave up before the server: over a value, or because it is away.
        return (
            state.startswith(ROW_ERROR_CLASSES) if state else isinstance(error, (DataError, ProgrammingError))
        )
    return isinstance(error, StatementError) or not isinstance(error, SQLAlchemyError)
