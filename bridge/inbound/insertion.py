"""One statement that inserts any number of events with their lanes: a commit takes one round trip to the database."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator

from bridge.models import Event
from bridge.queue import CHANNEL, ENQUEUE_LANES

TABLE = cast("Table", Event.__table__)
SEALED = {column.name: column.type for column in TABLE.c if isinstance(column.type, TypeDecorator)}
"""The columns that say who somebody is, which may be encrypted."""


def insert_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[int | None]:
    """Insert events, and let a worker look at their lanes unless they have ended.

    A row holds the columns of an event; no two of them have the same source and delivery id. Events have the order of
    the rows. They are inserted in the order of their names: two processes with the same events cannot wait for each
    other crosswise.

    Returns the id of each row's event; `None`: there is one already of this source and delivery id.
    """
    statement = _statement(tuple(rows[0]))
    arriving = [{**row, **_sealed(row, connection.dialect)} for row in rows]
    said = json.dumps(arriving, ensure_ascii=False, default=_spelled)
    found = connection.execute(statement, {"rows": said})
    return list(found.scalars())


def _sealed(row: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    return {
        name: column.process_bind_param(row[name], dialect) for name, column in SEALED.items() if name in row
    }


def _spelled(value: bytes | datetime) -> str:
    """As PostgreSQL reads it from text."""
    return rf"\x{value.hex()}" if isinstance(value, bytes) else value.isoformat()


@cache
def _statement(names: tuple[str, ...]) -> TextClause:
    defaults = {
        column.name: column.default.arg
        for column in TABLE.c
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
    given = ", ".join(f'"{name}"' for name in names)
    others = ", ".join(f'"{name}"' for name in defaults)
    return text(
        _SQL.format(
            columns=", ".join(f'"{name}" {_type(name)}' for name in names),
            names=f"{given}, {others}",
            values=f"{given}, {', '.join(f':{name}' for name in defaults)}",
        )
    ).bindparams(**defaults)


def _type(name: str) -> str:
    return TABLE.c[name].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


_QUEUED = ENQUEUE_LANES.format(events="stored", condition="ended_at IS NULL")
_SQL = f"""
WITH arriving AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('events', 'id')) AS id, nextval('event_seq') AS seq, one.*
    FROM ROWS FROM (json_to_recordset(CAST(:rows AS json)) AS ({{columns}})) WITH ORDINALITY AS one
), stored AS (
    INSERT INTO events (id, seq, {{names}})
    SELECT id, seq, {{values}} FROM arriving ORDER BY source, delivery_id
    ON CONFLICT ON CONSTRAINT uq_events_delivery DO NOTHING
    RETURNING id, lock, ended_at
), queued AS ({_QUEUED} RETURNING lane),
announced AS (SELECT pg_notify('{CHANNEL}', '') FROM queued LIMIT 1)
SELECT stored.id FROM arriving LEFT JOIN stored USING (id) LEFT JOIN announced ON true ORDER BY ordinality
"""  # noqa: S608 - SQL of ours
