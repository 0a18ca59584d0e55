"""The slots that tours hold, and Propexo's answers about times: all SQL of this folder."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from bridge.database import CONNECT_OPTIONS, Database
from bridge.models import Booking, SlotCalendar

_CLAIMS = text("""
    SELECT slot_claims.booking_id, kind, slot_claims.starts_at, ends_at, agent,
        CASE WHEN bookings.written_state = 'booked' THEN slot_claims.changed_at END AS written_since
    FROM slot_claims JOIN bookings ON bookings.id = booking_id
    WHERE slot_claims.property = :property AND slot_claims.starts_at >= :since AND slot_claims.starts_at < :until
""")
_READ = text("""
    SELECT fetched_at, content FROM slot_sources
    WHERE integration_id = :integration AND property_id = :property AND kind = :kind
""")
_TAKE = text("""
    INSERT INTO slot_sources (integration_id, property_id, kind, asked_at, content)
    SELECT CAST(:integration AS varchar), :property, :kind, CAST(:now AS timestamptz), '[]'
    WHERE (SELECT count(*) FROM slot_sources WHERE asked_at > :minute_ago) < :most
        AND NOT EXISTS (
            SELECT FROM integrations WHERE integration_id = CAST(:integration AS varchar) AND paused_at IS NOT NULL)
    ON CONFLICT (integration_id, property_id, kind) DO UPDATE SET asked_at = excluded.asked_at
        WHERE slot_sources.asked_at IS NULL OR slot_sources.asked_at <= :free_since
    RETURNING 1
""")
_STORE = text("""
    UPDATE slot_sources SET fetched_at = :now, content = :content
    WHERE integration_id = :integration AND property_id = :property AND kind = :kind
""").bindparams(bindparam("content", type_=JSONB))
_DELETE = text("DELETE FROM slot_sources WHERE kind LIKE 'calendars:%' AND asked_at < :before")

MINUTE = timedelta(minutes=1)


def claims(database: Database, property_key: str, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """The slots that tours hold: booking_id, kind, starts_at, ends_at, agent, and written_since (if in the PMS)."""
    with database.autocommit.connect() as connection:
        return connection.execute(_CLAIMS, {"property": property_key, "since": since, "until": until}).all()


def changes(database: Database) -> dict[str, int]:
    """How often slots of each property were taken or freed."""
    with database.autocommit.connect() as connection:
        rows = connection.execute(select(SlotCalendar.property, SlotCalendar.changes))
        return {row.property: row.changes for row in rows}


def own_appointments(database: Database, appointment_ids: Collection[str]) -> set[str]:
    """Those of these appointments that the bridge made."""
    own = select(Booking.appointment_id).where(Booking.appointment_id.in_(appointment_ids))
    with database.autocommit.connect() as connection:
        return {id_ for id_ in connection.scalars(own) if id_ is not None}


@contextmanager
def turn(database: Database, integration: str, property_id: str, wait: float) -> Iterator[None]:
    """Hold the one call that all processes may have in flight for a property; wait for it at most some seconds.

    The lock ends with its connection, whatever ends that. The connection is not from the pool, which requests need.
    """
    with psycopg.connect(database.url, autocommit=True, **CONNECT_OPTIONS) as connection:
        connection.execute(f"SET lock_timeout = '{wait}s'")
        connection.execute(
            "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"{integration} {property_id}"]
        )
        yield


def take_call(
    database: Database, key: dict[str, str], now: datetime, free_since: datetime, most: int
) -> bool:
    """Whether the caller may make this call: none was made since `free_since`, and fewer than `most` in the last
    minute. `key` has integration, property and kind."""
    this = {"now": now, "minute_ago": now - MINUTE, "free_since": free_since, "most": most}
    with database.engine.begin() as connection:
        return connection.execute(_TAKE, {**key, **this}).first() is not None


def stored_answer(database: Database, key: dict[str, str]) -> tuple[datetime, Sequence[Any]] | None:
    """When an answer was fetched, and its content."""
    with database.autocommit.connect() as connection:
        row = connection.execute(_READ, key).first()
    return None if row is None or row.fetched_at is None else (row.fetched_at, row.content)


def store_answer(
    database: Database, key: dict[str, str], now: datetime, content: Sequence[Any], delete_before: datetime
) -> None:
    """Store an answer, and delete old ones."""
    with database.engine.begin() as connection:
        connection.execute(_STORE, {**key, "now": now, "content": content})
        connection.execute(_DELETE, {"before": delete_before})
