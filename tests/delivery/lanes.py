"""The queue of a database whose clock the test moves."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text, update
from world import let_the_clock_stand

from bridge import queue
from bridge.database import Database
from bridge.inbound.insertion import insert_events
from bridge.models import Event, Lane
from bridge.queue import Claim, Release, Wakes

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Lanes:
    """A database with lanes, at a moment."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW
        let_the_clock_stand(database, NOW)
        self._sent = 0

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.run("UPDATE test_clock.moment SET now = :now", now=self.now)

    def run(self, statement: str, **values: Any) -> None:
        with self.database.session() as session:
            session.execute(text(statement), values)

    def arrive(self, *lanes: str) -> list[int]:
        """Events, as the endpoint stores them."""
        with self.arriving(*lanes) as ids:
            return ids

    @contextlib.contextmanager
    def arriving(self, *lanes: str) -> Iterator[list[int]]:
        """Events that are committed at the end."""
        rows = []
        for lane in lanes:
            self._sent += 1
            row = {"source": "widget", "delivery_id": f"msg_{self._sent}", "received_at": self.now}
            rows.append(
                {**row, "headers": {}, "query": {}, "body": b"{}", "lock": lane, "status": "received"}
            )
        with self.database.engine.begin() as connection:
            yield [id_ for id_ in insert_events(connection, rows) if id_]

    def claim(self, *, unread: bool = True, most: int = 100, lease: timedelta = queue.LEASE) -> list[Claim]:
        with self.database.autocommit.connect() as connection:
            numbers = {"unread": most, "read": 0} if unread else {"unread": 0, "read": most}
            return queue.claim(connection, **numbers, lease=lease)

    def claim_one(self) -> Claim:
        [one] = self.claim()
        return one

    def claim_suspects(self) -> list[Claim]:
        with self.database.autocommit.connect() as connection:
            return queue.claim_suspects(connection)

    def has_suspects(self) -> bool:
        with self.database.autocommit.connect() as connection:
            return queue.has_suspects(connection)

    def promote(self) -> int:
        with self.database.autocommit.connect() as connection:
            return queue.promote(connection)

    def renew(self, *claims: Claim) -> int:
        with self.database.autocommit.connect() as connection:
            return queue.renew(connection, claims)

    def give_back(self, *claims: Claim, counts: bool = False) -> None:
        with self.database.autocommit.connect() as connection:
            queue.give_back(connection, claims, counts=counts)

    def commit(
        self,
        *released: Release,
        kept: Sequence[Claim] = (),
        wakes: Sequence[Wakes] = (),
        changes: Mapping[int, dict[str, Any]] | None = None,
    ) -> None:
        """A result: what events become, by id, and their lanes."""
        with self.database.engine.connect() as connection:
            for id_, values in (changes or {}).items():
                connection.execute(update(Event).where(Event.id == id_).values(values))
            queue.commit(connection, kept, released, wakes)

    @contextlib.contextmanager
    def recording(self, event: int, **values: Any) -> Iterator[Callable[[Release], None]]:
        """A transaction that has changed an event; what it yields commits it with its lane."""
        with self.database.engine.connect() as connection:
            connection.execute(update(Event).where(Event.id == event).values(values))
            yield lambda release: queue.commit(connection, [], [release], [])

    def wait(self, claim: Claim, event: int, *, rank: int = 7, **values: Any) -> None:
        """The event's run ends with a wait of an hour, and its lane is given back."""
        until = self.now + HOUR
        waits = {"status": "waiting", "next_attempt_at": until, **values}
        self.commit(Release(claim.lane, claim.lease, until, rank, (event,)), changes={event: waits})

    def wake(self, *codes: str, **options: Any) -> int:
        with self.database.session() as session:
            return queue.wake(session, codes, **options)

    def wake_and_commit(self, *codes: str) -> int:
        with self.database.engine.connect() as connection:
            return queue.wake(connection, codes, commit=True)

    def lane(self, name: str = "a") -> Lane | None:
        with self.database.session() as session:
            return session.get(Lane, name)

    def due_at(self, event: int) -> datetime | None:
        with self.database.session() as session:
            return session.get_one(Event, event).next_attempt_at
