"""Group commit: deliveries in one commit are stored as if they came one by one, and an error affects only its own."""

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from bridge.clock import utc_now
from bridge.database import Database
from bridge.inbound import committer as committer_module
from bridge.inbound.committer import Committer
from bridge.inbound.inbox import Delivery, DuplicatePolicy, IncomingEvent, RequestMetadata, Stored
from bridge.mapping.translation import Envelope
from bridge.models import Event


def delivery(
    delivery_id: str | None = None,
    *,
    email: str | None = None,
    reference: str | None = None,
    policy: DuplicatePolicy = DuplicatePolicy.SAME_BODY,
    source: str = "widget",
    body: bytes = b"{}",
    **more: Any,
) -> Delivery:
    envelope = Envelope(delivery_id=delivery_id, email=email, reference=reference)
    return Delivery(
        source, RequestMetadata({}, {}), [IncomingEvent(body, None, envelope, **more)], utc_now(), policy
    )


class Hall:
    """A committer, and requests that arrive while another one holds it up."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.committer = Committer(database)

    @contextlib.contextmanager
    def held_up(self, table: str = "events") -> Iterator[None]:
        """A first request waits for a locked table, and whoever comes meanwhile waits in line."""
        with psycopg.connect(self.database.url) as other, ThreadPoolExecutor(1) as pool:
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            first = pool.submit(self.committer.store, delivery("the first"))
            self.await_line(busy=True)
            yield
            other.rollback()
            assert first.result()[0].duplicate is False

    def await_line(self, length: int = 0, *, busy: bool = False) -> None:
        """Until so many wait in line."""
        while len(self.committer._line) < length or (busy and not self.committer._running):
            threading.Event().wait(0.001)

    def store_together(self, deliveries: Sequence[Delivery]) -> list[Future[list[Stored]]]:
        """Deliveries in this order, in one commit."""
        with ThreadPoolExecutor(len(deliveries)) as pool:
            with self.held_up():
                answers = []
                for number, delivery in enumerate(deliveries, start=1):
                    answers.append(pool.submit(self.committer.store, delivery))
                    self.await_line(number)
            return answers

    def rows(self, query: str) -> list[Any]:
        with self.database.session() as session:
            return list(session.execute(text(query)))

    def commits_of(self, *names: str) -> int:
        """In how many transactions these deliveries were stored."""
        rows = self.rows("SELECT delivery_id, xmin::text AS tx FROM events")
        return len({row.tx for row in rows if row.delivery_id in names})


@pytest.fixture
def hall(database: Database) -> Hall:
    return Hall(database)


def reported(answers: Sequence[Future[list[Stored]]]) -> list[tuple[int, bool]]:
    return [(answer.result()[0].id, answer.result()[0].duplicate) for answer in answers]


def test_a_request_that_is_alone_is_stored_at_once_in_its_own_thread(hall: Hall) -> None:
    before = threading.active_count()
    (stored,) = hall.committer.store(delivery("a"))
    assert (stored.duplicate, threading.active_count()) == (False, before)
    assert hall.rows("SELECT id FROM events JOIN lanes ON lane = lock WHERE ready") == [(stored.id,)]


def test_who_comes_during_a_commit_shares_the_next_one(hall: Hall) -> None:
    names = [f"d{number}" for number in range(20)]
    answers = hall.store_together([delivery(name, email=f"{name}@example.com") for name in names])
    ids = [id_ for id_, _ in reported(answers)]
    rows = hall.rows(
        "SELECT id, delivery_id, seq FROM events JOIN lanes ON lane = lock WHERE ready ORDER BY id"
    )
    assert hall.commits_of(*names) == 1
    assert [row.delivery_id for row in rows] == ["the first", *names]
    assert [row.id for row in rows][1:] == ids
    assert [row.seq for row in rows] == sorted(row.seq for row in rows)


def test_one_delivery_many_times_in_a_commit_is_one_event(hall: Hall) -> None:
    hall.committer.store(delivery("known"))
    answers = reported(
        hall.store_together([delivery(name) for name in ("a", "known", "a", "b", "a", "known")])
    )
    assert [duplicate for _, duplicate in answers] == [False, True, True, False, True, True]
    assert len({id_ for id_, _ in answers}) == 3
    assert hall.rows("SELECT count(DISTINCT lock) FROM events") == hall.rows("SELECT count(*) FROM lanes")


def test_one_name_of_two_sources_is_two_events(hall: Hall) -> None:
    answers = reported(hall.store_together([delivery("a"), delivery("a", source="other")]))
    assert [duplicate for _, duplicate in answers] == [False, False]


def test_what_cannot_be_decoded_is_stored_without_a_lane(hall: Hall) -> None:
    hall.store_together([delivery("a", parked="No."), delivery("b"), delivery("c", parked="No.")])
    rows = hall.rows(
        "SELECT delivery_id, status, lane IS NULL AS idle FROM events LEFT JOIN lanes ON lane = lock ORDER BY id"
    )
    assert rows[1:] == [("a", "parked", True), ("b", "received", False), ("c", "parked", True)]


def test_an_event_takes_the_lock_of_a_booking_that_came_in_the_same_commit(hall: Hall) -> None:
    answers = hall.store_together(
        [
            delivery("a", email="maya@example.com", reference="B-1"),
            delivery("b", reference="B-1"),
            delivery("c", reference="B-1", source="other"),
            delivery("d", reference="B-2"),
            delivery("e", reference="B-2"),
        ]
    )
    assert len(reported(answers)) == 5
    locks = [row.lock for row in hall.rows("SELECT lock FROM events ORDER BY id")][1:]
    assert locks[0] == locks[1]
    assert locks[2:] == ["booking:other:B-1", "booking:widget:B-2", "booking:widget:B-2"]


def test_equal_content_after_another_is_news_within_a_commit_too(hall: Hall) -> None:
    def say(body: bytes) -> Delivery:
        return delivery(reference="B-1", policy=DuplicatePolicy.SAME_BODY_UNLESS_INTERLEAVED, body=body)

    cancelled, booked = say(b'"cancelled"'), say(b'"booked"')
    answers = reported(hall.store_together([cancelled, cancelled, booked, cancelled, booked, booked]))
    assert [duplicate for _, duplicate in answers] == [False, True, False, False, False, True]


def test_one_bad_row_does_not_cost_the_others_theirs(hall: Hall) -> None:
    good, bad = delivery("a"), delivery("b")
    nothing = replace(bad, arrivals=[replace(bad.arrivals[0], body=None)])  # type: ignore[arg-type]
    too_long = replace(bad, source="x" + os.urandom(8000).hex())
    unstorable = replace(bad, source="a\x00b")
    answers = hall.store_together([good, nothing, too_long, unstorable, delivery("c")])
    assert [answer.exception() is None for answer in answers] == [True, False, False, False, True]
    assert [row.delivery_id for row in hall.rows("SELECT delivery_id FROM events ORDER BY id")] == [
        "the first",
        "a",
        "c",
    ]


def test_a_batch_of_one_request_is_stored_whole_or_not_at_all(hall: Hall) -> None:
    one = delivery("a", reference="B-1")
    envelope = Envelope(delivery_id="b", reference="B-1")
    broken = replace(one.arrivals[0], body=None, content=b"2", envelope=envelope)  # type: ignore[arg-type]
    with pytest.raises(DBAPIError):
        hall.committer.store(replace(one, arrivals=[*one.arrivals, broken]))
    assert hall.rows("SELECT id FROM events") == hall.rows("SELECT lane FROM lanes") == []


def test_a_commit_is_not_larger_than_one_request_may_be(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "LARGEST_BATCH", 2)
    names = ["a", "b", "c", "d", "e"]
    hall.store_together([delivery(name) for name in names])
    assert hall.commits_of(*names) == 3


# The database.


def test_a_database_that_goes_away_fails_all_that_wait_and_is_found_again(
    hall: Hall, database: Database
) -> None:
    impatient = Database(database.url, statement_timeout=0.2)
    hall.committer = Committer(impatient)
    hall.committer.store(delivery("before"))
    with psycopg.connect(database.url) as other, ThreadPoolExecutor(8) as pool:
        other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        answers = [pool.submit(hall.committer.store, delivery(f"d{number}")) for number in range(8)]
        errors = [answer.exception() for answer in answers]
        other.rollback()
    assert {type(error) for error in errors} == {OperationalError}
    assert hall.committer.store(delivery("after"))[0].duplicate is False
    names = [row.delivery_id for row in hall.rows("SELECT delivery_id FROM events ORDER BY id")]
    assert names == ["before", "after"]
    impatient.close()


def test_a_lost_connection_costs_nobody_an_answer(hall: Hall) -> None:
    hall.committer.store(delivery("a"))
    hall.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    assert hall.committer.store(delivery("b"))[0].duplicate is False


def test_closing_the_database_lets_its_connection_go(hall: Hall) -> None:
    hall.committer.store(delivery("a"))
    hall.database.close()
    assert hall.committer.store(delivery("a"))[0].duplicate is True
    hall.database.close()


def test_two_processes_that_store_the_same_in_opposite_order_do_not_wait_for_each_other(
    database: Database,
) -> None:
    other = Database(database.url)
    halls = [Hall(database), Hall(other)]
    arrivals = [delivery(f"d{number}").arrivals[0] for number in range(200)]
    both = [replace(delivery(), arrivals=order) for order in (arrivals, arrivals[::-1])]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(hall.committer.store, one) for hall, one in zip(halls, both, strict=True)]
    first, second = (answer.result() for answer in answers)
    assert [one.id for one in first] == [one.id for one in second[::-1]]
    assert all(one.duplicate != two.duplicate for one, two in zip(first, second[::-1], strict=True))
    assert halls[0].rows("SELECT count(*) FROM lanes") == [(200,)]
    other.close()


# Whatever happens to a thread or a process.


class Stop(BaseException):
    """As SystemExit in a thread."""


def test_who_commits_for_others_and_dies_does_not_leave_them_waiting(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([committer_module.in_batches, _die, committer_module.in_batches])

    def next_call(deliveries: Sequence[Delivery]) -> Any:
        return next(calls)(deliveries)

    monkeypatch.setattr(committer_module, "in_batches", next_call)
    answers = hall.store_together([delivery(f"d{number}") for number in range(4)])
    assert {type(answer.exception()) for answer in answers} == {Stop}
    assert hall.committer.store(delivery("after"))[0].duplicate is False


def _die(_: object) -> Any:
    raise Stop


def test_a_forked_process_stores_over_a_connection_of_its_own(hall: Hall) -> None:
    hall.database.close()
    child = os.fork()
    if child == 0:
        fine = hall.committer.store(delivery("of the child"))[0].duplicate is False
        hall.database.close()
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert hall.committer.store(delivery("of the child"))[0].duplicate is True


def test_many_requests_at_once_are_each_answered_once_and_in_the_table(hall: Hall) -> None:
    def post(number: int) -> tuple[int, int, bool]:
        (stored,) = hall.committer.store(
            delivery(f"d{number % 150}", reference=f"B-{number % 7}", body=json.dumps(number).encode())
        )
        return number % 150, stored.id, stored.duplicate

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(post, range(300)))
    with hall.database.session() as session:
        stored = {event.delivery_id: event.id for event in session.query(Event)}
    assert {(f"d{number}", id_) for number, id_, _ in answers} == set(stored.items())
    assert sum(duplicate for _, _, duplicate in answers) == 150
    assert hall.rows("SELECT count(*) FROM lanes WHERE ready") == [(7,)]
