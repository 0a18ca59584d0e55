"""Databases as earlier versions left them, and what the processes of the version before do with one."""

from pathlib import Path
from typing import Any

import procrastinate
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import bridge
from bridge.database import Database, _migrate_queue

ENDED = ("written", "ignored", "parked", "dismissed")
AN_EVENT = """
    INSERT INTO events (source, delivery_id, received_at, headers, query, body, lock, status, tries, looks, replays,
        queue_id, reason, awaits, integration_id, booking_id, next_attempt_at, ended_at)
    VALUES ('widget', :name, now(), '{}', '{}', 'body', :lock, :status, 0, :looks, 0, :job, :reason, :awaits,
        :integration, :booking, now() + make_interval(mins => :minutes), CASE WHEN :ended THEN now() END)
    RETURNING id
"""
A_JOB = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status, worker_id)
    VALUES ('default', :task, :lock, CAST(:args AS jsonb), CAST(:status AS procrastinate_job_status), :worker)
    RETURNING id
"""
A_BOOKING = """
    INSERT INTO bookings (source, code, created_at, state, changed_rank, details, written_state, appointment_verified,
        version, open_attempt_id)
    VALUES ('widget', :code, now(), 'booked', 0, '{}', 'none', false, 1, :attempt) RETURNING id
"""
AN_ATTEMPT = """
    INSERT INTO attempts (event_id, kind, started_at, outcome, unlisted)
    VALUES (:event, 'create', now(), :outcome, 0) RETURNING id
"""
A_WORKER = """
    INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :seconds)) RETURNING id
"""


def empty_out(database: Database) -> None:
    """Remove all schema."""
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def make_at(database: Database, revision: str) -> None:
    """Make the tables of a revision anew, and the tables of its queue, which have not changed since."""
    empty_out(database)
    config = Config()
    config.set_main_option("script_location", str(Path(bridge.__file__).parent / "migrations"))
    with database.engine.connect() as connection:
        _migrate_queue(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def run(database: Database, statement: str, **values: Any) -> None:
    with database.session() as session:
        session.execute(text(statement), values)


def ask(database: Database, question: str, **values: Any) -> Any:
    """What a statement answers for the one row that it is about."""
    with database.session() as session:
        row = session.execute(text(question), values).one()
        return row[0] if len(row) == 1 else tuple(row)


class Previous:
    """A database of the version before, and what its processes do."""

    def __init__(self, database: Database) -> None:
        self.database = database
        make_at(database, "0004")

    def worker(self, seconds: int) -> int:
        """A worker that gave its last sign of life so long ago."""
        return ask(self.database, A_WORKER, seconds=seconds)

    def job(self, lock="a", *, task="forward", args="{}", status="todo", worker=None) -> int:
        return ask(self.database, A_JOB, task=task, lock=lock, args=args, status=status, worker=worker)

    def event(self, status="received", reason=None, lock="a", *, minutes=None, **columns) -> int:
        """An event that is queued, unless it has ended."""
        ended = status in ENDED
        names = ("awaits", "integration", "booking")
        values = {name: columns.get(name) for name in names} | {"looks": columns.get("looks", 0)}
        job = columns.get("job") or self.job(lock)
        number = ask(self.database, "SELECT count(*) FROM events")
        return ask(
            self.database, AN_EVENT, name=f"msg_{number}", lock=lock, status=status, reason=reason, job=job,
            minutes=minutes, ended=ended, **values,
        )  # fmt: skip

    def booking(self, code: str, attempt: int | None = None) -> int:
        return ask(self.database, A_BOOKING, code=code, attempt=attempt)

    def attempt(self, event: int, outcome: str) -> int:
        return ask(self.database, AN_ATTEMPT, event=event, outcome=outcome)

    def enqueue(self, event: int, lock: str = "a") -> None:
        """As its web processes do."""
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        with self.database.session() as session:
            raw = session.connection().connection.driver_connection
            job = app.configure_task("forward", lock=lock, connection=raw).defer(event_id=event)
            session.execute(
                text("UPDATE events SET queue_id = :job WHERE id = :id"), {"job": job, "id": event}
            )

    def lane(self, lock: str = "a"):
        """Whether it is ready, and in how many minutes it is due."""
        minutes = "round(extract(epoch FROM due_at - now()) / 60)"
        return ask(self.database, f"SELECT ready, {minutes} FROM lanes WHERE lane = :lock", lock=lock)

    def of_event(self, event: int, what: str):
        return ask(self.database, f"SELECT {what} FROM events WHERE id = :id", id=event)

    def of_attempt(self, attempt: int):
        """How often it was looked for, and when it is next, and until when it may be sent; in minutes."""
        minutes = ", ".join(
            f"round(extract(epoch FROM {name} - now()) / 60)" for name in ("look_at", "send_before")
        )
        return ask(self.database, f"SELECT look_count, {minutes} FROM attempts WHERE id = :id", id=attempt)
