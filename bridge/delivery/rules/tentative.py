"""A tour that a renter asks for and that is not confirmed yet: booked, held until it is confirmed, or made a lead."""

from datetime import datetime

from bridge.clock import readable
from bridge.delivery.rules import slots
from bridge.delivery.rules.booking_state import event_time, state_decided_since, with_request
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.in_flight import poll_again
from bridge.delivery.rules.leads import NewLead, find_lead
from bridge.delivery.rules.outcomes import WAIT_FOR_CONFIRMING, Reason
from bridge.delivery.rules.record_cache import look_up
from bridge.delivery.rules.resolve import TourTarget, resolve_ids, start_of, target_of
from bridge.delivery.rules.state import Ignore, Park, Read, Snapshot, StepDecision, Wait, Written
from bridge.mapping.base import Mapping
from bridge.mapping.booking import BookingRequest
from bridge.mapping.sources import MappedSource
from bridge.settings import Settings
from bridge.settings import Source as SourceSettings


def policy(settings: SourceSettings, mapping: Mapping) -> str:
    """What becomes of such a tour: `book`, `hold` or `lead_only`."""
    return settings.on_request or mapping.on_request


def is_held(source: MappedSource, request: BookingRequest) -> bool:
    """Whether a request is tentative and its source does not book such tours like any other."""
    return request.requested and policy(source.settings, source.mapping) != "book"


def handle(
    snapshot: Snapshot, booking: BookingRow, request: BookingRequest, settings: Settings, now: datetime
) -> StepDecision:
    """Make the person a lead, or wait for the event that confirms the tour."""
    source = snapshot.interpretation.source
    assert source is not None  # what has no source is parked before
    moment = event_time(snapshot.event, request.action)
    if state_decided_since(booking, moment):
        return StepDecision(Ignore(Reason.SUPERSEDED, "Another event of this booking has decided."), snapshot)
    tour = with_request(booking, request, moment)
    target = target_of(settings, booking.source, tour.property, snapshot.aliases)
    if isinstance(target, Park):
        return StepDecision(target, snapshot)
    lead_only = policy(source.settings, source.mapping) == "lead_only"
    if not lead_only or tour.starts_at or tour.starts_at_local:
        start = start_of(tour, target.property)
        if isinstance(start, Park):
            return StepDecision(start, snapshot)
        snapshot = snapshot.having(start=start)
    if lead_only:
        return _make_lead(snapshot, tour, target, settings, now)
    reserved = slots.reserve(snapshot, booking, target, tour, now)
    if isinstance(reserved, Park | Read):
        return StepDecision(reserved, snapshot)
    snapshot = reserved
    detail = f"{_summary(snapshot, tour, target)}; it is not confirmed."
    code = booking.reference_code
    wait = poll_again(snapshot, WAIT_FOR_CONFIRMING, Reason.REQUESTED, detail, now, waiting_on=code)
    return StepDecision(wait, snapshot)


def _make_lead(
    snapshot: Snapshot, tour: BookingRequest, target: TourTarget, settings: Settings, now: datetime
) -> StepDecision:
    """The office calls the person: what was asked for is in the notes of a new lead."""
    place = target.place
    resolved = resolve_ids(
        settings,
        snapshot.event.source,
        tour,
        target,
        lambda kind, name: look_up(snapshot, place, kind, name, now),
    )
    if isinstance(resolved, Read):
        return StepDecision(resolved, snapshot)
    snapshot = snapshot.having(unknown=resolved.unknown)
    wish = ". ".join(filter(None, (_summary(snapshot, tour, target), tour.notes)))
    new = NewLead(resolved.ids.get("employee_id"), resolved.ids.get("lead_source_id"), wish)
    found = find_lead(snapshot, target, tour, new, now)
    written = Written(Reason.LEAD_ONLY, f"{wish}. The person is a lead in {place.profile.name}.")
    if isinstance(found, StepDecision):
        is_made = isinstance(found.step, Wait) and found.step.reason is Reason.LEAD_ID
        return StepDecision(written, found.snapshot) if is_made else found
    return StepDecision(written, found[0])


def _summary(snapshot: Snapshot, tour: BookingRequest, target: TourTarget) -> str:
    contact, zone = tour.contact, target.property.time_zone
    name = " ".join(filter(None, (contact.first_name, contact.last_name))) or contact.email or contact.phone
    start = snapshot.start
    when = f" on {readable(start, zone)}" if start else ""
    return f"{name or 'Someone'} asks for a tour{when}"
