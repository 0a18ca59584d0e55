"""How the rows of state.py map to the columns of `bridge.models`, whose types encrypt what identifies a person."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    Text,
    TypeDecorator,
    UpdateBase,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import InstrumentedAttribute

from bridge.database import driver_of
from bridge.delivery.rules.entities import BookingRow
from bridge.keys import sanitise
from bridge.models import Attempt, Base, Booking, Event, IntegrationState, Lead

Columns = Mapping[str, InstrumentedAttribute[Any]]

EVENT: Columns = {
    "id": Event.id,
    "source": Event.source,
    "delivery_id": Event.delivery_id,
    "received_at": Event.received_at,
    "lane": Event.lock,
    "seq": Event.seq,
    "status": Event.status,
    "event": Event.event,
    "occurred_at": Event.occurred_at,
    "reference": Event.reference,
    "previous_reference": Event.previous_reference,
    "action": Event.action,
    "reason": Event.reason,
    "due_at": Event.next_attempt_at,
    "ended_at": Event.ended_at,
    "failure_count": Event.tries,
    "poll_count": Event.looks,
    "replayed_at": Event.replayed_at,
    "propexo_job_id": Event.job_id,
    "property_key": Event.property,
    "integration_id": Event.integration_id,
    "waiting_on": Event.awaits,
    "booking_id": Event.booking_id,
    "rank": Event.rank,
    "first_call_at": Event.first_call_at,
    "trace": Event.trace,
    "request_id": Event.request_id,
}
"""By attribute of `EventRow`: its column. `enrichment` is read for the event that runs."""
RECORDED = (
    "status", "reason", "detail", "due_at", "ended_at", "failure_count", "poll_count", "action", "property_key",
    "integration_id", "waiting_on", "booking_id", "propexo_job_id", "rank", "first_call_at",
)  # fmt: skip
"""What the end of a run changes of its event."""
RECORDED_AT_INTENT = (
    "action", "property_key", "integration_id", "waiting_on", "booking_id", "rank", "first_call_at",
)  # fmt: skip
"""What is known of an event as a write of it is put on record."""
RECORDED_COLUMNS: Columns = {**EVENT, "detail": Event.detail}
BOOKING: Columns = {
    "id": Booking.id,
    "source": Booking.source,
    "reference_code": Booking.code,
    "created_at": Booking.created_at,
    "desired_state": Booking.state,
    "decided_at": Booking.changed_at,
    "decided_rank": Booking.changed_rank,
    "fields": Booking.details,
    "confirmed_state": Booking.written_state,
    "confirmed_tour": Booking.written,
    "property_key": Booking.property,
    "lead_id": Booking.lead_id,
    "appointment_id": Booking.appointment_id,
    "appointment_verified": Booking.appointment_verified,
    "in_flight_attempt_id": Booking.open_attempt_id,
    "merged_into": Booking.merged_into,
    "tour_key": Booking.tour_key,
    "version": Booking.version,
}
LEAD: Columns = {
    "integration_id": Lead.integration_id,
    "property_id": Lead.property_id,
    "contact": Lead.contact,
    "reference_code": Lead.code,
    "created_at": Lead.created_at,
    "lead_id": Lead.lead_id,
    "created": Lead.created,
    "in_flight_attempt_id": Lead.open_attempt_id,
}
ATTEMPT: Columns = {
    "id": Attempt.id,
    "event_id": Attempt.event_id,
    "kind": Attempt.kind,
    "started_at": Attempt.started_at,
    "outcome": Attempt.outcome,
    "booking_id": Attempt.booking_id,
    "request": Attempt.request,
    "finished_at": Attempt.finished_at,
    "status_code": Attempt.status_code,
    "detail": Attempt.detail,
    "job_id": Attempt.job_id,
    "on_confirm": Attempt.effect,
    "integration_id": Attempt.integration_id,
    "write_log_state": Attempt.listed,
    "write_log_misses": Attempt.unlisted,
    "send_before": Attempt.send_before,
    "look_count": Attempt.look_count,
    "look_at": Attempt.look_at,
}
BREAKER: Columns = {
    "integration_id": IntegrationState.integration_id,
    "failures": IntegrationState.failures,
    "failing_since": IntegrationState.failing_since,
    "paused_at": IntegrationState.paused_at,
    "cause": IntegrationState.cause,
    "reason": IntegrationState.reason,
    "probe_at": IntegrationState.probe_at,
}


def booking_row(booking: Booking) -> BookingRow:
    """A booking of a session as the functions of this folder take it."""
    return BookingRow(**{name: getattr(booking, column.key) for name, column in BOOKING.items()})


def labelled(columns: Columns) -> list[ColumnElement[Any]]:
    """Columns under the names of the attributes that they become."""
    return [column.label(name) for name, column in columns.items()]


def values_of(columns: Columns, row: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A row's values by column."""
    return {columns[name].key: getattr(row, name) for name in (columns if names is None else names)}


class _Statement:
    """A statement whose rows are one JSON parameter, which PostgreSQL reads as a table.

    It is compiled once and prepared by psycopg: SQLAlchemy around each execution would cost as much again.
    """

    def __init__(self, columns: Columns, build: Callable[[Any], UpdateBase]) -> None:
        self._sealed = {name: of.type for name, of in columns.items() if isinstance(of.type, TypeDecorator)}
        names = [column(name, of.type) for name, of in columns.items()]
        given = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
        table = given.table_valued(*names).render_derived(name="given", with_types=True)
        compiled = build(table.c).compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
        self._sql, self._constants = str(compiled), dict(compiled.params)

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run it for these rows, encrypted where the columns are; returns how many rows of the table it met."""
        stored = [self._stored(row, connection.dialect) for row in rows]
        if not stored:
            return 0
        parameters = {**self._constants, "rows": _document(stored)}
        return driver_of(connection).execute(self._sql, parameters, prepare=True).rowcount

    def _stored(self, row: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
        values = dict(row)
        for name, kind in self._sealed.items():
            value = values[name]
            values[name] = kind.process_bind_param(
                sanitise(value) if isinstance(value, str) else value, dialect
            )
        return values


def _document(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as JSON, without what PostgreSQL's text cannot hold."""
    with suppress(orjson.JSONEncodeError):  # a lone surrogate, or a number of more than 64 bits
        document = orjson.dumps(rows).decode()
        if "\\u0000" not in document:
            return document
    cleaned = [
        {name: sanitise(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]
    return json.dumps(cleaned, default=datetime.isoformat)


class Change:
    """An update of some columns of a table, prepared once: building a statement costs more than running it.

    Args:
        names: the attributes whose columns get the row's values.
        conditions: what must hold of the row that is stored.
        same: columns that have the values that `parameters` gets for them; they find the row.
        others: values of other columns.
    """

    def __init__(
        self,
        model: type[Base],
        columns: Columns,
        names: Iterable[str],
        *conditions: ColumnElement[bool],
        same: Columns,
        **more_values: Any,
    ) -> None:
        self._keys = {name: columns[name].key for name in names}
        new = {f"new_{key}": columns[name] for name, key in self._keys.items()}

        def build(given: Any) -> UpdateBase:
            found = [
                of.is_not_distinct_from(given[f"this_{name}"]) if of.nullable else of == given[f"this_{name}"]
                for name, of in same.items()
            ]
            values: dict[str, Any] = {key: given[f"new_{key}"] for key in self._keys.values()}
            return update(model).where(*found, *conditions).values({**values, **more_values})

        self._statement = _Statement({**new, **{f"this_{name}": of for name, of in same.items()}}, build)

    def parameters(self, row: Any, **this: Any) -> dict[str, Any]:
        """The parameters for one row."""
        values = {f"new_{key}": getattr(row, name) for name, key in self._keys.items()}
        return {**values, **{f"this_{name}": value for name, value in this.items()}}

    def execute(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Change the rows of these parameters; returns how many were found."""
        return self._statement.execute(connection, rows)


class Insertion:
    """An insert of any number of rows in one statement."""

    def __init__(self, model: type[Base], columns: Columns) -> None:
        by_key = {of.key: of for of in columns.values()}
        self._statement = _Statement(
            by_key, lambda given: insert(model).from_select(list(by_key), select(*given))
        )

    def execute(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, each with its values by column."""
        self._statement.execute(connection, rows)
