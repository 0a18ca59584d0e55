"""What a replay would send now, by the decision that the worker makes, and how that differs from last time.

Nothing is called, nothing is stored. Where the decision needs an answer, the likeliest is assumed, and ids that only
Propexo knows are shown as `<...>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.clock import iso
from bridge.delivery.decide import decide
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.plan import AnswerOf, follow, likeliest, planned_body, without_in_flight
from bridge.delivery.rules.state import Enrich, Ignore, Park, Snapshot, Step, Wait, Write, Written
from bridge.delivery.snapshots import snapshot_of
from bridge.errors import BridgeError
from bridge.events.detail import source_of
from bridge.events.query import last_attempt
from bridge.models import Attempt, Event, Status
from bridge.settings import Settings

PATH = "/v1/events/appointments/leads"
TO_AN_APPOINTMENT = ("create", "update", "cancel")


@dataclass(frozen=True)
class Difference:
    """One field of a body; `None`: it is not in it."""

    field: str
    before: Any
    now: Any


@dataclass(frozen=True)
class PlannedRequest:
    """One request as it would be sent, beside the last one of its kind."""

    kind: str
    """create_lead, update_lead, create, update or cancel."""
    method: str
    path: str
    body: Mapping[str, Any]
    last: Attempt | None = None
    """The last write of this event to the same thing: the lead, or the appointment."""

    @property
    def differences(self) -> list[Difference]:
        """Field by field; what is looked up in Propexo when it goes out counts as unchanged."""
        before = dict(self.last.request or {}) if self.last else {}
        fields = (
            Difference(name, before.get(name), self.body.get(name)) for name in sorted({*before, *self.body})
        )
        return [
            field
            for field in fields
            if field.before != field.now and not (field.before and _is_open(field.now))
        ]

    def as_json(self) -> dict[str, Any]:
        last = self.last
        return {
            "kind": self.kind,
            "method": self.method,
            "path": self.path,
            "body": dict(self.body),
            "last": {"kind": last.kind, "at": iso(last.started_at), "outcome": last.outcome}
            if last
            else None,
            "differences": [vars(difference) for difference in self.differences] if last else None,
        }


@dataclass(frozen=True)
class DryRun:
    """The outcome of a replay of one event."""

    event_id: int
    status: str
    """How it has ended."""
    reason: str | None
    requests: tuple[PlannedRequest, ...] = ()
    """In their order; none where nothing would be sent."""
    stopped: str | None = None
    """Why nothing would be sent, as a sentence."""
    remarks: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.event_id,
            "status": self.status,
            "reason": self.reason,
            "requests": [request.as_json() for request in self.requests],
            "stopped": self.stopped,
            "remarks": list(self.remarks),
        }


def dry_run(session: Session, event: Event, settings: Settings, now: datetime) -> DryRun:
    """Decide as a replay would, call after call, and write after write."""
    result = DryRun(event.id, event.status, event.reason)
    try:
        source = source_of(settings, event.source)
    except BridgeError as error:
        return replace(result, stopped=f"It would be parked: {error.message}")
    remarks = []
    if event.answers:
        remarks.append("The sender's API is called again; this uses its last response.")
    snapshot = snapshot_of(session.connection(), event.id, source, settings, now)
    snapshot = as_replayed(_without_in_flight(snapshot, remarks), now)
    writes, end = plan(snapshot, settings, now, lambda known, call: likeliest(known, call, remarks))
    requests = tuple(_planned(session, event, write) for write in writes)
    return replace(
        result, requests=requests, stopped=None if requests else stop_sentence(end), remarks=tuple(remarks)
    )


def plan(
    snapshot: Snapshot, settings: Settings, now: datetime, answer_of: AnswerOf
) -> tuple[list[Write], Step]:
    """The writes that an event leads to, if each is confirmed, and the step at which it ends."""
    followed = follow(lambda known: decide(known, settings, now), snapshot, answer_of)
    return list(followed.writes), followed.end


def as_replayed(snapshot: Snapshot, now: datetime) -> Snapshot:
    """The snapshot as a replay would make it."""
    return snapshot.with_event(
        status=Status.RECEIVED,
        reason=None,
        poll_count=0,
        failure_count=0,
        replayed_at=now,
        seq=2**62,
        ended_at=None,
    )


def stop_sentence(step: Step) -> str:
    """Why nothing would be sent."""
    match step:
        case Enrich():
            return "The sender's API is called first; the result depends on its response."
        case Park():
            return f"It would be parked: {step.detail}"
        case Wait():
            return f"It would wait: {step.detail}"
        case Ignore(reason=Reason.ALREADY_WRITTEN | Reason.NOTHING_TO_CANCEL | Reason.SHADOW):
            return f"Nothing would be sent. {step.detail}"
        case Written():
            return "Nothing would be sent: the PMS has what the newest event of this tour asks for."
        case Ignore():
            return f"It would be ignored: {step.detail}"
    raise AssertionError(step)


def _without_in_flight(snapshot: Snapshot, remarks: list[str]) -> Snapshot:
    """What would be sent if a write whose outcome is not known yet left no trace."""
    for row in (*snapshot.bookings, *snapshot.duplicates, *snapshot.related):
        attempt = snapshot.attempts.get(row.in_flight_attempt_id or 0)
        if attempt is not None:
            remarks.append(
                f"First the bridge checks the outcome of the {attempt.kind} of {attempt.started_at:%Y-%m-%d %H:%M:%S} "
                f"UTC ({attempt.outcome}). This goes out only for what that has not written."
            )
    return without_in_flight(snapshot)


def _planned(session: Session, event: Event, write: Write) -> PlannedRequest:
    body = planned_body(write)
    method, path = _address(write, body)
    alike = TO_AN_APPOINTMENT if write.kind in TO_AN_APPOINTMENT else (write.kind,)
    return PlannedRequest(write.kind, method, path, body, last_attempt(session, event, alike))


def _address(write: Write, body: Mapping[str, Any]) -> tuple[str, str]:
    match write.kind:
        case "create_lead":
            return "POST", "/v1/leads/"
        case "update_lead":
            return "PUT", f"/v1/leads/{body['lead_id']}"
        case "create":
            return "POST", PATH
        case "update":
            return "PUT", f"{PATH}/{body['event_id']}"
        case "cancel":
            return "POST", f"{PATH}/cancel"


def _is_open(value: object) -> bool:
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")


def error_sentence(error: Mapping[str, str | None]) -> str:
    """One of `Preview.errors` as a sentence."""
    if error["field"] is None:
        return str(error["message"])
    return f"{error['field']}: found {error['found']} at `{error['path']}`, expected {error['expected']}."
