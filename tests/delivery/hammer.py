"""The processes of the hammer: `python hammer.py <database> <claims>`; it prints their figures as JSON.

Each holder claims so many lanes, under short leases, and records what became of their events; disturbers do what else
happens to events and lanes. All are forks of one process, which has imported everything and opened nothing.
"""

import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from bridge import queue
from bridge.clock import utc_now
from bridge.database import Database
from bridge.delivery.rules.entities import EventRow
from bridge.delivery.rules.priority import lane_rank, next_due, next_of
from bridge.inbound.insertion import insert_events
from bridge.models import Event, Lane, Status
from bridge.queue import Claim, Release, Wakes

HOLDERS, DISTURBERS = 4, 2
LANES, CODES = 120, 60
LEASE = timedelta(seconds=0.25)
TOO_LONG = 0.4
"""Seconds that some holders work: longer than a lease."""
LONG_WAIT = timedelta(hours=1)
STARTED = utc_now()

FORKS = multiprocessing.get_context("fork")
TOGETHER = FORKS.Barrier(HOLDERS + DISTURBERS)
HOLDING = FORKS.Value("i", HOLDERS)
"""Holders that have not claimed enough yet."""

_OPEN = """
    SELECT id, lock, seq, next_attempt_at, reason, rank FROM events
    WHERE lock = ANY(%s) AND ended_at IS NULL ORDER BY seq
"""
_RECORD = """
    UPDATE events SET status = %s, reason = %s, awaits = %s, next_attempt_at = %s, ended_at = %s, rank = %s
    WHERE id = %s
"""
_HELD = select(Lane.lane).where(Lane.lease.is_not(None)).order_by(func.random()).limit(3)

Held = tuple[Claim, float, float]
"""A claim, and from when until when its lane is surely held, in seconds of the machine's clock."""


@dataclass(frozen=True)
class Outcome:
    """What became of an event, or only of its lane."""

    release: Release
    event: EventRow | None = None
    wakes: Wakes | None = None


class Process:
    def __init__(self, database: Database, number: int) -> None:
        self.database, self.number = database, number
        self.chance = random.Random(f"{type(self).__name__} {number}")
        self.counts: Counter[str] = Counter()
        self.spans: list[tuple[str, float, float]] = []
        """Lanes, and from when until when they were surely held."""

    def until_no_deadlock(self, transaction: Callable[[], None]) -> None:
        while True:
            try:
                return transaction()
            except (psycopg.Error, DBAPIError) as error:
                original = error.orig if isinstance(error, DBAPIError) else error
                if not isinstance(original, psycopg.errors.DeadlockDetected):
                    raise
                self.counts["deadlocks"] += 1


class Holder(Process):
    def run_once(self) -> None:
        with self.database.autocommit.connect() as connection:
            queue.promote(connection)
            held = self.claim(lambda: queue.claim(connection, unread=10, read=20, lease=LEASE))
            held = held or self.claim(lambda: queue.claim_suspects(connection, lease=LEASE))
            lanes = _load(connection, [claim.lane for claim, _, _ in held])
            time.sleep(TOO_LONG if self.chance.random() < 0.05 else self.chance.random() * 0.004)
            if held and self.chance.random() < 0.2:
                held = self.renew(connection, held)
        if held and self.chance.random() < 0.02:
            return  # as if it had died
        outcomes = [self.outcome(claim, lanes[claim.lane]) for claim, _, _ in held]
        if kept := [claim for claim, _, _ in held if self.chance.random() < 0.2]:
            self.until_no_deadlock(lambda: self.keep(kept))
        recorded_at = time.monotonic()
        self.spans += [(one.lane, since, min(until, recorded_at)) for one, since, until in held]
        self.record(outcomes)

    def claim(self, take: Callable[[], list[Claim]]) -> list[Held]:
        asked_at = time.monotonic()
        claims = take()
        self.counts["claims"] += len(claims)
        return [(claim, time.monotonic(), asked_at + LEASE.total_seconds()) for claim in claims]

    def renew(self, connection: Connection, held: list[Held]) -> list[Held]:
        asked_at = time.monotonic()
        kept = queue.renew(connection, [claim for claim, _, _ in held], lease=LEASE)
        self.counts["renewed"] += kept
        if kept < len(held):
            return held
        return [(claim, since, asked_at + LEASE.total_seconds()) for claim, since, _ in held]

    def keep(self, claims: list[Claim]) -> None:
        """As if writes were put on record."""
        try:
            with self.database.engine.connect() as connection:
                queue.commit(connection, claims, [], [])
        except psycopg.errors.DivisionByZero:
            self.counts["not kept"] += 1

    def outcome(self, claim: Claim, lane: list[EventRow]) -> Outcome:
        event = next_of(lane, claim.now)
        if event is None:
            return Outcome(_release(claim, lane))
        chance, code = self.chance.random(), f"code:{self.chance.randrange(CODES)}"
        wakes = Wakes(event.id, frozenset({code}))
        if chance < 0.5:
            rest = [one for one in lane if one is not event]
            ended = replace(event, status=Status.WRITTEN, due_at=None, ended_at=claim.now)
            return Outcome(_release(claim, rest), ended, wakes)
        if chance < 0.7:
            reason, wait = "earlier_event", LONG_WAIT  # until it is woken
        elif chance < 0.9:
            reason, wait = "confirmation", timedelta(seconds=self.chance.random() * 0.6)
        else:
            reason, wait = "temporary", timedelta(0)
        due_at, rank = claim.now + wait, self.chance.randrange(1, 1000)
        later = replace(
            event, status=Status.WAITING, reason=reason, due_at=due_at, rank=rank, waiting_on=code
        )
        lane = [later if one is event else one for one in lane]
        return Outcome(_release(claim, lane, event.id), later, wakes)

    def record(self, outcomes: list[Outcome]) -> None:
        """All at once, else each alone, as it is done with results."""
        if not outcomes:
            return
        try:
            self.until_no_deadlock(lambda: self.record_together(outcomes))
        except psycopg.errors.DivisionByZero:
            if len(outcomes) == 1:
                self.counts["refused"] += 1
                return
            for outcome in outcomes:
                self.record([outcome])

    def record_together(self, outcomes: list[Outcome]) -> None:
        events = sorted((outcome.event for outcome in outcomes if outcome.event), key=lambda event: event.id)
        rows = [
            (event.status, event.reason, event.waiting_on, event.due_at, event.ended_at, event.rank, event.id)
            for event in events
        ]
        with self.database.engine.connect() as connection:
            if rows:
                connection.exec_driver_sql(_RECORD, rows)
            wakes = [outcome.wakes for outcome in outcomes if outcome.wakes]
            queue.commit(connection, [], [outcome.release for outcome in outcomes], wakes)
        self.counts["recorded"] += len(outcomes)


class Disturber(Process):
    def run_once(self) -> None:
        for what in (self.send_late, self.replay, self.wake):
            self.until_no_deadlock(what)

    def send_late(self) -> None:
        """Events of lanes that are held, and of any; their commit comes a moment after their insertion."""
        with self.database.engine.begin() as connection:
            lanes = [*connection.scalars(_HELD), f"lane:{self.chance.randrange(LANES)}"]
            names = [f"{self.number}-{self.counts['sent'] + number}" for number in range(len(lanes))]
            insert_events(connection, list(map(a_row, names, lanes)))
            time.sleep(self.chance.random() * 0.004)
        self.counts["sent"] += len(lanes)

    def replay(self) -> None:
        ended = select(Event).where(Event.ended_at.is_not(None)).order_by(func.random()).limit(6)
        with self.database.session() as session:
            events = session.scalars(ended.with_for_update(skip_locked=True)).all()
            for event in events:
                event.status, event.reason, event.awaits, event.rank = Status.RECEIVED, None, None, None
                event.ended_at = event.next_attempt_at = None
                event.seq = session.scalar(select(func.nextval("event_seq")))
            queue.enqueue(session, [event.id for event in events])
            time.sleep(self.chance.random() * 0.004)
        self.counts["replayed"] += len(events)

    def wake(self) -> None:
        codes = [f"code:{self.chance.randrange(CODES)}" for _ in range(5)]
        delay = timedelta(seconds=self.chance.choice((0, 0, 0.05)))
        with self.database.engine.connect() as connection:
            woken = queue.wake(connection, codes, delay=delay, soon=self.chance.random() < 0.5, commit=True)
        self.counts["woken"] += woken


def _load(connection: Connection, names: list[str]) -> dict[str, list[EventRow]]:
    lanes: dict[str, list[EventRow]] = {name: [] for name in names}
    for id_, lane, seq, due_at, reason, rank in connection.exec_driver_sql(_OPEN, (names,)):
        row = EventRow(id_, "hammer", "", STARTED, lane, seq, due_at=due_at, reason=reason, rank=rank)
        lanes[lane].append(row)
    return lanes


def _release(claim: Claim, lane: list[EventRow], *waiting: int) -> Release:
    return Release(claim.lane, claim.lease, next_due(lane, claim.now), lane_rank(lane), waiting)


def a_row(delivery_id: str, lane: str) -> dict[str, Any]:
    """An event as the endpoint stores it."""
    return {
        "source": "hammer",
        "delivery_id": delivery_id,
        "received_at": STARTED,
        "headers": {},
        "query": {},
        "body": b"{}",
        "lock": lane,
        "status": Status.RECEIVED,
    }


def run(role: type[Process], url: str, number: int, claims: int) -> tuple[Counter[str], list[Any]]:
    """One process: a holder until it has claimed so many lanes, a disturber for as long as there is a holder."""
    one = role(Database(url), number)
    one.run_once()  # statements that are compiled and prepared once
    TOGETHER.wait(60)
    while HOLDING.value if role is Disturber else one.counts["claims"] < claims:
        one.run_once()
    if role is Holder:
        with HOLDING.get_lock():
            HOLDING.value -= 1
    return one.counts, one.spans


def main() -> None:
    url, claims = sys.argv[1], int(sys.argv[2])
    with ProcessPoolExecutor(HOLDERS + DISTURBERS, FORKS) as pool:
        running = [pool.submit(run, Holder, url, number, claims) for number in range(HOLDERS)]
        running += [pool.submit(run, Disturber, url, number, claims) for number in range(DISTURBERS)]
        figures = [one.result() for one in running]
    counts = sum((counts for counts, _ in figures), Counter())
    json.dump({"counts": counts, "spans": [span for _, spans in figures for span in spans]}, sys.stdout)


if __name__ == "__main__":
    main()
