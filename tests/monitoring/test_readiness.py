"""Whether a web process says that it is ready."""

from typing import Any

import psycopg
import pytest
from flask import Flask
from structlog.testing import capture_logs

from bridge import __version__
from bridge.app import create_app
from bridge.database import Database, head
from bridge.errors import NotReadyError
from bridge.monitoring.readiness import HOLDS_FOR, Readiness
from bridge.schema_versions import comment
from bridge.settings import parse


class Stopwatch:
    """Monotonic seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def app(database: Database) -> Flask:
    # Nothing listens where Propexo should be.
    return create_app(parse({"propexo": {"token": "t", "base_url": "http://127.0.0.1:9"}}, {}), database)


def checks(app: Flask) -> tuple[int, dict[str, Any]]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.json["checks"]


def change(database: Database, statement: str) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(statement)


def test_it_is_ready_with_its_database_and_without_propexo(app: Flask) -> None:
    assert checks(app) == (200, {"database": "ok", "schema": "ok", "queue": "ok"})


def test_it_is_not_without_the_database(app: Flask) -> None:
    app.extensions["monitoring"].readiness._database.url = "postgresql://127.0.0.1:9/nowhere"
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.json["code"] == "not_ready"
    assert answer.json["checks"]["database"] == "cannot be reached (OperationalError)"
    assert answer.json["version"] == __version__
    assert app.test_client().get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "schema"),
        ("DROP TABLE alembic_version", "schema"),
        ("DELETE FROM queue_migrations WHERE name = (SELECT max(name) FROM queue_migrations)", "queue"),
        ("DROP TABLE queue_migrations", "queue"),
    ],
)
def test_it_is_not_with_the_tables_of_another_version(
    app: Flask, database: Database, statement: str, check: str
) -> None:
    change(database, statement)
    status, found = checks(app)
    assert status == 503
    assert "bridge migrate" in found[check]
    assert [name for name, reported in found.items() if reported != "ok"] == [check]


def test_it_stays_ready_on_the_tables_of_a_later_version_that_it_works_on(
    app: Flask, database: Database
) -> None:
    change(database, "UPDATE alembic_version SET version_num = '9999'")
    change(database, comment(head()))
    assert checks(app)[0] == 200


@pytest.mark.parametrize("statement", [comment("9998"), "COMMENT ON TABLE alembic_version IS NULL"])
def test_it_is_not_on_the_tables_of_another_later_version(
    app: Flask, database: Database, statement: str
) -> None:
    change(database, "UPDATE alembic_version SET version_num = '9999'")
    change(database, statement)
    status, found = checks(app)
    assert (status, found["schema"]) == (503, "is of a later version, on which this one does not work")


def test_it_is_not_from_the_moment_that_it_is_asked_to_stop(app: Flask) -> None:
    app.extensions["monitoring"].readiness.stop()
    assert checks(app) == (503, {"process": "is shutting down"})
    assert app.test_client().get("/livez").status_code == 200


def test_many_questions_are_one_connection(database: Database) -> None:
    stopwatch = Stopwatch()
    readiness = Readiness(database, stopwatch)
    readiness.check()
    change(database, "DROP TABLE alembic_version")
    readiness.check()
    stopwatch.now += HOLDS_FOR
    with pytest.raises(NotReadyError):
        readiness.check()


def test_the_log_has_a_line_for_each_change_and_none_for_each_probe(app: Flask, database: Database) -> None:
    readiness = app.extensions["monitoring"].readiness
    readiness._monotonic = stopwatch = Stopwatch()
    with capture_logs() as lines:
        for statement in (
            "SELECT 1",
            "ALTER TABLE alembic_version RENAME TO away",
            "ALTER TABLE away RENAME TO alembic_version",
        ):
            change(database, statement)
            for _ in range(3):
                stopwatch.now += HOLDS_FOR
                app.test_client().get("/readyz")
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("not ready", "warning"),
        ("ready again", "info"),
    ]
    assert "bridge migrate" in lines[0]["schema"]
