"""Whose turn it is when not all can go at once: the soonest tour's, and that of a booking before a far one's change.

The queue prefers a higher priority even inside a lock, where the order of arrival must hold: so all jobs of a lock that
wait have one priority, that of the soonest among them (priority inheritance). A new job has the highest one, because
nobody knows yet what it asks for. It is run, which costs no call, and takes its place; one that finds an earlier job of
its lock waiting has overtaken it, and steps back after lifting it.
"""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Boolean, Integer, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from bridge.mapping.booking import Action
from bridge.models import Event

UNREAD = 0
"""The priority of a job whose tour is not known. All others are negative: minus the start, in minutes since 1970."""
LAST = -(2**31)
FAR = timedelta(days=2)
_BEHIND_BOOKINGS = 100_000_000
"""More minutes than any two tours are apart."""
AT_ONCE = timedelta(hours=1)
"""A tour that starts within this time is sooner than what it would be compared with."""
BACKLOG = 20
"""So many events that could run now are more than the workers are just busy with."""
OF_BUDGET = 24
"""A backlog is also more than what the budget lets through in some ten seconds, at four calls each: this share of a
minute's calls."""
PLENTY = 100_000
"""With so many calls a minute nobody waits for one; it is not worth to count who waits."""

_WAITING = text("""
    SELECT count(*) >= :many FROM (
        SELECT FROM events WHERE ended_at IS NULL
        AND (next_attempt_at IS NULL OR next_attempt_at <= :now OR reason = 'budget') LIMIT :many) due
""")

_PLACE = text("""
    WITH mine AS (SELECT id, lock FROM procrastinate_jobs WHERE id = :job),
    waiting AS (
        SELECT job.id, job.priority, job.id = mine.id AS is_mine FROM procrastinate_jobs job, mine
        WHERE (job.lock = mine.lock OR job.id = mine.id) AND job.status IN ('todo', 'doing')
    ),
    soonest AS (
        SELECT greatest(:priority, max(priority) FILTER (WHERE NOT is_mine AND priority < 0)) AS priority FROM waiting
    )
    UPDATE procrastinate_jobs job SET priority = soonest.priority FROM waiting, soonest
    WHERE job.id = waiting.id AND (waiting.is_mine OR job.priority < 0) AND job.priority <> soonest.priority
""")

OVERTOOK = literal_column(
    """
    EXISTS (SELECT FROM procrastinate_jobs mine JOIN procrastinate_jobs earlier
    ON earlier.lock = mine.lock AND earlier.id < mine.id AND earlier.status = 'todo' WHERE mine.id = events.queue_id)
""",
    Boolean,
)
"""Of an event: whether an earlier job of the same lock waits."""

_JOBS = table("procrastinate_jobs", column("id", BigInteger), column("priority", Integer))
IS_UNREAD = func.coalesce(
    select(_JOBS.c.priority == UNREAD).where(_JOBS.c.id == Event.queue_id).scalar_subquery(), False
)
"""Of an event: whether its job has not got its place yet."""


def is_backlog(session: Session, now: datetime, per_minute: int) -> bool:
    """Whether more events could run now than are done in a moment, by the workers and with so many calls a minute."""
    if per_minute >= PLENTY:
        return False
    return bool(session.scalar(_WAITING, {"many": max(BACKLOG, per_minute // OF_BUDGET), "now": now}))


def priority_of(start: datetime, action: str | None, now: datetime) -> int:
    """The priority of a tour's job; higher goes first."""
    place = -int(start.timestamp() // 60)
    can_wait = action in (Action.RESCHEDULE, Action.CANCEL) and start - now > FAR
    return place - _BEHIND_BOOKINGS if can_wait else place


def take_place(session: Session, job: int | None, priority: int) -> None:
    """Give a job its priority, and all that wait in its lock the one of the soonest.

    New jobs of the lock stay where they are: they step back by themselves when they are read.
    """
    session.execute(_PLACE, {"job": job, "priority": priority})
