"""One statement that inserts any number of events with their jobs: so a commit takes one round trip to the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import ARRAY, Connection, Table, TextClause, bindparam, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from bridge.models import Event, Status
from bridge.queue import FORWARD

TABLE = cast("Table", Event.__table__)


@dataclass(frozen=True)
class Inserted:
    """What became of a row."""

    event_id: int | None
    """`None`: another process stored the same delivery at this very moment."""
    status: str
    is_new: bool
    job: int | None


def insert_events(connection: Session | Connection, rows: Sequence[dict[str, Any]]) -> list[Inserted]:
    """Insert events, each with its job unless it is parked, and answer for each row in their order.

    A row holds the columns of an event; no two of them have the same source and delivery id. Jobs are queued in the
    order of the rows, but events are inserted in the order of their names: two processes with the same events
    cannot wait for each other crosswise. Events and jobs exist together or not at all; only where another process
    stores the same delivery at the same moment, the job of a row without an event is left, for `Queue.withdraw`.
    """
    names = tuple(rows[0])
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    found = connection.execute(_statement(names), columns)
    return [Inserted(event_id, status, is_new, job) for event_id, status, is_new, job in found]


@cache
def _statement(names: tuple[str, ...]) -> TextClause:
    defaults = {
        column.name: getattr(column.default, "arg", None)
        for column in TABLE.c
        if column.name not in names and column.default is not None and column.default.is_scalar
    }
    lists = [bindparam(name, type_=ARRAY(TABLE.c[name].type)) for name in names]
    constants = [bindparam(name, value, type_=TABLE.c[name].type) for name, value in defaults.items()]
    statement = _SQL.format(
        names=", ".join(_quoted(name) for name in names),
        lists=", ".join(f"CAST(:{name} AS {_type(name)}[])" for name in names),
        default_names="".join(f", {_quoted(name)}" for name in defaults),
        defaults="".join(f", CAST(:{name} AS {_type(name)})" for name in defaults),
    )
    of_queue = {"task": FORWARD, "runs": Status.RECEIVED}
    return text(statement).bindparams(*lists, *constants, **of_queue)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _type(name: str) -> str:
    return TABLE.c[name].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


# What is known is looked up row by row, through the index whatever the planner believes of the size of the table.
_SQL = """
WITH arrived AS MATERIALIZED (
    SELECT arriving.*, known.id AS known_id, known.status AS known_status
    FROM unnest({lists}) WITH ORDINALITY AS arriving ({names}, place)
    LEFT JOIN LATERAL (
        SELECT id, status FROM events
        WHERE source = arriving.source AND delivery_id = arriving.delivery_id LIMIT 1
    ) AS known ON true
), fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('events', 'id')) AS id, one.*
    FROM (SELECT * FROM arrived WHERE known_id IS NULL ORDER BY place) AS one
), running AS MATERIALIZED (
    SELECT id, lock, row_number() OVER (ORDER BY place) AS turn FROM fresh WHERE status = :runs
), queued AS MATERIALIZED (
    SELECT id, job
    FROM unnest((
        SELECT procrastinate_defer_jobs_v1(array_agg(
            ROW('default', :task, 0, lock, NULL, jsonb_build_object('event_id', id), NULL)
            ::procrastinate_job_to_defer_v1 ORDER BY turn
        )) FROM running
    )) WITH ORDINALITY AS one (job, turn) JOIN running USING (turn)
), stored AS (
    INSERT INTO events (id, queue_id, {names}{default_names})
    SELECT id, job, {names}{defaults}
    FROM fresh LEFT JOIN queued USING (id)
    ORDER BY source, delivery_id
    ON CONFLICT ON CONSTRAINT uq_events_delivery DO NOTHING
    RETURNING id
)
SELECT coalesce(arrived.known_id, stored.id) AS event_id, coalesce(arrived.known_status, arrived.status) AS status,
       stored.id IS NOT NULL AS is_new, job
FROM arrived LEFT JOIN fresh USING (place) LEFT JOIN queued USING (id) LEFT JOIN stored USING (id)
ORDER BY place
"""
