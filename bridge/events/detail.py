"""A stored event as operators see it: one line of a list, and everything about it."""

from typing import Any

from sqlalchemy.orm import Session

from bridge.aliases import aliases_in
from bridge.clock import iso
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.query import attempts_of, references_of
from bridge.events.reference_codes import codes_in_notes
from bridge.inbound.decoding import readable
from bridge.inbound.inbox import RequestMetadata
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import MappedSource, configured
from bridge.mapping_checks.preview import preview_event, resolved
from bridge.models import Attempt, Booking, Event, Status
from bridge.settings import Settings


def summary(event: Event) -> dict[str, Any]:
    """One line of a list."""
    return {
        "id": event.id,
        "received_at": iso(event.received_at),
        "source": event.source,
        "event": event.event,
        "action": event.action,
        "reference": event.reference,
        "property": event.property,
        "status": event.status,
        "reason": event.reason,
        "detail": event.detail,
        "next_attempt_at": iso(event.next_attempt_at),
        "ended_at": iso(event.ended_at),
        "replays": event.replays,
    }


def story(session: Session, event: Event, settings: Settings) -> dict[str, Any]:
    """The payload, how it is read today, its booking, every call, and what an operator can do."""
    return {
        **summary(event),
        "advice": None if event.status == Status.DISMISSED else advice_for(event.reason),
        "delivery_id": event.delivery_id,
        "request_id": event.request_id,
        "previous_reference": event.previous_reference,
        "occurred_at": iso(event.occurred_at),
        "content_type": event.content_type,
        "headers": event.headers,
        "payload": readable(event.body, event.content_type),
        "original": _original(event),
        "history": event.history or [],
        "reading": _reading(session, event, settings),
        "booking": _booking(session, event.booking) if event.booking else None,
        "attempts": [_attempt(attempt) for attempt in attempts_of(session, event)],
    }


def advice_for(reason: str | None) -> str | None:
    """What an operator does about an event that ended or waits for this reason."""
    return Reason(reason).advice if reason in list(Reason) else None


def _original(event: Event) -> dict[str, Any] | None:
    """The payload as received, where an operator has edited it since."""
    if event.original_body is None:
        return None
    content_type = event.original_content_type
    return {"content_type": content_type, "payload": readable(event.original_body, content_type)}


def _reading(session: Session, event: Event, settings: Settings) -> dict[str, Any]:
    """What today's mapping and configuration make of it."""
    if not event.body:
        return {"problem": "The body is empty or no longer kept."}
    try:
        mapping = mapping_of(settings, event)
    except BridgeError as error:
        return {"problem": error.message}
    metadata = RequestMetadata(event.headers, event.query)
    read = preview_event(
        mapping, event.body, event.content_type, metadata, event.answers or {}, event.delivery_id
    )
    return resolved(read, settings, event.source, aliases_in(session)).as_json()


class SourceRemovedError(BridgeError):
    """The source is no longer configured."""

    code = "source_gone"


def source_of(settings: Settings, name: str) -> MappedSource:
    """A configured source with its mapping, as its events are read today.

    Raises:
        SourceRemovedError: it is no longer configured.
        ConfigurationError: its mapping is missing or broken.
    """
    found = settings.sources.get(name)
    if found is None:
        raise SourceRemovedError(f"The source {name} is no longer configured.")
    file = Catalogue(settings.mappings_dir).get(found.mapping)
    return MappedSource(found, file, configured(file.schema, settings, found))


def mapping_of(settings: Settings, event: Event) -> Mapping:
    """The mapping with which an event is read. Raises as `source_of`."""
    return source_of(settings, event.source).reading(event.headers).mapping


def _booking(session: Session, booking: Booking) -> dict[str, Any]:
    return {
        "code": codes_in_notes(session, [booking])[booking.id],
        "state": booking.state,
        "written_state": booking.written_state,
        "written": booking.written,
        "property": booking.property,
        "lead_id": booking.lead_id,
        "appointment_id": booking.appointment_id,
        "references": references_of(session, booking),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "kind": attempt.kind,
        "started_at": iso(attempt.started_at),
        "finished_at": iso(attempt.finished_at),
        "status": attempt.status_code,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "job_id": attempt.job_id,
        "request": attempt.request,
    }
