"""The job: one per event, from its arrival to its end. And what a worker does besides."""

from datetime import datetime, timedelta

import procrastinate
import structlog
from procrastinate import RetryDecision
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job
from procrastinate.jobs import Status as JobStatus
from sqlalchemy import select, text, update

from bridge import metrics, tracing
from bridge.clock import Clock
from bridge.delivery import turns, waking
from bridge.delivery.context import Context
from bridge.delivery.order import step_back
from bridge.delivery.outcomes import (
    FAIR_TRY,
    GIVE_UP_AFTER,
    TELL_BEFORE,
    Ended,
    NotYet,
    Parked,
    Reason,
    backoff,
)
from bridge.delivery.steps import Run
from bridge.models import UNFINISHED, Event, Status, changes_of
from bridge.propexo.quota import calls_for
from bridge.queue import FORWARD, Queue, queue_app

log = structlog.get_logger(__name__)

HEARTBEAT_TIMEOUT = 30
"""Seconds without a sign of life after which a worker counts as dead and its jobs are taken over."""
MOST_INTERNAL_ERRORS = 5
KEEP_JOBS = timedelta(days=7)
LONG_WAIT = timedelta(minutes=1)
SOON = timedelta(seconds=30)


class Again(Exception):  # noqa: N818 - tells the queue when, not that something went wrong
    """The event's next run."""

    def __init__(self, at: datetime, lock: str | None = None) -> None:
        super().__init__(f"next run at {at:%Y-%m-%d %H:%M:%S} UTC")
        self.at = at
        self.lock = lock
        """The lock that the job takes instead of its contact's; `None`: it keeps that."""


class WhenTold(procrastinate.BaseRetryStrategy):
    """Retries at the moment that the run asked for; soon, when not even that could be written down."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        if isinstance(exception, Again):
            return RetryDecision(retry_at=exception.at, lock=exception.lock)
        return RetryDecision(retry_at=self._clock() + SOON)


def forward(context: Context, event_id: int) -> None:
    """Take one event a step further.

    Raises:
        Again: it has not ended; the queue runs it then.
    """
    asked = select(Event, turns.OVERTOOK, turns.IS_UNREAD).where(Event.id == event_id)
    with context.database.single() as session:
        found = session.execute(asked).one_or_none()
    if found is None or Status(found[0].status).ended:
        return
    event, has_overtaken, is_unread = found
    if has_overtaken:
        step_back(context, event)
        raise Again(context.clock())
    traced: dict[str, str | int] = {"bridge.event_id": event.id, "bridge.source": event.source}
    with tracing.span("forward event", tracing.Kind.CONSUMER, traced, link=event.trace):
        end = run(context, event, is_unread=is_unread)
    is_ours = save(context, event, end)
    told = {"source": event.source, "status": event.status, "reason": event.reason}
    if not is_ours:
        log.warning("an event ran that another worker had ended meanwhile", **told)
        return
    log.info("event ran", **told)
    if isinstance(end, NotYet):
        # Who waits long makes way for the contact's other tours; its own booking waits for it all the same.
        long = end.until - context.clock() > LONG_WAIT or end.reason in WAITS_FOR_ANOTHER
        raise Again(end.until, f"event:{event.id}" if long else None)


def run(context: Context, event: Event, *, is_unread: bool) -> Ended | NotYet:
    """The end of one run, whatever happens in it. A job that `is_unread` has no place in the queue yet."""
    attempt = Run(context, event, is_unread=is_unread)
    try:
        with calls_for(lambda: attempt.calls.start):
            attempt.take()
    except Ended as end:
        return end
    except NotYet as later:
        take_place(context, event, attempt.calls.start)
        return in_time(later, event, attempt.calls.start, context)
    except Exception as error:
        # A defect of ours must not cost the tour: it is retried, then shown to a person.
        log.exception("unexpected error in a run")
        event.tries += 1
        told = f"{type(error).__name__} in the bridge"
        if event.tries > MOST_INTERNAL_ERRORS:
            return Parked(
                Reason.INTERNAL_ERROR,
                f"{told}, {event.tries} times. Its log says more; replay after an update.",
            )
        until = context.clock() + backoff(event.tries, context.random)
        return NotYet(until, Status.RETRYING, Reason.INTERNAL_ERROR, told)


def take_place(context: Context, event: Event, start: datetime | None) -> None:
    """Let the queue know how soon the tour is, once that is known."""
    if start is None:
        return
    priority = turns.priority_of(start, event.action, context.clock())
    with context.database.single() as session:
        turns.take_place(session, event.queue_id, priority)


def in_time(later: NotYet, event: Event, start: datetime | None, context: Context) -> Ended | NotYet:
    """Nothing is put off so long that nobody can act any more: there is a last run, then a person is told."""
    now, deadline = context.clock(), deadline_of(event, start)
    if later.until <= deadline:
        return later
    if now < deadline:
        later.until = deadline
        return later
    reason = LATE.get(later.reason, Reason.GAVE_UP)
    return Parked(
        reason, f"It has not come in time for the tour, or within three days. {later.detail} {reason.advice}"
    )


WAITS_FOR_ANOTHER = (Reason.UNKNOWN_BOOKING, Reason.UNKNOWN_CONTACT)
"""The event that ends the wait may need the lock."""

LATE = {
    Reason.REQUESTED: Reason.REQUESTED,
    Reason.NEEDS_DETAILS: Reason.NEEDS_DETAILS,
    Reason.LEAD_ID: Reason.NOT_FOUND,
    Reason.APPOINTMENT_ID: Reason.NOT_FOUND,
    Reason.CONFIRMATION: Reason.UNCONFIRMED,
    Reason.OUTCOME_UNKNOWN: Reason.AMBIGUOUS,
}
"""What an event is parked for when its wait was too long."""


def deadline_of(event: Event, start: datetime | None) -> datetime:
    """A quarter of an hour before the tour, or five minutes after an event that came later than that."""
    since = event.replayed_at or event.received_at
    if start is None:
        return since + GIVE_UP_AFTER
    fair = since + FAIR_TRY
    told_by = max(start - TELL_BEFORE, fair if start <= since else min(start, fair))
    return min(told_by, since + GIVE_UP_AFTER)


STANDS = ("status", "reason", "detail", "next_attempt_at", "ended_at", "tries", "looks")
"""The columns that say where an event stands."""


def save(context: Context, event: Event, end: Ended | NotYet) -> bool:
    """Write down how a run ended; answers whether that was still this run's to say.

    A worker that was frozen goes on after another one has taken its job over: what that one has ended stays as it is,
    and so does what a person has replayed since.
    """
    event.status, event.reason, event.detail = end.status, end.reason, end.detail
    if isinstance(end, NotYet):
        event.next_attempt_at, event.ended_at = end.until, None
    else:
        event.next_attempt_at, event.ended_at = None, context.clock()
    mine = update(Event).where(
        Event.id == event.id,
        Event.status.in_(UNFINISHED),
        Event.queue_id.is_not_distinct_from(event.queue_id),
    )
    # What says where it stands is written whole: another run may have changed it since it was loaded.
    stands = {name: getattr(event, name) for name in STANDS}
    with context.database.single() as session:
        saved = session.scalar(mine.values({**changes_of(event), **stands}).returning(Event.id))
    if saved is None:
        return False
    _count(event, end)
    return True


def _count(event: Event, end: Ended | NotYet) -> None:
    if isinstance(end, NotYet) or event.ended_at is None:
        return
    metrics.ENDED.labels(end.status).inc()
    if end.status is Status.WRITTEN:
        since = event.replayed_at or event.received_at
        metrics.EVENT_TO_WRITTEN.observe((event.ended_at - since).total_seconds())


def register(app: procrastinate.App, context: Context) -> None:
    """Give a worker its tasks."""
    waking.register(app, context)

    @app.task(name=FORWARD, retry=WhenTold(context.clock))
    def _forward(event_id: int) -> None:
        with structlog.contextvars.bound_contextvars(event_id=event_id):
            forward(context, event_id)

    @app.periodic(cron="* * * * *")
    @app.task(name="take_over", queueing_lock="take_over")
    async def _take_over(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        await take_over(app, context.clock)

    @app.periodic(cron="17 3 * * *")
    @app.task(name="delete_old_jobs", queueing_lock="delete_old_jobs")
    async def _delete_old_jobs(timestamp: int) -> None:  # noqa: ARG001 - as above
        await app.job_manager.delete_old_jobs(nb_hours=KEEP_JOBS // timedelta(hours=1), include_failed=True)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="requeue_forgotten", queueing_lock="requeue_forgotten")
    def _requeue_forgotten(timestamp: int) -> None:  # noqa: ARG001 - as above
        requeue_forgotten(context, Queue(queue_app(context.database)))


async def take_over(app: procrastinate.App, clock: Clock) -> int:
    """Queue the jobs of dead workers again; answers how many."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=HEARTBEAT_TIMEOUT))
    for job in stalled:
        try:
            await app.job_manager.retry_job(job, retry_at=clock())
        except UniqueViolation:
            # The next round of a periodic task is queued already, and would wait for this one.
            await app.job_manager.finish_job(job, JobStatus.FAILED, delete_job=True)
    if stalled:
        log.warning("took over the jobs of a dead worker", jobs=len(stalled))
    return len(stalled)


def requeue_forgotten(context: Context, queue: Queue) -> int:
    """Queue unfinished events whose job is gone, which only a defect or a person's hand can bring about."""
    no_job = text(
        "NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = events.queue_id AND j.status IN ('todo', 'doing'))"
    )
    with context.database.session() as session:
        forgotten = (
            select(Event).where(Event.status.in_(UNFINISHED), no_job).with_for_update(skip_locked=True)
        )
        events = list(session.scalars(forgotten))
        for event in events:
            event.queue_id = queue.enqueue(session, event.id, event.lock)
    if events:
        log.warning("queued forgotten events again", events=len(events))
    return len(events)
