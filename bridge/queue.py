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

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.orm import Session

from bridge import lane_statements as sql
from bridge.database import driver_of

CHANNEL = "bridge_lanes"
"""Where the arrival of events is announced, without a payload."""
UNREAD = 0
"""The rank of a lane with new events: reading them costs no call."""
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
_LANELESS = "ended_at IS NULL AND NOT EXISTS (SELECT FROM lanes WHERE lane = lock)"
_REPAIR = text(ENQUEUE_LANES.format(events="events", condition=_LANELESS) + " RETURNING lane")
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")

_PROMOTE = text("""
    UPDATE lanes SET ready = true, lease = NULL WHERE lane IN (
        SELECT lane FROM lanes WHERE NOT ready AND due_at <= now() ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED)
""")

_READY = (
    "SELECT lane FROM lanes WHERE ready AND {kind} ORDER BY rank, lane LIMIT {most} FOR UPDATE SKIP LOCKED"
)
_CLAIM = """
    WITH {due}, lease AS MATERIALIZED (SELECT nextval('lease_seq') AS number)
    UPDATE lanes SET ready = false, news = false, woken = false, lease = lease.number, claims = claims + 1,
        due_at = now() + :lease
    FROM due, lease WHERE lanes.lane = due.lane
    RETURNING lanes.lane, lanes.lease, lanes.claims, lanes.rank, now() AS now
"""


def _claim_of(kind: str) -> TextClause:
    return text(_CLAIM.format(due=f"due AS MATERIALIZED ({_READY.format(kind=kind, most=':most')})"))


_UNREAD_LANES = _READY.format(kind=f"rank = {UNREAD} AND claims < {SUSPECT}", most=":unread")
_OTHER_LANES = _READY.format(
    kind=f"rank > {UNREAD} AND claims < {SUSPECT}",
    most="greatest(0, :read - (SELECT count(*) FROM unread))",
)
_BOTH = (
    "unread AS MATERIALIZED ({unread}), read AS MATERIALIZED ({read}), "
    "due AS MATERIALIZED (SELECT lane FROM unread UNION ALL SELECT lane FROM read)"
)
_CLAIM_LANES = text(_CLAIM.format(due=_BOTH.format(unread=_UNREAD_LANES, read=_OTHER_LANES)))
_CLAIM_SUSPECTS = _claim_of(f"claims = {SUSPECT}")
_CLAIM_SUSPECT = _claim_of(f"claims > {SUSPECT}")
_SUSPECTS = text("SELECT EXISTS (SELECT FROM lanes WHERE ready AND claims >= :suspect)")
_MINE = """
    WITH mine AS MATERIALIZED (
        SELECT lanes.lane FROM lanes
        JOIN unnest(CAST(:lanes AS text[]), CAST(:leases AS bigint[])) AS mine (lane, lease) USING (lane, lease)
        ORDER BY lanes.lane FOR UPDATE OF lanes
    ) UPDATE lanes SET {changes} FROM mine WHERE lanes.lane = mine.lane
"""
_RENEW = text(_MINE.format(changes="due_at = now() + :lease"))
_GIVE_BACK = text(
    _MINE.format(
        changes="ready = true, lease = NULL, due_at = now(), claims = claims - CAST(NOT :counts AS int)"
    )
)
_BACKLOG = text("""
    SELECT count(*) >= :many FROM (SELECT FROM lanes WHERE ready OR lease IS NOT NULL LIMIT :many) AS waiting
""")


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


def _named(held: Sequence[Claim | Release]) -> dict[str, list[Any]]:
    return {"lanes": [claim.lane for claim in held], "leases": [claim.lease for claim in held]}


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
        return int(connection.exec_driver_sql(sql.WAKE, values).scalar_one())
    raw = driver_of(connection)
    with raw.pipeline():
        found = raw.execute(sql.WAKE, values)
        raw.execute("COMMIT")
        [row] = found.fetchall()
    return int(row[0])


def is_backlog(connection: Connection | Session, many: int) -> bool:
    """Whether so many lanes wait for a worker, or are in the hands of one."""
    return bool(connection.execute(_BACKLOG, {"many": many}).scalar_one())


def give_back(connection: Connection, claims: Sequence[Claim], *, counts: bool = False) -> None:
    """Give lanes back without a result: they are ready at once. A lane whose lease has ended is left alone.

    `counts`: the claim counts as one that had no result, as if it had ended the worker.
    """
    connection.execute(_GIVE_BACK, {**_named(claims), "counts": counts})


def promote(connection: Connection) -> int:
    """Make lanes ready whose time has come, or whose worker's lease has ended. Returns how many."""
    return connection.execute(_PROMOTE).rowcount


def claim(connection: Connection, *, unread: int, read: int, lease: timedelta = LEASE) -> list[Claim]:
    """Claim ready lanes, the soonest tours first.

    Those with something new come first, at most `unread` of them; then those read before, up to `read` lanes in all.
    """
    values = {"unread": unread, "read": read, "lease": lease}
    claims = [Claim(**row._mapping) for row in connection.execute(_CLAIM_LANES, values)]
    return sorted(claims, key=lambda claim: (claim.rank, claim.lane))


def has_suspects(connection: Connection) -> bool:
    """Whether lanes wait whose last claims ended without a result."""
    return bool(connection.execute(_SUSPECTS, {"suspect": SUSPECT}).scalar_one())


def claim_suspects(connection: Connection, *, lease: timedelta = LEASE) -> list[Claim]:
    """Claim lanes whose last claims ended without a result: some that are so for the first time, else one."""
    for statement, most in ((_CLAIM_SUSPECTS, MOST_SUSPECTS), (_CLAIM_SUSPECT, 1)):
        rows = connection.execute(statement, {"most": most, "lease": lease}).all()
        if rows:
            return [Claim(**row._mapping) for row in rows]
    return []


def renew(connection: Connection, claims: Sequence[Claim], *, lease: timedelta = LEASE) -> int:
    """Keep lanes for longer. Returns how many are still ours."""
    return connection.execute(_RENEW, {**_named(claims), "lease": lease}).rowcount


def repair(session: Session) -> list[str]:
    """Give open events a lane that have none, which only a defect or a manual change can cause."""
    return list(session.scalars(_REPAIR))


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
    raw = driver_of(connection)
    codes = [(code, wake.event) for wake in wakes for code in sorted(wake.codes)]
    woken = {
        "codes": [code for code, _ in codes],
        "causes": [cause for _, cause in codes],
        "bookings": [wake.booking for wake in wakes if wake.booking is not None],
    }
    with raw.pipeline():
        raw.execute(sql.HOLD, {**_named([*kept, *released]), **woken})
        if waiting := [event for release in released for event in release.waiting]:
            raw.execute(sql.WOKEN, {"waiting": waiting})
        if released:
            due, ranks = [release.due_at for release in released], [release.rank for release in released]
            raw.execute(sql.RELEASE, {**_named(released), "due": due, "ranks": ranks})
        if codes or woken["bookings"]:
            raw.execute(sql.WAKE_OTHERS, woken)
        raw.execute("COMMIT")
