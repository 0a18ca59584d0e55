"""Failed verifications, counted by source, hour and cause without a statement for each."""

from typing import Any

import pytest
from sqlalchemy import event, select
from world import World

from bridge.app import create_app
from bridge.database import Database
from bridge.errors import AuthFailure
from bridge.models import RejectionCount
from bridge.monitoring.verification_failures import WRITE_EVERY, FailureCounter
from bridge.settings import parse

SITE = "https://www.oakwood.example"


class Stopwatch:
    """Monotonic seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def refusals(database: Database, clock: Any, stopwatch: Stopwatch) -> FailureCounter:
    return FailureCounter(database, clock, stopwatch)


def stored(database: Database) -> dict[tuple[str, str], int]:
    with database.session() as session:
        return {(row.source, row.cause): row.count for row in session.scalars(select(RejectionCount))}


def statements(database: Database) -> list[str]:
    """What is sent to the database from now on."""
    seen: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cu, statement, *_: seen.append(statement)
    )
    return seen


def test_the_first_is_written_at_once_and_a_flood_with_one_statement(
    refusals: FailureCounter, database: Database, stopwatch: Stopwatch
) -> None:
    refusals.note("widget", AuthFailure.MISMATCH)
    refusals.write_if_due()
    assert stored(database) == {("widget", "mismatch"): 1}
    seen = statements(database)
    for _ in range(1000):
        refusals.note("widget", AuthFailure.MISMATCH)
        refusals.note("widget", AuthFailure.MISSING)
        refusals.write_if_due()
    assert seen == []
    stopwatch.now += WRITE_EVERY
    refusals.write_if_due()
    assert len(seen) == 1
    assert stored(database) == {("widget", "mismatch"): 1001, ("widget", "missing"): 1000}


def test_two_processes_add_up(refusals: FailureCounter, database: Database, clock: Any) -> None:
    second = FailureCounter(database, clock)
    for first in (refusals, second):
        first.note("widget", AuthFailure.STALE)
        first.write()
    assert stored(database) == {("widget", "stale"): 2}


def test_hours_are_apart(refusals: FailureCounter, database: Database, clock: Any) -> None:
    refusals.note("widget", AuthFailure.STALE)
    clock.advance(hours=1)
    refusals.note("widget", AuthFailure.STALE)
    refusals.write()
    with database.session() as session:
        rows = session.execute(
            select(RejectionCount.hour, RejectionCount.count, RejectionCount.last_at).order_by(
                RejectionCount.hour
            )
        )
        assert [(row.hour.hour, row.count, row.last_at.hour) for row in rows] == [(15, 1, 15), (16, 1, 16)]


def test_what_the_database_does_not_take_is_written_later(
    refusals: FailureCounter, database: Database, stopwatch: Stopwatch
) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE refusals RENAME TO away")
    refusals.note("widget", AuthFailure.STALE)
    refusals.write_if_due()
    with database.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE away RENAME TO refusals")
    refusals.note("widget", AuthFailure.STALE)
    refusals.write_if_due()
    assert stored(database) == {}
    stopwatch.now += WRITE_EVERY
    refusals.write_if_due()
    assert stored(database) == {("widget", "stale"): 2}


def test_a_request_that_comes_anyway_writes_them(world: World) -> None:
    world.client.post("/hooks/widget", data=b"{}").close()
    assert stored(world.database) == {("widget", "missing"): 1}


def test_sources_that_nobody_configured_are_not_recorded(world: World) -> None:
    world.client.post("/hooks/nobody", data=b"{}").close()
    world.client.post("/propexo/webhooks", data=b"{}").close()
    assert stored(world.database) == {}


def test_each_cause_is_distinguished(database: Database, clock: Any) -> None:
    widget = {"mapping": "standard_webhooks", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    document = {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "i",
                "property_id": "p",
                "pms": "ENTRATA",
                "time_zone": "America/Chicago",
            }
        },
        "sources": {"widget": widget, "form": {"mapping": "website_form", "origins": [SITE]}},
    }
    app = create_app(parse(document, {}), database, clock=clock)
    client, scheme = app.test_client(), app.extensions["endpoint"].sources["widget"].mapping.signature
    now = int(clock().timestamp())

    def post(source: str = "widget", **headers: str) -> None:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        assert client.post(f"/hooks/{source}", data=b"{}", headers=sent).status_code in (401, 403)

    assert scheme is not None
    signed = {"webhook_id": "msg_1", "webhook_timestamp": str(now), "webhook_signature": "v1,AAAA"}
    post()
    post(**signed)
    post(**{**signed, "webhook_timestamp": str(now - 4000)})
    post(**{**signed, "webhook_timestamp": "yesterday"})
    post("form", origin="https://elsewhere.example")
    app.extensions["monitoring"].failures.write()
    assert stored(database) == {
        ("widget", "missing"): 1,
        ("widget", "mismatch"): 1,
        ("widget", "stale"): 1,
        ("widget", "malformed"): 1,
        ("form", "origin"): 1,
    }
