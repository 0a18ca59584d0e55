"""Web processes of the version before go on beside this one; and the way back to that version."""

import pytest
from cli.running import CONFIG
from click.testing import CliRunner
from cryptography.fernet import Fernet
from revisions import Previous, ask, run
from sqlalchemy import select

from bridge.cli import main
from bridge.database import Database, head
from bridge.errors import SchemaOutdatedError, WorkersRunningError
from bridge.models import Attempt, Booking

TOUR_OF_BEFORE = (
    "starts_at", "duration_minutes", "appointment_type", "unit_id", "employee_id", "lead_source_id", "title", "notes",
    "reference", "property_name",
)  # fmt: skip
WAITS = "SELECT next_attempt_at > now() FROM events WHERE id = :id"


@pytest.fixture
def beside(own_database):
    """A database of this version, and web processes of the version before."""
    previous = Previous(own_database)
    own_database.migrate()
    return previous


@pytest.fixture
def returned(beside, tmp_path):
    """The command that goes back; answers what it prints."""

    def back() -> str:
        config = tmp_path / "bridge.toml"
        config.write_text(f'database_url = "{beside.database.url}"\n' + CONFIG)
        done = CliRunner().invoke(main, ["migrate", "--back", "--config", str(config)])
        return done.output

    return back


class TestBesideOldWebProcesses:
    def test_an_event_that_they_store_gets_a_lane(self, beside):
        first, second = beside.event(), beside.event()
        assert beside.lane() == (True, 0)
        assert beside.of_event(first, "seq") < beside.of_event(second, "seq")
        assert ask(beside.database, "SELECT news, rank FROM lanes") == (True, 0)

    def test_one_that_has_ended_at_once_gets_none(self, beside):
        beside.event("ignored")
        assert ask(beside.database, "SELECT count(*) FROM lanes") == 0

    def test_a_replay_comes_last_and_is_read_anew(self, beside):
        event, other = beside.event("parked"), beside.event("parked", lock="b")
        run(beside.database, "UPDATE events SET rank = 7, seq = 1")
        run(
            beside.database, "UPDATE events SET status = 'received', ended_at = NULL WHERE id = :id", id=event
        )
        beside.enqueue(event)
        assert beside.lane() == (True, 0)
        assert beside.of_event(event, "seq > 1 AND rank IS NULL")
        assert beside.of_event(other, "seq, rank") == (1, 7)

    def test_news_in_a_lane_that_is_held_is_noted(self, beside):
        beside.event()
        run(
            beside.database,
            "UPDATE lanes SET ready = false, news = false, lease = 1, due_at = now() + interval '1 h'",
        )
        beside.event()
        assert ask(beside.database, "SELECT ready, news, lease FROM lanes") == (False, True, 1)

    def test_no_worker_takes_the_jobs_that_they_queue(self, beside):
        event = beside.event()
        beside.enqueue(event)
        statuses = "SELECT string_agg(DISTINCT status::text, ' ') FROM procrastinate_jobs"
        assert ask(beside.database, statuses) == "cancelled"
        beside.job(task="check_alerts")
        assert ask(beside.database, statuses) == "cancelled todo"

    def test_their_news_wakes_who_waits_for_it(self, beside):
        attempt = beside.attempt(beside.event("parked"), "submitted")
        run(beside.database, "UPDATE attempts SET job_id = 'job_1'")
        beside.booking("TB-1", attempt)
        events = {
            name: beside.event("waiting", reason, name, minutes=5, awaits=awaits, integration=integration)
            for name, reason, awaits, integration in (
                ("lead", "lead_id", "LD-1", "here"),
                ("tour", "appointment_id", "TB-2", "here"),
                ("write", "confirmation", "TB-1", "there"),
                ("paused", "integration_paused", None, "there"),
                ("unknown", "outcome_unknown", "LD-1", "here"),
            )
        }
        run(
            beside.database,
            "UPDATE lanes SET ready = false, news = false, due_at = now() + interval '5 minutes'",
        )

        def woken_by(news: str) -> list[str]:
            beside.job(None, task="look_now", args=news)
            woken = [name for name, event in events.items() if not ask(beside.database, WAITS, id=event)]
            assert all(beside.lane(name)[0] is (name in woken) for name in events)
            return woken

        assert woken_by('{"codes": ["TB-9"]}') == []
        assert woken_by('{"codes": ["LD-1"]}') == ["lead"]
        assert woken_by('{"integration_id": "here", "models": ["events"]}') == ["lead", "tour"]
        assert woken_by('{"job_id": "job_1"}') == ["lead", "tour", "write"]
        assert woken_by('{"integration_id": "there"}') == ["lead", "tour", "write", "paused"]


class TestBack:
    def test_the_version_before_finds_its_queue(self, beside, returned):
        late, early, long = beside.event(), beside.event(), beside.event("waiting", "lead_id", minutes=5)
        ended = beside.event("written")
        run(beside.database, "UPDATE events SET seq = 1 WHERE id = :id", id=early)
        run(beside.database, "UPDATE events SET awaits = 'event:3' WHERE id = :id", id=late)
        old = beside.of_event(ended, "queue_id")
        assert returned() == f"tables: {head()} -> 0004\n"
        jobs = """
            SELECT array_agg((args ->> 'event_id')::bigint ORDER BY id), array_agg(lock ORDER BY id),
                array_agg(scheduled_at IS NULL ORDER BY id)
            FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'forward'
        """
        assert ask(beside.database, jobs) == (
            [early, late, long],
            ["a", "a", f"event:{long}"],
            [True, True, False],
        )
        current = """
            SELECT count(*) FROM events JOIN procrastinate_jobs AS job ON job.id = queue_id WHERE job.status = 'todo'
        """
        assert ask(beside.database, current) == 3
        assert beside.of_event(late, "awaits") is None
        assert beside.of_event(ended, "queue_id") == old

    def test_it_knows_the_outcomes_and_looks_of_writes(self, beside, returned):
        event = beside.event("waiting", "outcome_unknown", minutes=5, awaits="TB-1", looks=9)
        attempts = [beside.attempt(event, outcome) for outcome in ("unknown", "not_sent", "submitted")]
        run(beside.database, "UPDATE attempts SET look_count = 2 WHERE id = :id", id=attempts[0])
        beside.booking("TB-1", attempts[0])
        returned()
        assert beside.of_event(event, "looks") == 2
        outcomes = "SELECT array_agg(outcome ORDER BY id) FROM attempts"
        assert ask(beside.database, outcomes) == ["unknown", "abandoned", "submitted"]

    @pytest.mark.parametrize("keys", [[], [Fernet.generate_key().decode()]], ids=["plain", "encrypted"])
    def test_it_reads_the_tours_that_this_version_has_confirmed(self, beside, keys):
        """It fails on a field that it does not know."""
        tour = {
            **dict.fromkeys(TOUR_OF_BEFORE, "x"),
            "visitor": "Comes with Maya.",
            "lead": {"email": "a@example.com"},
        }
        attempt = beside.attempt(beside.event("waiting"), "submitted")
        ended = beside.attempt(beside.event("written"), "failed")
        for code in ("TB-1", "TB-2"):
            beside.booking(code, None)
        here = Database(beside.database.url, encryption_keys=keys)
        with here.session() as session:
            first, second = session.scalars(select(Booking).order_by(Booking.id))
            first.written, second.written = tour, None
            for number in (attempt, ended):
                session.get_one(Attempt, number).effect = {"written": tour, "property": "oakwood"}
        here.migrate_back()
        left = dict.fromkeys(TOUR_OF_BEFORE, "x")
        with here.session() as session:
            assert session.scalars(select(Booking.written).order_by(Booking.id)).all() == [left, None]
            assert session.scalar(select(Attempt.effect).where(Attempt.id == attempt)) == {
                "written": left, "property": "oakwood",
            }  # fmt: skip
        here.close()

    def test_nothing_of_this_version_remains(self, beside, returned):
        beside.event()
        returned()
        with pytest.raises(SchemaOutdatedError):
            beside.database.check_schema()
        event = beside.event()
        beside.enqueue(event)
        assert ask(beside.database, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == 3
        assert returned() == "nothing to do\n"

    def test_and_forward_again(self, beside, returned):
        event = beside.event("waiting", "confirmation", minutes=5, awaits="TB-1")
        returned()
        assert beside.database.migrate() == [f"tables: 0004 -> {head()}"]
        beside.database.check_schema()
        assert beside.lane() == (False, 5)
        assert beside.of_event(event, "seq = queue_id")
        assert ask(beside.database, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == 0

    def test_all_workers_must_have_stopped(self, beside, returned):
        beside.worker(seconds=20)
        with pytest.raises(WorkersRunningError):
            beside.database.migrate_back()
        assert returned() == "Workers are still running. Stop all processes first.\n"
        beside.database.check_schema()
