"""One statement that inserts any number of events with their lanes: a commit takes one round trip to the database."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator

from bridge.database import driver_of
from bridge.models import Event
from bridge.queue import CHANNEL, ENQUEUE_LANES

TABLE = cast("Table", Event.__table__)
SEALED = {column.name: column.type for column in TABLE.c if isinstance(column.type, TypeDecorator)}
"""The columns that identify a person, which may be encrypted."""


def insert_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int | None]:
    """Insert events, and let a worker look at their lanes unless they have ended.

    A row holds the columns of an event; no two of them have the same source and delivery id. Events have the order of
    the rows. They are inserted in the order of their names: two processes with the same events cannot wait for each
    other crosswise.

    Returns the id of each row's event; `None`: there is one already of this source and delivery id.
    """
    statement, defaults = _statement(tuple(rows[0]))
    arriving = [{**row, **_encrypted(row, connection.dialect)} for row in rows]
    values = {**defaults, "rows": orjson.dumps(arriving, default=_pg_literal).decode()}
    return [id_ for (id_,) in _executed(connection, statement, values)]


def _executed(connection: Connection, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that psycopg prepares once. SQLAlchemy around it would cost as much again as psycopg.

    Raises:
        DBAPIError: as SQLAlchemy does.
    """
    raw = driver_of(connection)
    try:
        return raw.execute(statement, values, prepare=True).fetchall()
    except psycopg.Error as error:
        is_lost = raw.closed  # also where the server has ended it
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=connection.dialect,
        ) from error


def _encrypted(row: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    return {
        name: column.process_bind_param(row[name], dialect) for name, column in SEALED.items() if name in row
    }


def _pg_literal(value: bytes) -> str:
    """As PostgreSQL reads it from text."""
    return rf"\x{value.hex()}"


@cache
def _statement(names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The statement for rows of these columns, and the values of the others."""
    defaults = {
        column.name: column.default.arg
        for column in TABLE.c
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
    given = ", ".join(f'"{name}"' for name in names)
    defaulted = ", ".join(f'"{name}"' for name in defaults)
    statement = _SQL.format(
        columns=", ".join(f'"{name}" {_type(name)}' for name in names),
        names=f"{given}, {defaulted}",
        values=f"{given}, {', '.join(f'%({name})s' for name in defaults)}",
    )
    return statement, defaults


def _type(name: str) -> str:
    return TABLE.c[name].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


_QUEUED = ENQUEUE_LANES.format(events="stored", condition="ended_at IS NULL")
_SQL = f"""
WITH arriving AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('events', 'id')) AS id, nextval('event_seq') AS seq, one.*
    FROM ROWS FROM (json_to_recordset(CAST(%(rows)s AS json)) AS ({{columns}})) WITH ORDINALITY AS one
), stored AS (
    INSERT INTO events (id, seq, {{names}})
    SELECT id, seq, {{values}} FROM arriving ORDER BY source, delivery_id
    ON CONFLICT ON CONSTRAINT uq_events_delivery DO NOTHING
    RETURNING id, lock, ended_at
), queued AS ({_QUEUED} RETURNING lane),
announced AS (SELECT pg_notify('{CHANNEL}', '') FROM queued LIMIT 1)
SELECT stored.id FROM arriving LEFT JOIN stored USING (id) LEFT JOIN announced ON true ORDER BY ordinality
"""  # noqa: S608 - SQL of ours
