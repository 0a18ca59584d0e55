"""The changes of a run, and their outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.delivery.batch import Job
from bridge.delivery.rules.entities import AttemptRow, EventRow, ReadRow, changed
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.priority import lane_rank, next_due
from bridge.delivery.rules.record_cache import LISTS, cacheable
from bridge.delivery.rules.slots import settle
from bridge.delivery.rules.state import Ignore, Park, Snapshot, Step, Wait, Write, Written
from bridge.models import Status
from bridge.queue import Claim, Release

KINDS_OF_LISTS = {call: kind for kind, call in LISTS.items()}


@dataclass(frozen=True)
class CachedList:
    """A list of Propexo's records that was read again."""

    integration_id: str
    property_id: str
    kind: str
    fetched_at: datetime
    records: Sequence[Any]


@dataclass(frozen=True)
class Result:
    """What a run changes: from what was loaded to what was concluded."""

    claim: Claim
    before: Snapshot
    after: Snapshot
    intent: Write | None = None
    """A write that is about to be sent; the lane stays ours."""
    release: Release | None = None
    """Else the lane is given back."""
    reads: tuple[ReadRow, ...] = ()
    lists: tuple[CachedList, ...] = ()
    ranks: dict[int, int] = field(default_factory=dict)
    """Of other events of the lane that were read."""
    send_before: datetime | None = None
    is_put_back: bool = False
    """Whether nothing but its rank changes: others are sooner."""

    @property
    def event(self) -> EventRow:
        return self.after.event


@dataclass(frozen=True)
class Recorded:
    """What became of a result."""

    result: Result
    after: Snapshot | None
    """The snapshot as it is stored now, with the ids of new rows; `None`: it was not recorded."""
    attempt: AttemptRow | None = None
    """The write on record."""
    is_lost: bool = False
    """Whether the lane is another worker's by now; else it has to be looked at again."""
    is_late: bool = False
    """Whether another process was faster, so that the next read finds another state."""


def ended_event(event: EventRow, step: Step, now: datetime) -> EventRow:
    """The event as the end of its run leaves it."""
    match step:
        case Wait():
            return changed(
                event,
                status=step.status,
                reason=step.reason,
                detail=step.detail,
                due_at=step.until,
                ended_at=None,
                waiting_on=step.waiting_on,
                poll_count=event.poll_count if step.poll_count is None else step.poll_count,
                failure_count=event.failure_count if step.failure_count is None else step.failure_count,
            )
        case Ignore() | Park() | Written():
            status = {Ignore: Status.IGNORED, Park: Status.PARKED, Written: Status.WRITTEN}[type(step)]
            return changed(
                event,
                status=status,
                reason=step.reason,
                detail=step.detail,
                due_at=None,
                ended_at=now,
                waiting_on=None,
            )
    raise AssertionError(step)


def result_of(job: Job, now: datetime) -> Result:
    """What is recorded of a job: the intent of its write, or its end."""
    step, after = job.decision.step, settle(job.decision)
    lists = tuple(_lists(job, now))
    if isinstance(step, Write) and job.put_back_until is None:
        after = after.with_event(rank=job.rank)
        return Result(job.claim, job.before, after, step, None, tuple(job.reads), lists, job.ranks)
    is_put_back = False
    if job.put_back_until is not None:
        after = job.before
        event = changed(after.event, rank=job.rank)
        # It waits for its first call, or again after a pause that is over: now only others come before it.
        has_not_begun = event.status == Status.RECEIVED or event.reason == Reason.INTEGRATION_PAUSED
        is_put_back = not has_not_begun
        if not is_put_back:
            detail = "Many tours wait; the soonest goes first."
            event = ended_event(
                event, Wait(job.put_back_until, Status.WAITING, Reason.BUDGET, detail, "budget"), now
            )
        waiting: tuple[int, ...] = ()
    else:
        event = ended_event(changed(after.event, rank=job.rank), step, now)
        wakeable = isinstance(step, Wait) and step.waiting_on and step.reason is not Reason.OUTCOME_UNKNOWN
        waiting = (event.id,) if wakeable else ()
    lane = [
        event if sibling.id == event.id else changed(sibling, rank=job.ranks.get(sibling.id, sibling.rank))
        for sibling in job.lane
        if sibling.id != event.id or event.ended_at is None
    ]
    release = Release(job.claim.lane, job.claim.lease, next_due(lane, now), lane_rank(lane), waiting)
    after = after.having(event=event)
    return Result(
        job.claim,
        job.before,
        after,
        None,
        release,
        tuple(job.reads),
        lists,
        job.ranks,
        is_put_back=is_put_back,
    )


def _lists(job: Job, now: datetime) -> list[CachedList]:
    found = []
    for call, answer in job.base.answers.items():
        if call.kind in KINDS_OF_LISTS:
            property_id = dict(call.arguments)["property_id"]
            records = list(cacheable(answer, property_id))
            kind = KINDS_OF_LISTS[call.kind]
            found.append(CachedList(call.integration_id, property_id, kind, now, records))
    return found
