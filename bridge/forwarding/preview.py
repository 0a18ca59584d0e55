"""What would become of a request: read, resolved, built for its PMS; nothing is stored, nothing is sent."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bridge.errors import BridgeError, DecodingError
from bridge.forwarding.life import booking_to_json
from bridge.forwarding.outcomes import Parked
from bridge.forwarding.resolve import Target, left_out, start_of, target_of, tour_of
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import Arrival, arrivals_of, delivery_ids, kept_headers
from bridge.mapping.base import Envelope, Mapping
from bridge.mapping.booking import Action, Booking
from bridge.mapping.paths import Received
from bridge.propexo.bodies import (
    MissingFields,
    Person,
    Place,
    Tour,
    cancel_body,
    create_body,
    dropped_fields,
    lead_body,
    update_body,
)
from bridge.settings import Property, Settings, Source

LEAD_ID, APPOINTMENT_ID, REFERENCE = "<lead_id>", "<appointment_id>", "<reference>"
"""They stand where a request has what is known only once it goes out."""


@dataclass(frozen=True)
class Preview:
    """One event of a request."""

    event: str | None
    delivery_id: str
    action: Action | None = None
    """`None` where the body cannot be decoded."""
    reason: str | None = None
    """Why nothing is forwarded, when `action` is ignore."""
    booking: Booking | None = None
    propexo: dict[str, Any] | None = None
    """The request as it would go out: method, path, body."""
    errors: tuple[dict[str, str | None], ...] = ()
    """What stops it: `{field, path, found, expected}` of a field, `{field: None, message}` of all else."""
    remarks: tuple[str, ...] = field(default=(), repr=False)
    """What a person should know and does not stop it."""

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


def preview(
    mapping: Mapping,
    body: bytes,
    headers: Dictionary[str, str],
    settings: Settings | None = None,
    source: str | None = None,
) -> list[Preview]:
    """The events of one request, in their order.

    `headers` have lower-case names. Only with `settings` the property is resolved and the request built;
    `source` is the configured source whose defaults count, if any.
    """
    content_type = headers.get("content-type")
    try:
        arrivals = arrivals_of(mapping, decode(body, content_type), body, headers)
    except DecodingError as error:
        arrivals = [Arrival(body, content_type, Envelope(), parked=error.message)]
    kept = kept_headers(headers)
    events = [
        preview_event(mapping, arrival.body, arrival.content_type, kept, delivery_id)
        for arrival, delivery_id in zip(arrivals, delivery_ids(arrivals), strict=True)
    ]
    return [resolved(event, settings, source) for event in events] if settings else events


def preview_event(
    mapping: Mapping, body: bytes, content_type: str | None, headers: Dictionary[str, str], delivery_id: str
) -> Preview:
    """One event as it is stored, read anew."""
    try:
        translation = mapping.translate(Received(decode(body, content_type), headers))
    except DecodingError as error:
        return Preview(None, delivery_id, errors=(_told(error.message),))
    return Preview(
        translation.event,
        delivery_id,
        translation.action,
        translation.reason,
        translation.booking,
        errors=tuple(asdict(error) for error in translation.errors),
    )


def resolved(event: Preview, settings: Settings, source: str | None) -> Preview:
    """The same event with the zone of its property known, and with the request that goes to Propexo."""
    said = event.booking
    if said is None:
        return event
    if source is None:
        source = "(none)"
        settings = replace(settings, sources={source: Source(source, mapping="")})
    try:
        target = target_of(settings, source, said.property)
    except (BridgeError, Parked) as error:
        names_none = said.action is Action.RESCHEDULE and not said.property
        known = isinstance(error, Parked) and (said.action is Action.CANCEL or names_none)
        return _stopped(event, error, may_be_known=known)
    event = replace(event, booking=_with_instant(said, target.property))
    try:
        tour = None if said.action is Action.CANCEL else tour_of(settings, source, said, target, REFERENCE)
        event = replace(event, propexo=_request(said, target.place, tour))
    except (BridgeError, Parked) as error:
        known = isinstance(error, MissingFields) and said.action is Action.RESCHEDULE
        return _stopped(event, error, may_be_known=known)
    return replace(event, remarks=tuple(_remarks(said, target, tour))) if tour else event


def _stopped(event: Preview, error: Exception, *, may_be_known: bool) -> Preview:
    """What this event lacks, the booking that it changes may have."""
    if may_be_known:
        told = f"Unless the booking that it changes is known and has it: {error}"
        return replace(event, remarks=(*event.remarks, told))
    return replace(event, errors=(*event.errors, _told(str(error))))


def _told(message: str) -> dict[str, str | None]:
    return {"field": None, "message": message}


def _with_instant(said: Booking, found: Property) -> Booking:
    if said.starts_at or said.starts_at_local is None:
        return said
    try:
        return replace(said, starts_at=start_of(said, found))
    except Parked:
        return said  # where the start matters, building the request says why


def _request(said: Booking, place: Place, tour: Tour | None) -> dict[str, Any]:
    path = "/v1/events/appointments/leads"
    if tour is None:
        return _call("POST", f"{path}/cancel", cancel_body(place, APPOINTMENT_ID))
    if said.action is Action.RESCHEDULE:
        return _call("PUT", f"{path}/{APPOINTMENT_ID}", update_body(place, tour))
    return _call("POST", path, create_body(place, said.lead_id or LEAD_ID, tour))


def _call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "path": path, "body": body}


def _remarks(said: Booking, target: Target, tour: Tour) -> Iterator[str]:
    profile, contact, key = target.place.profile, said.contact, target.property.key
    names = left_out(said, tour)
    if names:
        yield f"It goes out without {', '.join(names)}: no crosswalk of properties.{key} knows it."
    dropped = dropped_fields(profile, "update" if said.action is Action.RESCHEDULE else "create", tour)
    if dropped:
        yield f"{profile.name} does not take {', '.join(dropped)}."
    if said.action is Action.BOOK and not said.lead_id:
        person = Person(contact.first_name, contact.last_name, contact.email, contact.phone, REFERENCE)
        try:
            lead_body(target.place, person)
        except BridgeError as error:
            yield f"If this person is not a lead yet: {error}"
