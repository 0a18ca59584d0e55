"""From the version before to this one: no open event is lost or overtaken on the way."""

import pytest
from revisions import A_BOOKING, ENDED, Previous, ask, make_at, run
from sqlalchemy.exc import IntegrityError

from bridge.database import head, tables
from bridge.errors import SchemaOutdatedError, WorkersRunningError

MINUTES = 7
"""How far the moments of waiting events are away."""


@pytest.fixture
def previous(own_database):
    return Previous(own_database)


class TestUpgrade:
    def test_who_waits_keeps_its_moment(self, previous):
        booking = previous.booking("TB-1")
        states = {
            ("retrying", "temporary"): {},
            ("retrying", "internal_error"): {},
            ("waiting", "budget"): {},
            ("waiting", "needs_details"): {},
            ("waiting", "unknown_contact"): {},
            ("waiting", "unknown_booking"): {"booking": booking},
            ("waiting", "requested"): {"booking": booking},
            ("waiting", "integration_paused"): {"integration": "here", "awaits": "TB-1"},
            ("waiting", "lead_id"): {"awaits": "LD-1"},
            ("waiting", "appointment_id"): {"awaits": "TB-1"},
            ("waiting", "outcome_unknown"): {"awaits": "TB-1"},
            ("submitted", "confirmation"): {"awaits": "TB-1"},
        }
        events = {
            state: previous.event(*state, lock=state[1], minutes=MINUTES, **columns)
            for state, columns in states.items()
        }
        moments = {event: previous.of_event(event, "next_attempt_at") for event in events.values()}
        previous.database.migrate()
        awaits = {}
        for state, event in events.items():
            status, reason, code, at = previous.of_event(event, "status, reason, awaits, next_attempt_at")
            assert ((status, reason), at) == (state, moments[event])
            assert previous.lane(reason) == (False, MINUTES)
            awaits[reason] = code
        assert {reason: code for reason, code in awaits.items() if code} == {
            "unknown_booking": "TB-1",
            "requested": "TB-1",
            "integration_paused": "integration:here",
            "lead_id": "LD-1",
            "appointment_id": "TB-1",
            "outcome_unknown": "TB-1",
            "confirmation": "TB-1",
        }

    def test_what_nobody_has_read_is_ready(self, previous):
        event = previous.event()
        previous.database.migrate()
        assert previous.lane() == (True, 0)
        assert previous.of_event(event, "rank IS NULL AND next_attempt_at IS NULL")

    def test_who_waits_for_an_earlier_event_looks_for_it_anew(self, previous):
        event = previous.event("waiting", "earlier_event", minutes=MINUTES, awaits="TB-1")
        previous.database.migrate()
        assert previous.lane() == (True, 0)
        assert previous.of_event(event, "awaits IS NULL AND next_attempt_at <= now()")

    def test_what_has_ended_has_no_lane(self, previous):
        events = {status: previous.event(status) for status in ENDED}
        previous.database.migrate()
        assert ask(previous.database, "SELECT count(*) FROM lanes") == 0
        assert {status: previous.of_event(event, "status, seq") for status, event in events.items()} == {
            status: (status, None) for status in ENDED
        }

    def test_a_lane_is_due_with_its_soonest_event(self, previous):
        previous.event("waiting", "lead_id", minutes=9)
        previous.event("waiting", "confirmation", minutes=3)
        previous.event("waiting", "budget", "b", minutes=5)
        previous.database.migrate()
        assert (previous.lane("a"), previous.lane("b")) == ((False, 3), (False, 5))

    def test_the_order_stays_that_of_the_queue(self, previous):
        first, second = previous.job(), previous.job()
        late, early = previous.event(job=second), previous.event(job=first)
        run(
            previous.database,
            "UPDATE events SET queue_id = NULL WHERE id = :id",
            id=(other := previous.event()),
        )
        previous.database.migrate()
        assert [previous.of_event(one, "seq") for one in (early, late, other)] == [first, second, other]
        assert ask(previous.database, "SELECT nextval('event_seq')") > max(first, second, other)

    def test_jobs_of_events_are_cancelled_and_others_go_on(self, previous):
        dead = previous.worker(seconds=31)
        jobs = [
            previous.job(),
            previous.job("b", status="doing", worker=dead),
            previous.job("c", status="succeeded"),
            previous.job("d", task="check_alerts"),
        ]
        previous.database.migrate()
        status = "SELECT status FROM procrastinate_jobs WHERE id = :id"
        assert [ask(previous.database, status, id=job) for job in jobs] == [
            "cancelled", "cancelled", "succeeded", "todo",
        ]  # fmt: skip

    def test_news_that_nobody_has_read_yet_is_passed_on(self, previous):
        event = previous.event("waiting", "lead_id", minutes=MINUTES, awaits="LD-1")
        previous.event("waiting", "lead_id", "b", minutes=MINUTES, awaits="LD-2")
        previous.job(None, task="look_now", args='{"codes": ["LD-1", "TB-7"]}')
        previous.database.migrate()
        assert previous.of_event(event, "next_attempt_at <= now()")
        assert (previous.lane("a")[0], previous.lane("b")[0]) == (True, False)

    @pytest.mark.parametrize("status", ["doing", None])
    def test_a_living_worker_must_be_stopped_first(self, previous, status):
        """An idle one, too: it would queue all open events anew."""
        worker = previous.worker(seconds=20)
        if status:
            previous.job(status=status, worker=worker)
        previous.event()
        with pytest.raises(WorkersRunningError):
            previous.database.migrate()
        with pytest.raises(SchemaOutdatedError):
            previous.database.check_schema()
        assert ask(previous.database, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == 1
        run(
            previous.database,
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'",
        )
        assert previous.database.migrate() == [f"tables: 0004 -> {head()}"]
        previous.database.check_schema()

    def test_an_index_of_a_migration_that_was_broken_off_is_built_anew(self, previous):
        run(previous.database, "ALTER TABLE events ADD seq bigint")
        run(
            previous.database, "CREATE INDEX ix_events_lane_open ON events (lock, seq) WHERE ended_at IS NULL"
        )
        invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_events_lane_open'::regclass"
        run(previous.database, invalid)
        previous.database.migrate()
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_events_lane_open'::regclass"
        assert ask(previous.database, valid)


class TestWrites:
    """Writes on record whose end is not known."""

    def test_one_that_may_still_be_sent_is_looked_for_later(self, previous):
        attempt = previous.attempt(event := previous.event(), "sending")
        previous.booking("TB-1", attempt)
        other = previous.attempt(event, "sending")  # nobody's by now
        previous.database.migrate()
        assert (previous.of_attempt(attempt), previous.of_attempt(other)) == ((0, None, 2), (0, None, None))

    def test_its_looks_are_counted_on(self, previous):
        for number, outcome in enumerate(("unknown", "transient", "conflict")):
            code = f"TB-{number}"
            event = previous.event("waiting", "outcome_unknown", minutes=MINUTES, awaits=code, looks=3)
            previous.booking(code, previous.attempt(event, outcome))
        failed = previous.attempt(event, "transient")
        previous.database.migrate()
        assert [previous.of_attempt(number) for number in range(1, failed)] == [(3, MINUTES, None)] * 3
        assert previous.of_attempt(failed) == (0, None, None)

    def test_another_event_of_the_booking_may_look_for_it(self, previous):
        attempt = previous.attempt(previous.event("parked", "ambiguous"), "sending")
        previous.booking("TB-1", attempt)
        previous.event("waiting", "outcome_unknown", minutes=MINUTES, awaits="TB-1", looks=2)
        previous.database.migrate()
        assert previous.of_attempt(attempt) == (2, None, 2)

    def test_one_that_waits_for_its_confirmation_stays_as_it_is(self, previous):
        event = previous.event("submitted", "confirmation", minutes=MINUTES, awaits="TB-1", looks=2)
        attempt = previous.attempt(event, "submitted")
        previous.booking("TB-1", attempt)
        previous.database.migrate()
        assert previous.of_attempt(attempt) == (0, None, None)
        assert previous.of_event(event, "looks") == 2


class TestTourKey:
    @pytest.fixture
    def before(self, own_database):
        make_at(own_database, "0008")
        return own_database

    def test_bookings_have_no_key_until_a_write_takes_one(self, before):
        for code in ("TB-1", "TB-2"):
            ask(before, A_BOOKING, code=code, attempt=None)
        assert before.migrate() == [f"tables: 0008 -> {head()}"]
        assert ask(before, "SELECT count(*), count(tour_key) FROM bookings") == (2, 0)

    def test_the_version_before_goes_on_beside_it(self, before):
        before.migrate()
        with before.engine.connect() as connection:
            found = tables(connection)
        assert found.suit("0008")
        assert ask(before, A_BOOKING, code="TB-1", attempt=None) == 1

    def test_no_two_bookings_have_the_same_key(self, before):
        before.migrate()
        for code in ("TB-1", "TB-2"):
            ask(before, A_BOOKING, code=code, attempt=None)
        take = "UPDATE bookings SET tour_key = 'oakwood|clead|2026-12-03T16:30:00+00:00' WHERE code = :code"
        run(before, take, code="TB-1")
        with pytest.raises(IntegrityError):
            run(before, take, code="TB-2")
        assert ask(before, "SELECT count(tour_key) FROM bookings") == 1
