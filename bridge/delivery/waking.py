"""Waiting events that look before their time, because of news: a webhook of Propexo, or the end of a pause.

News is never taken for true. It only brings the next look forward: what the look finds decides. A job that is
woken keeps its place in the queue and its lock; only its moment changes.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import procrastinate
import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from bridge.delivery.context import Context
from bridge.delivery.outcomes import Reason
from bridge.models import Attempt, Booking, Lead, Notice
from bridge.queue import LOOK_NOW, News, Queue, queue_app

log = structlog.get_logger(__name__)

TELL_AGAIN = [timedelta(seconds=seconds) for seconds in (5, 30, 120)]
"""Who was just running may have looked before the news, and is told again when that run is over."""
KEEP_NOTICES = timedelta(days=7)

LEAD_AND_TOUR = (Reason.LEAD_ID, Reason.APPOINTMENT_ID, Reason.CONFIRMATION)
"""What news of a record can end. Not an unknown outcome: its looks are counted before it is sent again, and each
of them must be given its time."""
BROUGHT_BY = {
    "leads": Reason.LEAD_ID,
    "events": Reason.APPOINTMENT_ID,
    "leads_to_events": Reason.APPOINTMENT_ID,
}
"""What a sync of these models can end."""

WAKE = text("""
    WITH due AS (
        SELECT job.id, row_number() OVER (ORDER BY job.priority DESC, job.id) - 1 AS place
        FROM events JOIN procrastinate_jobs job ON job.id = events.queue_id
        WHERE (events.awaits = ANY(:codes) OR events.integration_id = :integration_id)
          AND (CAST(:jobs AS bigint[]) IS NULL OR job.id = ANY(:jobs))
          AND events.ended_at IS NULL AND events.reason = ANY(:reasons)
          AND job.status = 'todo' AND job.scheduled_at > :now
    ), woken AS (
        UPDATE procrastinate_jobs job
        SET scheduled_at = least(job.scheduled_at, CAST(:now AS timestamptz) + due.place * CAST(:gap AS interval))
        FROM due WHERE job.id = due.id AND job.status = 'todo'
        RETURNING job.id, job.scheduled_at
    )
    UPDATE events SET next_attempt_at = woken.scheduled_at FROM woken WHERE events.queue_id = woken.id
    RETURNING events.id
""")
"""One statement: a worker that takes such a job at the same moment either comes before it or sees all of it."""

RUNNING = text("""
    SELECT job.id FROM events JOIN procrastinate_jobs job ON job.id = events.queue_id
    WHERE (events.awaits = ANY(:codes) OR events.integration_id = :integration_id)
      AND (CAST(:jobs AS bigint[]) IS NULL OR job.id = ANY(:jobs))
      AND events.ended_at IS NULL AND job.status = 'doing'
""")


def look_now(context: Context, queue: Queue, news: News) -> int:
    """Let the events that wait for this look now, one after the other; answers how many.

    They start at the pace of the budget, so that many do not come at once. Who is running at the moment is told
    again afterwards, and so is news of a write whose answer has not been written down yet.
    """
    now = context.clock()
    gap = timedelta(minutes=1) / context.settings.propexo.budget_per_minute
    with context.database.session() as session:
        codes = [*news.codes, *(_codes_of(session, news.job_id) if news.job_id else [])]
        whose: dict[str, Any] = {
            "codes": codes,
            "integration_id": news.integration_id,
            "jobs": list(news.jobs) or None,
        }
        # Whose run ends between the two statements was running, or is woken: looked at first, none is missed.
        running = tuple(session.scalars(RUNNING, whose))
        woken = session.execute(WAKE, {**whose, "reasons": _reasons(news), "now": now, "gap": gap}).all()
        untold = bool(running) or (news.job_id is not None and not codes)
        if untold and news.repeats < len(TELL_AGAIN):
            later = replace(news, jobs=running, repeats=news.repeats + 1)
            queue.look_now(session, later, at=now + TELL_AGAIN[news.repeats])
    if woken:
        log.info("events look before their time", events=len(woken), running=len(running))
    return len(woken)


def _reasons(news: News) -> list[str]:
    if news.codes or news.job_id:
        return [reason.value for reason in LEAD_AND_TOUR]
    if news.models:
        return sorted({BROUGHT_BY[model].value for model in news.models if model in BROUGHT_BY})
    return [Reason.INTEGRATION_PAUSED.value]


def _codes_of(session: Session, job_id: str) -> list[str]:
    """The booking or the lead whose open write this is."""
    attempts = select(Attempt.id).where(Attempt.job_id == job_id)
    codes: list[str] = []
    for owner in (Booking, Lead):
        codes += session.scalars(select(owner.code).where(owner.open_attempt_id.in_(attempts)))
    return codes


def register(app: procrastinate.App, context: Context) -> None:
    """Give a worker its tasks."""
    queue = Queue(queue_app(context.database))  # the worker's own app can only wait for its connection

    @app.task(name=LOOK_NOW)
    def _look_now(**news: Any) -> None:
        look_now(context, queue, News(**news))

    @app.periodic(cron="41 3 * * *")
    @app.task(name="forget_notices", queueing_lock="forget_notices")
    def _forget_notices(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        with context.database.session() as session:
            session.execute(delete(Notice).where(Notice.received_at < context.clock() - KEEP_NOTICES))
