"""Previews a request: read it, resolve it, and build the call for its PMS, without storing or sending anything."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bridge.aliases import Aliases, no_aliases
from bridge.delivery.rules.plan import APPOINTMENT_ID, LEAD_ID, REFERENCE
from bridge.delivery.rules.resolve import (
    RecordKind,
    TourTarget,
    start_of,
    target_of,
    tour_of,
    unsupported_fields,
)
from bridge.delivery.rules.state import Park, Read
from bridge.errors import BridgeError, DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import IncomingEvent, RequestMetadata, delivery_ids, split_events
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action, BookingRequest
from bridge.mapping.booking_json import booking_to_json
from bridge.mapping.details import with_details
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import Sample
from bridge.mapping.translation import Envelope
from bridge.propexo.bodies import (
    MissingFieldsError,
    OperationName,
    cancel_body,
    create_body,
    dropped_fields,
    lead_body,
    update_body,
)
from bridge.propexo.tours import LeadPerson, PmsLocation, Tour
from bridge.settings import Property, Settings, Source, SourceTable


@dataclass(frozen=True)
class Preview:
    """One event of a request."""

    event: str | None
    delivery_id: str
    action: Action | None = None
    """`None` where the body cannot be decoded."""
    reason: str | None = None
    """Why nothing is forwarded, when `action` is ignore."""
    booking: BookingRequest | None = None
    propexo: dict[str, Any] | None = None
    """The request as it would go out: method, path, body."""
    errors: tuple[dict[str, str | None], ...] = ()
    """What stops it: `{field, path, found, expected}` of a field, `{field: None, message}` of all else."""
    remarks: tuple[str, ...] = field(default=(), repr=False)
    """What a person should know and does not stop it."""
    received: DecodedRequest | None = field(default=None, repr=False)
    """The explanation of the reading; `None` if the body cannot be decoded."""

    def as_json(self) -> dict[str, Any]:
        """The event as `bridge translate` prints it."""
        return {
            "event": self.event,
            "delivery_id": self.delivery_id,
            "action": self.action,
            "reason": self.reason,
            "booking": booking_to_json(self.booking) if self.booking else None,
            "propexo": self.propexo,
            "errors": list(self.errors),
        }


@dataclass(frozen=True)
class Posted:
    """A recorded request: what was posted, and the answers of the sender's API to enrichment calls."""

    body: bytes
    headers: Dictionary[str, str] = field(default_factory=dict)
    """By lower-case names."""
    query: Dictionary[str, str] = field(default_factory=dict)
    details: Dictionary[str, Any] = field(default_factory=dict)
    """By the names of the mapping's `details`."""

    @classmethod
    def of(cls, sample: Sample) -> "Posted":
        """A recorded request. Raises ConfigurationError."""
        return cls(sample.body, sample.headers, sample.query, sample.details)


def preview(
    mapping: Mapping,
    posted: Posted,
    settings: Settings | None = None,
    source: str | None = None,
    aliases: Aliases = no_aliases,
) -> list[Preview]:
    """The events of one request, in their order.

    Only with `settings` the property is resolved and the request built; `source` is the configured source whose
    defaults count, if any.
    """
    content_type = posted.headers.get("content-type")
    try:
        received = DecodedRequest(decode(posted.body, content_type), posted.headers, posted.query)
        arrivals = split_events(mapping, received, posted.body)
    except DecodingError as error:
        arrivals = [IncomingEvent(posted.body, content_type, Envelope(), parked=error.message)]
    metadata = RequestMetadata.of(mapping, posted.headers, posted.query)
    events = [
        preview_event(mapping, arrival.body, arrival.content_type, metadata, posted.details, delivery_id)
        for arrival, delivery_id in zip(arrivals, delivery_ids(arrivals), strict=True)
    ]
    return [resolved(event, settings, source, aliases) for event in events] if settings else events


def preview_event(
    mapping: Mapping,
    body: bytes,
    content_type: str | None,
    metadata: RequestMetadata,
    details: Dictionary[str, Any],
    delivery_id: str,
) -> Preview:
    """One stored event, read again."""
    try:
        received = with_details(
            DecodedRequest(decode(body, content_type), metadata.headers, metadata.query), details
        )
    except DecodingError as error:
        return Preview(None, delivery_id, errors=(_error(error.message),))
    translation = mapping.translate(received)
    errors = [asdict(error) for error in translation.errors]
    asked = mapping.asks_for(received)
    if asked and errors:
        message = f"The hook carries ids only. Say what the API answered to {asked.name}: --details."
        errors.append(_error(message))
    return Preview(
        translation.event,
        delivery_id,
        translation.action,
        translation.reason,
        translation.booking,
        errors=tuple(errors),
        received=received,
    )


def resolved(
    event: Preview, settings: Settings, source: str | None, aliases: Aliases = no_aliases
) -> Preview:
    """The same event with the zone of its property known, and with the request that goes to Propexo."""
    request = event.booking
    if request is None:
        return event
    if source is None:
        source = "(none)"
        settings = replace(settings, sources=SourceTable({source: Source(source, mapping="")}))
    target = target_of(settings, source, request.property, aliases)
    if isinstance(target, Park):
        names_none = request.action is Action.RESCHEDULE and not request.property
        return _stopped(event, target.detail, may_be_known=request.action is Action.CANCEL or names_none)
    event = replace(event, booking=_with_instant(request, target.property))
    asked: list[str] = []

    def look_up(kind: RecordKind, name: str) -> str:
        asked.append(kind.called(name))
        return f"<{kind.field}>"

    try:
        tour = None
        if request.action is not Action.CANCEL:
            resolved = tour_of(settings, source, request, target, REFERENCE, look_up)
            if isinstance(resolved, Park):
                return _stopped(event, resolved.detail, may_be_known=False)
            assert not isinstance(resolved, Read)  # `look_up` always knows an id
            tour, _ = resolved
        event = replace(event, propexo=_request(request, target.place, tour))
    except BridgeError as error:
        known = isinstance(error, MissingFieldsError) and request.action is Action.RESCHEDULE
        return _stopped(event, error.message, may_be_known=known)
    return replace(event, remarks=tuple(_remarks(request, target, tour, asked))) if tour else event


def _stopped(event: Preview, error: str, *, may_be_known: bool) -> Preview:
    """What this event lacks, the booking that it changes may have."""
    if may_be_known:
        message = f"Unless the booking that it changes is known and has it: {error}"
        return replace(event, remarks=(*event.remarks, message))
    return replace(event, errors=(*event.errors, _error(error)))


def _error(message: str) -> dict[str, str | None]:
    return {"field": None, "message": message}


def _with_instant(request: BookingRequest, found: Property) -> BookingRequest:
    if request.starts_at or request.starts_at_local is None:
        return request
    start = start_of(request, found)
    return (
        request if isinstance(start, Park) else replace(request, starts_at=start)
    )  # else the request says why


def _request(request: BookingRequest, place: PmsLocation, tour: Tour | None) -> dict[str, Any]:
    path = "/v1/events/appointments/leads"
    if tour is None:
        return _call("POST", f"{path}/cancel", cancel_body(place, APPOINTMENT_ID))
    if request.action is Action.RESCHEDULE:
        return _call("PUT", f"{path}/{APPOINTMENT_ID}", update_body(place, tour))
    return _call("POST", path, create_body(place, request.lead_id or LEAD_ID, tour))


def _call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "path": path, "body": body}


def _remarks(request: BookingRequest, target: TourTarget, tour: Tour, asked: list[str]) -> Iterator[str]:
    profile, contact = target.place.profile, request.contact
    if asked:
        yield (
            f"Looked up in Propexo when it goes out: {', '.join(asked)}. What is not there exactly once is left out; "
            f"if {profile.name} needs it and there is no default, the event is parked."
        )
    operation: OperationName = "update" if request.action is Action.RESCHEDULE else "create"
    dropped = {*dropped_fields(profile, operation, tour), *unsupported_fields(request, profile)}
    if dropped:
        yield f"{profile.name} does not store {', '.join(sorted(dropped))} with an appointment."
    if request.action is Action.BOOK and not request.lead_id:
        person = LeadPerson(contact.first_name, contact.last_name, contact.email, contact.phone, REFERENCE)
        try:
            lead_body(target.place, person, employee_id=tour.employee_id, lead_source_id=tour.lead_source_id)
        except BridgeError as error:
            yield f"If this person is not a lead yet: {error}"
