"""The delivery queue: the stored events, and one row for each lane that has open ones.

A lane is what must happen in order: the events of one contact, else of one booking. It is what a worker claims, so no
two workers ever run events of one lane. A lane is *ready*, *leased* until a moment, or *due* at a finite time; news
that comes while it is leased is looked at when it is released. PostgreSQL is the engine: `SKIP LOCKED`, and
`LISTEN`/`NOTIFY` beside a poll each second.

Workers lock lane rows only in a single statement or in one pipeline that ends in its commit: the webhook endpoint
waits for these rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

CHANNEL = "bridge_lanes"
"""Where the arrival of events is announced, without a payload."""
UNREAD = 0
"""The rank of a lane in which something is new: to look at it costs no call."""
LEASE = timedelta(seconds=120)
SUSPECT = 2
"""Claims without a recorded result after which a lane is claimed apart from others: it may have ended the process."""
MOST_SUSPECTS = 8
"""Lanes that are suspect for the first time are claimed together, since most have only been beside the one; then each
is claimed alone."""

NO_DELAY = timedelta(0)

ENQUEUE_LANES = """
    INSERT INTO lanes (lane, rank, ready, due_at, news)
    SELECT DISTINCT lock, 0, true, now(), true FROM {events} WHERE {condition} ORDER BY lock
    ON CONFLICT (lane) DO UPDATE SET news = true, rank = 0, ready = lanes.lease IS NULL
"""
_ENQUEUE = text(ENQUEUE_LANES.format(events="events", condition="id = ANY(:ids) AND ended_at IS NULL"))
_REPAIR = text(
    ENQUEUE_LANES.format(
        events="events", condition="ended_at IS NULL AND NOT EXISTS (SELECT FROM lanes WHERE lane = lock)"
    )
    + " RETURNING lane"
)
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")

_PROMOTE = text("""
    UPDATE lanes SET ready = true, lease = NULL WHERE lane IN (
        SELECT lane FROM lanes WHERE NOT ready AND due_at <= now() ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED)
""")

_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT lane FROM lanes WHERE ready AND {kind} ORDER BY rank, lane LIMIT :most FOR UPDATE SKIP LOCKED
    ), lease AS MATERIALIZED (SELECT nextval('lease_seq') AS number)
    UPDATE lanes SET ready = false, news = false, woken = false, lease = lease.number, claims = claims + 1,
        due_at = now() + :lease
    FROM due, lease WHERE lanes.lane = due.lane
    RETURNING lanes.lane, lanes.lease, lanes.claims, lanes.rank, now() AS now
"""
_CLAIM_UNREAD = text(_CLAIM.format(kind=f"rank = {UNREAD} AND claims < {SUSPECT}"))
_CLAIM_NEXT = text(_CLAIM.format(kind=f"rank > {UNREAD} AND claims < {SUSPECT}"))
_CLAIM_SUSPECTS = text(_CLAIM.format(kind=f"claims = {SUSPECT}"))
_CLAIM_SUSPECT = text(_CLAIM.format(kind=f"claims > {SUSPECT}"))
_SUSPECTS = text("SELECT EXISTS (SELECT FROM lanes WHERE ready AND claims >= :suspect)")
_RENEW = text("""
    UPDATE lanes SET due_at = now() + :lease
    FROM unnest(CAST(:lanes AS text[]), CAST(:leases AS bigint[])) AS mine (lane, lease)
    WHERE lanes.lane = mine.lane AND lanes.lease = mine.lease
""")

_BACKLOG = text("SELECT count(*) >= :many FROM (SELECT FROM lanes WHERE ready LIMIT :many) AS ready")
_GIVE_BACK = text("""
    UPDATE lanes SET ready = true, lease = NULL, due_at = now()
    FROM unnest(CAST(:lanes AS text[]), CAST(:leases AS bigint[])) AS mine (lane, lease)
    WHERE lanes.lane = mine.lane AND lanes.lease = mine.lease
""")

_WAKE = """
    WITH waiting AS MATERIALIZED (
        SELECT id, lock FROM events
        WHERE ended_at IS NULL AND next_attempt_at IS NOT NULL
        AND (awaits = ANY(%(codes)s::text[]) OR integration_id = %(integration_id)s::text OR booking_id = ANY(%(bookings)s::bigint[]))
        AND (%(reasons)s::text[] IS NULL OR reason = ANY(%(reasons)s::text[]))
        ORDER BY id FOR UPDATE
    ), sooner AS (
        UPDATE events SET next_attempt_at = now() + %(delay)s::interval FROM waiting
        WHERE events.id = waiting.id AND events.next_attempt_at > now() + %(delay)s::interval
    ), locked AS MATERIALIZED (
        SELECT lane FROM lanes WHERE lane IN (SELECT lock FROM waiting) ORDER BY lane FOR UPDATE
    ), looked AS (
        UPDATE lanes SET
            news = news OR lease IS NOT NULL, woken = woken OR lease IS NOT NULL,
            ready = lease IS NULL AND (ready OR %(delay)s::interval = interval '0'),
            rank = CASE WHEN lease IS NULL AND %(soon)s THEN 0 ELSE rank END,
            due_at = CASE WHEN lease IS NULL THEN least(due_at, now() + %(delay)s::interval) ELSE due_at END
        FROM locked WHERE lanes.lane = locked.lane
    )
    SELECT count(*) FROM waiting
"""


@dataclass(frozen=True)
class Claim:
    """A lane that is ours until its lease ends."""

    lane: str
    lease: int
    claims: int
    """How often it was claimed since a result was last recorded."""
    rank: int
    now: datetime
    """The database's clock at the claim."""


@dataclass(frozen=True)
class Release:
    """What a lane becomes: due again at a moment, or gone where no event of it is open."""

    lane: str
    lease: int
    due_at: datetime | None
    rank: int = UNREAD
    waiting: tuple[int, ...] = ()
    """Events that were just recorded as waiting: they are due at once if something woke them meanwhile."""


def enqueue(session: Session, event_ids: Sequence[int]) -> None:
    """Let a worker look at these open events, in the session's transaction."""
    session.flush()
    session.execute(_ENQUEUE, {"ids": list(event_ids)})
    session.execute(_NOTIFY)


def wake(
    connection: Connection | Session,
    codes: Collection[str] = (),
    *,
    integration_id: str | None = None,
    bookings: Collection[int] = (),
    reasons: Collection[str] | None = None,
    delay: timedelta = NO_DELAY,
    soon: bool = False,
    commit: bool = False,
) -> int:
    """Let events look before their time. Returns how many waited for this.

    `codes` are what they wait on, or all those of an integration or of bookings are meant; `reasons` restrict them.
    `soon`: that may need no call, so it is looked at before all that does. An event that runs is looked at again after.
    `commit`: end the transaction in the same pipeline, so that no lane is locked in between.
    """
    values = {
        "codes": list(codes),
        "integration_id": integration_id,
        "bookings": list(bookings),
        "reasons": None if reasons is None else sorted(reasons),
        "delay": delay,
        "soon": soon,
    }
    if isinstance(connection, Session):
        connection.flush()
        connection = connection.connection()
    if not commit:
        return int(connection.exec_driver_sql(_WAKE, values).scalar_one())
    raw = _raw(connection)
    with raw.pipeline():
        found = raw.execute(_WAKE, values)
        raw.execute("COMMIT")
        [row] = found.fetchall()
    return int(row[0])


def _raw(connection: Connection) -> "psycopg.Connection[Any]":
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def is_backlog(connection: Connection | Session, many: int) -> bool:
    """Whether so many lanes wait for a worker."""
    return bool(connection.execute(_BACKLOG, {"many": many}).scalar_one())


def give_back(connection: Connection, claims: Sequence[Claim]) -> None:
    """Give lanes back without a result: they are ready at once. A lane whose lease has ended is left alone."""
    named = {"lanes": [one.lane for one in claims], "leases": [one.lease for one in claims]}
    connection.execute(_GIVE_BACK, named)


def promote(connection: Connection) -> int:
    """Make lanes ready whose time has come, or whose worker's lease has ended. Returns how many."""
    return connection.execute(_PROMOTE).rowcount


def claim(connection: Connection, *, unread: bool, most: int) -> list[Claim]:
    """Claim ready lanes, the soonest tours first; `unread` ones are those in which something is new."""
    statement = _CLAIM_UNREAD if unread else _CLAIM_NEXT
    return [Claim(**row._mapping) for row in connection.execute(statement, {"most": most, "lease": LEASE})]


def has_suspects(connection: Connection) -> bool:
    """Whether lanes wait whose last claims ended without a result."""
    return bool(connection.execute(_SUSPECTS, {"suspect": SUSPECT}).scalar_one())


def claim_suspects(connection: Connection) -> list[Claim]:
    """Claim lanes whose last claims ended without a result: some that are so for the first time, else one."""
    for statement, most in ((_CLAIM_SUSPECTS, MOST_SUSPECTS), (_CLAIM_SUSPECT, 1)):
        rows = connection.execute(statement, {"most": most, "lease": LEASE}).all()
        if rows:
            return [Claim(**row._mapping) for row in rows]
    return []


def renew(connection: Connection, claims: Sequence[Claim]) -> None:
    """Keep lanes for longer."""
    named = {"lanes": [one.lane for one in claims], "leases": [one.lease for one in claims]}
    connection.execute(_RENEW, {**named, "lease": LEASE})


def repair(session: Session) -> list[str]:
    """Give open events a lane that have none, which only a defect or a person's hand can bring about."""
    return list(session.scalars(_REPAIR))


_HOLD = """
    WITH mine AS (SELECT * FROM unnest(%(lanes)s::text[], %(leases)s::bigint[]) AS mine (lane, lease)),
    held AS MATERIALIZED (
        SELECT lanes.lane, mine.lane IS NOT NULL AS is_mine FROM lanes
        LEFT JOIN mine ON mine.lane = lanes.lane AND mine.lease = lanes.lease
        WHERE lanes.lane = ANY(%(lanes)s)
        OR lanes.lane IN (SELECT lock FROM events WHERE ended_at IS NULL AND awaits = ANY(%(codes)s))
        ORDER BY lanes.lane FOR UPDATE OF lanes
    )
    SELECT 1 / (count(*) FILTER (WHERE is_mine) = cardinality(%(lanes)s::text[]))::int FROM held
"""
"""Locks all lanes of a commit in one order, and fails (22012, division by zero) unless all leases still hold."""
_WOKEN = """
    UPDATE events SET next_attempt_at = now() FROM lanes
    WHERE events.id = ANY(%(waiting)s) AND lanes.lane = events.lock AND lanes.woken
"""
_RELEASE = """
    WITH mine AS MATERIALIZED (
        SELECT * FROM unnest(%(lanes)s::text[], %(due)s::timestamptz[], %(ranks)s::bigint[]) AS mine (lane, due_at, rank)
    ), gone AS (
        DELETE FROM lanes USING mine WHERE lanes.lane = mine.lane AND mine.due_at IS NULL AND NOT lanes.news
    )
    UPDATE lanes SET lease = NULL, claims = 0, news = false, woken = false,
        ready = lanes.news OR mine.due_at <= now(), due_at = coalesce(mine.due_at, now()),
        rank = CASE WHEN lanes.news THEN 0 ELSE mine.rank END
    FROM mine WHERE lanes.lane = mine.lane AND (mine.due_at IS NOT NULL OR lanes.news)
"""


@dataclass(frozen=True)
class Wakes:
    """What a recorded event wakes, other events than itself."""

    event: int
    codes: frozenset[str] = frozenset()
    booking: int | None = None
    """Its booking, where it learned something: who waits for a person may have one now."""


def commit(
    connection: Connection, kept: Sequence[Claim], released: Sequence[Release], wakes: Sequence[Wakes]
) -> None:
    """Commit the connection's transaction together with its lanes, in one pipeline.

    `kept` lanes stay ours, `released` ones are given back.

    Raises:
        psycopg.errors.DivisionByZero: a lease has ended, so nothing was committed.
    """
    raw = _raw(connection)
    held: list[Claim | Release] = [*kept, *released]
    lanes = [(one.lane, one.lease) for one in held]
    codes = [(code, one.event) for one in wakes for code in sorted(one.codes)]
    woken = {
        "codes": [code for code, _ in codes],
        "causes": [cause for _, cause in codes],
        "bookings": [one.booking for one in wakes if one.booking is not None],
    }
    with raw.pipeline():
        raw.execute(
            _HOLD, {"lanes": [lane for lane, _ in lanes], "leases": [lease for _, lease in lanes], **woken}
        )
        if waiting := [event for one in released for event in one.waiting]:
            raw.execute(_WOKEN, {"waiting": waiting})
        if released:
            raw.execute(
                _RELEASE,
                {
                    "lanes": [one.lane for one in released],
                    "due": [one.due_at for one in released],
                    "ranks": [one.rank for one in released],
                },
            )
        if codes or woken["bookings"]:
            raw.execute(_WAKE_OTHERS, woken)
        raw.execute("COMMIT")


_WAITING = """
    SELECT id, lock FROM events LEFT JOIN unnest(%(codes)s::text[], %(causes)s::bigint[]) AS ended (code, cause)
        ON events.awaits = ended.code AND events.id <> ended.cause
    WHERE ended_at IS NULL AND next_attempt_at IS NOT NULL AND (awaits = ANY(%(codes)s)
        OR (booking_id = ANY(%(bookings)s::bigint[]) AND reason = 'unknown_contact'))
    AND (ended.code IS NOT NULL OR reason = 'unknown_contact')
"""
_HOLD = f"""
    WITH mine AS (SELECT * FROM unnest(%(lanes)s::text[], %(leases)s::bigint[]) AS mine (lane, lease)),
    held AS MATERIALIZED (
        SELECT lanes.lane, mine.lane IS NOT NULL AS is_mine FROM lanes
        LEFT JOIN mine ON mine.lane = lanes.lane AND mine.lease = lanes.lease
        WHERE lanes.lane = ANY(%(lanes)s) OR lanes.lane IN (SELECT lock FROM ({_WAITING}) AS waiting)
        ORDER BY lanes.lane FOR UPDATE OF lanes
    )
    SELECT 1 / (count(*) FILTER (WHERE is_mine) = cardinality(%(lanes)s::text[]))::int FROM held
"""
"""Locks all lanes of a commit in one order, and fails (22012, division by zero) unless all leases still hold."""
_WOKEN = """
    UPDATE events SET next_attempt_at = now() FROM lanes
    WHERE events.id = ANY(%(waiting)s) AND lanes.lane = events.lock AND lanes.woken
"""
_RELEASE = """
    WITH mine AS MATERIALIZED (
        SELECT * FROM unnest(%(lanes)s::text[], %(due)s::timestamptz[], %(ranks)s::bigint[]) AS mine (lane, due_at, rank)
    ), gone AS (
        DELETE FROM lanes USING mine WHERE lanes.lane = mine.lane AND mine.due_at IS NULL AND NOT lanes.news
    )
    UPDATE lanes SET lease = NULL, claims = 0, news = false, woken = false,
        ready = lanes.news OR mine.due_at <= now(), due_at = coalesce(mine.due_at, now()),
        rank = CASE WHEN lanes.news THEN 0 ELSE mine.rank END
    FROM mine WHERE lanes.lane = mine.lane AND (mine.due_at IS NOT NULL OR lanes.news)
"""
_WAKE_OTHERS = f"""
    WITH waiting AS MATERIALIZED ({_WAITING} ORDER BY id FOR UPDATE OF events), sooner AS (
        UPDATE events SET next_attempt_at = now() FROM waiting
        WHERE events.id = waiting.id AND events.next_attempt_at > now()
    )
    UPDATE lanes SET news = news OR lease IS NOT NULL, woken = woken OR lease IS NOT NULL, ready = lease IS NULL,
        rank = CASE WHEN lease IS NULL THEN 0 ELSE rank END,
        due_at = CASE WHEN lease IS NULL THEN least(due_at, now()) ELSE due_at END
    WHERE lane IN (SELECT lock FROM waiting)
"""  # noqa: S608 - SQL of ours
"""Locks no lane that `_HOLD` has not locked, but those of events that began to wait since."""
