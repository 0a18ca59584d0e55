"""Stored events for people: which there are, and the whole story of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from bridge.errors import BridgeError, DecodingError
from bridge.forwarding.outcomes import Reason
from bridge.forwarding.preview import preview_event, resolved
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import Kept
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue
from bridge.models import Attempt, Booking, BookingReference, Event, Status
from bridge.settings import Property, Settings


@dataclass(frozen=True)
class Selection:
    """Which events; what is empty does not restrict."""

    statuses: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    property: str | None = None
    """The key, name or an alias of a configured property."""
    since: datetime | None = None
    """Received then or later (aware)."""
    until: datetime | None = None
    """Received before then (aware)."""
    before: int | None = None
    """Only ids below: the last id of a page opens the next."""
    without: tuple[str, ...] = ()
    """Reasons that are left out."""
    runnable: bool = False
    """Only those of which is kept what they said."""


class UnknownProperty(BridgeError):  # noqa: N818 - read as a finding
    """No property of this name is configured."""

    code = "unknown_property"


def find_events(session: Session, settings: Settings, selection: Selection, limit: int) -> list[Event]:
    """The newest events first, each with its booking. Raises UnknownProperty."""
    query = select(Event).outerjoin(Event.booking).options(contains_eager(Event.booking))
    query = query.where(*_selected(settings, selection)).order_by(Event.id.desc()).limit(limit)
    return list(session.scalars(query))


def find_ids(session: Session, settings: Settings, selection: Selection) -> list[int]:
    """The ids of all these events, the oldest first. Raises UnknownProperty."""
    query = select(Event.id).outerjoin(Event.booking).where(*_selected(settings, selection))
    return list(session.scalars(query.order_by(Event.id)))


def _selected(settings: Settings, selection: Selection) -> Iterator[ColumnElement[bool]]:
    yield Event.removed_at.is_(None)
    if selection.statuses:
        yield Event.status.in_(selection.statuses)
    if selection.reasons:
        yield Event.reason.in_(selection.reasons)
    if selection.sources:
        yield Event.source.in_(selection.sources)
    if selection.since:
        yield Event.received_at >= selection.since
    if selection.until:
        yield Event.received_at < selection.until
    if selection.without:
        yield or_(Event.reason.is_(None), Event.reason.not_in(selection.without))
    if selection.runnable:
        yield Event.blanked_at.is_(None)
    if selection.before is not None:
        yield Event.id < selection.before
    if selection.property is not None:
        yield _concerns(settings, selection.property)


def _concerns(settings: Settings, named: str) -> ColumnElement[bool]:
    """As `property_of`, for the database."""
    found = settings.property_named(named)
    if found is None:
        known = ", ".join(settings.properties) or "none"
        raise UnknownProperty(f'No property "{named}" is configured; there are: {known}.')
    said = func.lower(func.btrim(Booking.details["property"]["value"].astext))
    names = [prefix + name for name in found.called for prefix in ("", "property:")]
    sources = [source.key for source in settings.sources.values() if source.property == found.key]
    by_word = or_(said.in_(names), and_(said.is_(None), Event.source.in_(sources)))
    return or_(Booking.property == found.key, and_(Booking.property.is_(None), by_word))


def property_of(event: Event, settings: Settings) -> str | None:
    """The key of the property: where the booking was written, else the named, else the source's default."""
    booking = event.booking
    if booking and booking.property:
        return booking.property
    named = booking.details.get("property", {}).get("value") if booking else None
    if named:
        found: Property | None = settings.property_named(named)
        return found.key if found else None
    source = settings.sources.get(event.source)
    return source.property if source else None


def summary(event: Event, settings: Settings) -> dict[str, Any]:
    """One line of a list."""
    return {
        "id": event.id,
        "received_at": iso(event.received_at),
        "source": event.source,
        "event": event.event,
        "action": event.action,
        "reference": event.reference,
        "property": property_of(event, settings),
        "status": event.status,
        "reason": event.reason,
        "detail": event.detail,
        "next_attempt_at": iso(event.next_attempt_at),
        "ended_at": iso(event.ended_at),
        "replays": event.replays,
    }


def story(session: Session, event: Event, settings: Settings) -> dict[str, Any]:
    """What came, how it is read today, its booking, every call, and what a person does about it."""
    attempts = session.scalars(select(Attempt).where(Attempt.event_id == event.id).order_by(Attempt.id))
    return {
        **summary(event, settings),
        "advice": None if event.status == Status.DISMISSED else advice_for(event.reason),
        "delivery_id": event.delivery_id,
        "previous_reference": event.previous_reference,
        "occurred_at": iso(event.occurred_at),
        "content_type": event.content_type,
        "headers": event.headers,
        "payload": _payload(event.body, event.content_type),
        "original": _original(event),
        "history": event.history or [],
        "reading": _reading(event, settings),
        "booking": _booking(session, event.booking) if event.booking else None,
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def advice_for(reason: str | None) -> str | None:
    """What a person does about an event that ended or waits for this reason."""
    return Reason(reason).advice if reason in list(Reason) else None


def iso(moment: datetime | None) -> str | None:
    """A moment in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _payload(body: bytes, content_type: str | None) -> Any:
    """The decoded body; its text where it cannot be decoded; `None` where it is empty or no longer kept."""
    if not body:
        return None
    try:
        return decode(body, content_type)
    except DecodingError:
        return body.decode("utf-8", "replace")


def _original(event: Event) -> dict[str, Any] | None:
    """What came, where a person corrected it since."""
    if event.original_body is None:
        return None
    content_type = event.original_content_type
    return {"content_type": content_type, "payload": _payload(event.original_body, content_type)}


def _reading(event: Event, settings: Settings) -> dict[str, Any]:
    """What today's mapping and configuration make of it."""
    if not event.body:
        return {"problem": "The body is empty or no longer kept."}
    try:
        mapping = mapping_of(settings, event.source)
    except BridgeError as error:
        return {"problem": error.message}
    kept = Kept(event.headers, event.query)
    read = preview_event(
        mapping, event.body, event.content_type, kept, event.answers or {}, event.delivery_id
    )
    return resolved(read, settings, event.source).as_json()


class SourceGone(BridgeError):  # noqa: N818 - read as a finding
    """The source is no longer configured."""

    code = "source_gone"


def mapping_of(settings: Settings, source: str) -> Mapping:
    """How a source's events are read today.

    Raises:
        SourceGone: it is no longer configured.
        ConfigurationError: its mapping is missing or broken.
    """
    found = settings.sources.get(source)
    if found is None:
        raise SourceGone(f"The source {source} is no longer configured.")
    return Catalogue(settings.mappings_dir).get(found.mapping).schema(phone_region=found.phone_region)


def _booking(session: Session, booking: Booking) -> dict[str, Any]:
    references = select(BookingReference.reference).where(BookingReference.booking_id == booking.id)
    return {
        "code": booking.code,
        "state": booking.state,
        "written_state": booking.written_state,
        "written": booking.written,
        "property": booking.property,
        "lead_id": booking.lead_id,
        "appointment_id": booking.appointment_id,
        "references": sorted(session.scalars(references)),
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
