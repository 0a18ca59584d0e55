"""Correct a payload: the mapping reads it first, and the original is kept beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge import search_index as terms
from bridge.aliases import Aliases
from bridge.delivery.rules.booking_state import event_time, reapply_edited
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.storage.rows import booking_row
from bridge.errors import BridgeError, DecodingError, NotAuthenticError
from bridge.events import history as lineage
from bridge.events.detail import mapping_of
from bridge.events.history import OperatorAction
from bridge.events.query import booking_has_reference
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import IncomingEvent, RequestMetadata, lock_of, split_events
from bridge.keys import key
from bridge.mapping.base import Mapping as MappingSchema
from bridge.mapping.conversation import CHOSEN_TIME, OfferedTimes
from bridge.mapping.corrected import CorrectedFields
from bridge.mapping.fields import Fingerprint
from bridge.mapping.paths import DecodedRequest
from bridge.mapping_checks.preview import Preview, preview_event, resolved
from bridge.models import Booking, BookingState, Event, Status
from bridge.settings import Settings

REPAIRABLE = (Status.PARKED, Status.DISMISSED, Status.IGNORED)
JSON = "application/json"
MOST_PATHS = 20
"""Changed places that the history names."""


class NotRepairableError(BridgeError):
    """This event cannot be corrected."""

    code = "not_repairable"


@dataclass(frozen=True)
class Correction:
    """A corrected payload, as the mapping reads it."""

    event_id: int
    before: bytes
    """The body that was corrected; another one by now must not be overwritten."""
    arrival: IncomingEvent
    read: Preview
    keeps_reference: bool
    """The sender's id is made of the payload's values: its other events may still carry the old one."""
    changed: tuple[str, ...]
    """The paths of what is different now."""
    unreadable: tuple[dict[str, str | None], ...]
    """What keeps the mapping from reading it, as in `Preview.errors`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What is stored beside the payload from now on."""


def edit_as_json(correction: Correction, *, queued: bool) -> dict[str, Any]:
    """How a corrected payload is read, as the API answers it."""
    return {
        "changed": list(correction.changed),
        "unreadable": list(correction.unreadable),
        "reading": correction.read.as_json(),
        "queued": queued,
    }


def repairable(event: Event) -> None:
    """Raises NotRepairableError unless the event has ended without a tour."""
    if event.status not in REPAIRABLE:
        why = "it is still being processed" if not Status(event.status).ended else "its tour is in the PMS"
        raise NotRepairableError(
            f"Event {event.id} is {event.status}: {why}. Only parked, ignored and dismissed events can be edited."
        )
    if event.reason == Reason.TEST:
        raise NotRepairableError(f"Event {event.id} is a test of its source. It is never forwarded.")
    if event.blanked_at is not None:
        raise NotRepairableError(
            f"The payload of event {event.id} has been deleted. Ask the sender to send it again."
        )


def payload_of(event: Event) -> Any:
    """What the event says now. Raises DecodingError."""
    return decode(event.body, event.content_type)


def at_other_time(event: Event, time: OfferedTimes, settings: Settings, aliases: Aliases) -> Correction:
    """The event with another start than the one that it names; nothing is stored.

    Raises:
        DecodingError, NotRepairableError, ConfigurationError: as `correction_of`.
    """
    corrected = CorrectedFields.of(event.headers)
    headers = {
        CHOSEN_TIME: time.as_text(),
        **(corrected.without_start().as_headers() if corrected.values else {}),
    }
    found = correction_of(event, payload_of(event), settings, aliases, headers)
    return replace(found, changed=("start",))


def with_fields(
    event: Event, fields: Mapping[str, str | None], settings: Settings, aliases: Aliases
) -> Correction:
    """The event with other values of these fields (of CORRECTABLE) than its payload has; nothing is stored.

    Raises:
        DecodingError, NotRepairableError, ConfigurationError: as `correction_of`.
    """
    headers = CorrectedFields.of(event.headers).having(fields).as_headers()
    found = correction_of(event, payload_of(event), settings, aliases, headers)
    return replace(found, changed=tuple(fields))


def correction_of(
    event: Event, payload: Any, settings: Settings, aliases: Aliases, headers: Mapping[str, str] | None = None
) -> Correction:
    """Read a corrected payload, with more headers, as if it had come so; nothing is stored.

    Raises:
        NotRepairableError: the event has not ended so, the source is gone, or the payload is a batch or another
            account's.
        ConfigurationError: its mapping is broken.
    """
    repairable(event)
    mapping = mapping_of(settings, event)
    body = json.dumps(payload, ensure_ascii=False, indent=2).encode()
    headers = headers or {}
    metadata = RequestMetadata({**event.headers, **_typed(event), **headers}, event.query)
    arrival = _arrival(
        event, mapping, DecodedRequest(payload, metadata.headers, metadata.query), body, settings
    )
    read = preview_event(mapping, arrival.body, JSON, metadata, {}, event.delivery_id)
    asks = read.received is not None and mapping.asks_for(read.received) is not None
    return Correction(
        event.id,
        event.body,
        arrival,
        resolved(read, settings, event.source, aliases),
        isinstance(mapping.fields.get("reference"), Fingerprint),
        tuple(_changes(event, payload)),
        () if asks else read.errors,  # what the sender's API answers is known only when it runs
        headers,
    )


def _typed(event: Event) -> dict[str, str]:
    return {"content-type": JSON} if "content-type" in event.headers else {}


def _arrival(
    event: Event, mapping: MappingSchema, received: DecodedRequest, body: bytes, settings: Settings
) -> IncomingEvent:
    try:
        arrivals = split_events(mapping, received, body, settings.sources[event.source].tenants)
    except NotAuthenticError as error:
        raise NotRepairableError(
            f"The payload is of an account that `tenants` of the source {event.source} does not list."
        ) from error
    if len(arrivals) != 1:
        raise NotRepairableError(
            f"The payload holds {len(arrivals)} events, and this is one. "
            f"Save it as a file and `bridge import` it, then dismiss event {event.id}."
        )
    return arrivals[0]


def _changes(event: Event, payload: Any) -> Iterator[str]:
    try:
        before = payload_of(event)
    except DecodingError:
        return
    for number, path in enumerate(_different(before, payload, "")):
        if number == MOST_PATHS:
            yield "..."
            return
        yield path or "@"


def _different(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else name
            if name in before and name in after:
                yield from _different(before[name], after[name], inner)
            else:
                yield inner
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _different(old, new, f"{path}[{index}]")
    elif before != after:
        yield path


def save(session: Session, correction: Correction, now: datetime, by: str | None) -> Event:
    """Replace what the event says; it waits for a replay.

    The first body is kept. The delivery id stays, so that the sender's own repetition remains a duplicate.

    Raises:
        NotRepairableError: another user has changed the event meanwhile, or the tour of the old payload may be in
            the PMS, and the corrected one would be a second.
    """
    event = session.get_one(Event, correction.event_id, with_for_update=True)
    if event.status not in REPAIRABLE or event.body != correction.before:
        raise NotRepairableError(
            f"Event {event.id} was changed at the same time. Nothing was saved; reload it and try again."
        )
    envelope = correction.arrival.envelope
    reference, previous = key(envelope.reference), key(envelope.previous_reference)
    if correction.keeps_reference and reference and previous is None and event.reference != reference:
        previous = event.previous_reference or event.reference
    references = [name for name in (reference, previous) if name]
    booking = _booking_of(session, event, references or [event.delivery_id])
    before = event_time(event, event.action) if event.action else None
    if event.original_body is None:
        event.original_body, event.original_content_type = event.body, event.content_type
    event.body, event.content_type = correction.arrival.body, JSON
    event.headers, event.answers = {**event.headers, **_typed(event), **correction.headers}, None
    event.event, event.occurred_at = key(envelope.event), envelope.occurred_at
    event.reference, event.previous_reference = reference, previous
    event.lock = lock_of(session, event.source, envelope, references, event.delivery_id)
    request = correction.read.booking
    if booking is not None and before is not None and request is not None:
        edited = reapply_edited(booking_row(booking), before, request, event_time(event, request.action))
        booking.details = dict(edited.fields)
        booking.changed_at, booking.changed_rank = edited.decided_at, edited.decided_rank
        terms.keep(session, {booking.id: terms.words_in(booking.details)})
    lineage.note(event, now, OperatorAction.EDITED, by, changed=list(correction.changed) or None)
    return event


def _booking_of(session: Session, event: Event, references: list[str]) -> Booking | None:
    """The booking of the event, locked."""
    if event.booking_id is None:
        return None
    booking = session.get_one(Booking, event.booking_id, with_for_update=True)
    in_pms = booking.written_state == BookingState.BOOKED or booking.open_attempt_id is not None
    if in_pms and not booking_has_reference(session, booking, references):
        raise NotRepairableError(
            f"The tour of event {event.id} is in the PMS, or may be, and the corrected payload gives it another "
            "reference: it would be booked a second time. Leave the reference as it is, or do it in the PMS and "
            "dismiss."
        )
    return booking
