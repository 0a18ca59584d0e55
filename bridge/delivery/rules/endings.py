"""How an event ends whose booking is as it is to be, and how it waits for what says which booking it is of."""

from datetime import datetime

from bridge.delivery.rules.booking_state import contact_code, is_superseded
from bridge.delivery.rules.confirmed import confirmed_tour
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.in_flight import poll_again, polls_for
from bridge.delivery.rules.lead_changes import shown
from bridge.delivery.rules.left_behind import handed_over
from bridge.delivery.rules.outcomes import GRACE, NOTIFY_BEFORE, WAIT_FOR_BOOKING, WAIT_FOR_LINK, Reason
from bridge.delivery.rules.resolve import target_at
from bridge.delivery.rules.same_tour import link_sentence
from bridge.delivery.rules.state import Ignore, Park, Snapshot, StepDecision, Wait, Written
from bridge.delivery.rules.timeline import statements_of
from bridge.mapping.booking import Action, BookingRequest
from bridge.models import BookingState
from bridge.propexo.bodies import dropped_fields
from bridge.propexo.tours import Tour
from bridge.settings import Settings


def wait_for_booking(
    snapshot: Snapshot, booking: BookingRow, tour: BookingRequest, now: datetime
) -> Wait | Park:
    """For the event that says who it is about: an earlier one of the booking, or one of the person."""
    named, reason = f'booking "{snapshot.event.reference}"', Reason.UNKNOWN_BOOKING
    waiting_on = booking.reference_code
    if tour.contact_id:
        named, reason = f'person "{tour.contact_id}"', Reason.UNKNOWN_CONTACT
        waiting_on = contact_code(snapshot.event.source, tour.contact_id)
    if polls_for(snapshot, reason) >= len(WAIT_FOR_BOOKING):
        return Park(reason, f"It names {named}, of which nothing ever arrived, and no person to book for.")
    detail = f"It names {named}, which the bridge does not know yet, and no e-mail or phone."
    return poll_again(snapshot, WAIT_FOR_BOOKING, reason, detail, now, waiting_on=waiting_on)


def wait_for_link(snapshot: Snapshot, booking: BookingRow, tour: Tour, now: datetime) -> Wait | None:
    """For the move before this one, where the booking that it names is not known: it may have been overtaken."""
    event = snapshot.event
    is_unknown = not snapshot.bookings or (
        event.reason == Reason.UNKNOWN_BOOKING and len(statements_of(booking)) <= 1
    )
    looks = polls_for(snapshot, Reason.UNKNOWN_BOOKING)
    if not event.previous_reference or not is_unknown or looks >= len(WAIT_FOR_LINK):
        return None
    if tour.starts_at - now <= GRACE + NOTIFY_BEFORE:
        return None
    detail = f'It moves booking "{event.previous_reference}", which the bridge does not know yet.'
    return poll_again(
        snapshot,
        WAIT_FOR_LINK,
        Reason.UNKNOWN_BOOKING,
        detail,
        now,
        waiting_on=booking.reference_code,
    )


def ended(
    snapshot: Snapshot, action: Action, booking: BookingRow, settings: Settings, tour: Tour | None = None
) -> StepDecision:
    """The end of an event whose booking is as it is to be. `tour`: what it is to be, if it is to be booked."""
    over = handed_over(snapshot, booking, settings)
    if over is not None:
        return StepDecision(over[1], over[0])
    return StepDecision(_done(snapshot, action, booking, settings, tour), snapshot)


def confirmed_sentence(booking: BookingRow, settings: Settings, tour: Tour | None) -> str:
    """What the PMS has confirmed of the tour that is to be: all of it, or what could not be compared or stored."""
    target = target_at(settings, booking.property_key)
    kept = booking.confirmed_tour or {}
    if isinstance(target, Park) or not kept or tour is None:
        return "The event changes nothing. What the PMS has could not be compared with it."
    dropped = dropped_fields(target.place.profile, "create", confirmed_tour(booking))
    lost = [name for name in dropped if name != "lead_source_id"]  # that is the lead's
    if lost:
        return f"The PMS has confirmed this tour, and has no place for {', '.join(lost)}."
    unknown = [name.replace("_", " ") for name in Tour.__dataclass_fields__ if name not in kept]
    if unknown:
        return f"The PMS has confirmed this tour. Not kept, so not compared: {', '.join(unknown)}."
    return "The PMS has confirmed exactly this tour."


def _done(
    snapshot: Snapshot, action: Action, booking: BookingRow, settings: Settings, tour: Tour | None
) -> Ignore | Written:
    event = snapshot.event
    linked = link_sentence(booking)
    if event.propexo_job_id:
        detail = " ".join(filter(None, (linked, shown(booking)))) or None
        return Written(Reason.LINKED if linked else None, detail)
    if linked and event.source != booking.source and action is not Action.CANCEL:
        return Ignore(Reason.LINKED, linked)
    if booking.desired_state == BookingState.CANCELLED and action is Action.CANCEL:
        return Ignore(Reason.NOTHING_TO_CANCEL, "No appointment was written for this booking.")
    if is_superseded(event, action, booking):
        return Ignore(Reason.SUPERSEDED, "A newer event of this booking has decided.")
    return Ignore(Reason.ALREADY_WRITTEN, confirmed_sentence(booking, settings, tour))
