"""The one decision: from a snapshot of everything that matters to the next step of one event.

`decide` is pure: no I/O, no clock, no mutation. The worker, the dry run and the tests use it. A `Read` means that an
answer is missing: it is added to the snapshot, and `decide` runs again. The tables in the docstring of the package say
what becomes of what.
"""

from dataclasses import replace
from datetime import datetime

from bridge.delivery.rules import circuit_breaker, slots, tentative
from bridge.delivery.rules.appointments import (
    adopt_failed,
    cancel,
    create,
    resolve_write,
    update,
)
from bridge.delivery.rules.booking_state import (
    apply_request,
    event_time,
    fill_in,
    find_booking,
    other_renter,
    to_request,
)
from bridge.delivery.rules.confirmed import (
    as_changed_by_hand,
    confirmed_as_known,
    needs_update,
    worth_a_new_one,
)
from bridge.delivery.rules.endings import ended, wait_for_booking, wait_for_link
from bridge.delivery.rules.entities import BookingRow, EventRow
from bridge.delivery.rules.lead_changes import follow_person, is_another_person
from bridge.delivery.rules.leads import end_begun
from bridge.delivery.rules.left_behind import (
    handed_over,
    leave,
    to_cancel_by_hand,
    to_change_by_hand,
)
from bridge.delivery.rules.outcomes import (
    GIVE_UP_AFTER,
    GRACE,
    NOTIFY_BEFORE,
    WAIT_FOR_PREDECESSOR,
    Reason,
)
from bridge.delivery.rules.people import left_of
from bridge.delivery.rules.record_cache import look_up
from bridge.delivery.rules.resolve import TourTarget, property_of, start_of, start_passed, target_of, tour_of
from bridge.delivery.rules.same_tour import link
from bridge.delivery.rules.shadow import decide_shadow, is_shadow
from bridge.delivery.rules.state import Ignore, Park, Read, Snapshot, Step, StepDecision, Wait, Write
from bridge.keys import contact_key
from bridge.mapping.booking import Action, BookingRequest
from bridge.models import BookingState, Status
from bridge.propexo.carried import not_carried
from bridge.propexo.tours import Tour
from bridge.settings import Settings

CHANGES_A_BOOKING = (Action.BOOK, Action.RESCHEDULE, Action.CANCEL)

PARKED_INSTEAD = {
    Reason.REQUESTED: Reason.REQUESTED,
    Reason.NEEDS_DETAILS: Reason.NEEDS_DETAILS,
    Reason.LEAD_ID: Reason.NOT_FOUND,
    Reason.APPOINTMENT_ID: Reason.NOT_FOUND,
    Reason.CONFIRMATION: Reason.UNCONFIRMED,
    Reason.OUTCOME_UNKNOWN: Reason.AMBIGUOUS,
    Reason.PMS_UNAVAILABLE: Reason.PMS_REFUSED,
}
"""What an event is parked for when its wait was too long; for any other wait it is `gave_up`."""


def decide(snapshot: Snapshot, settings: Settings, now: datetime) -> StepDecision:
    """Return what happens next to the event, and the snapshot with what was concluded."""
    if is_shadow(settings, snapshot.event):
        decision = decide_shadow(snapshot, lambda known: _decide(known, settings, now))
    else:
        decision = _decide(snapshot, settings, now)
    step = circuit_breaker.before_call(decision.step, decision.snapshot, now)
    snapshot = decision.snapshot
    if isinstance(step, Read | Write):
        integration_id = step.call.integration_id if isinstance(step, Read) else step.integration_id
        snapshot = snapshot.with_event(integration_id=integration_id)
    if isinstance(step, Wait):
        if step.reason is Reason.INTEGRATION_PAUSED and step.waiting_on:
            snapshot = snapshot.with_event(integration_id=step.waiting_on.partition(":")[2])
        step = in_time(step, snapshot.event, snapshot.start, now)
    return StepDecision(step, snapshot)


def _decide(snapshot: Snapshot, settings: Settings, now: datetime) -> StepDecision:
    source = settings.sources.get(snapshot.event.source)
    snapshot = snapshot.with_event(property_key=source.property if source else None)
    stopped = _before_the_booking(snapshot, now)
    if stopped is not None:
        return StepDecision(stopped, _concluded(snapshot, stopped))
    snapshot = snapshot.with_event(action=snapshot.interpretation.translated_action)
    request = snapshot.interpretation.request
    assert request is not None  # `_before_the_booking` stops all else
    if request.contact_id:
        if request.contact.email or request.contact.phone:
            snapshot = snapshot.having(learned_contact=request.contact)
        elif snapshot.person_predecessor is not None:
            return StepDecision(_wait_for(snapshot.person_predecessor, "person", now), snapshot)
        else:
            snapshot = snapshot.having(uses_contact=True)
            request = fill_in(request, snapshot.contact)
    return _reach(snapshot, request, settings, now)


def _before_the_booking(snapshot: Snapshot, now: datetime) -> Step | None:
    """What keeps an event from changing its booking, if anything does."""
    read = snapshot.interpretation
    if read.action is None:
        return read.problem
    if read.action in CHANGES_A_BOOKING and snapshot.predecessor is not None:
        return _wait_for(snapshot.predecessor, "booking", now)
    if read.actor_is_ignored is not None:
        detail = f'Changed by "{read.actor_is_ignored}", which `ignore_changes_by` of the source lists.'
        return Ignore(Reason.ECHO, detail)
    if snapshot.echoed:
        detail = f"Its text holds {snapshot.echoed}, the bridge's own reference of a written tour."
        return Ignore(Reason.ECHO, detail)
    if snapshot.newer is not None:
        detail = f"Event {snapshot.newer} is a later change of this booking and covers both."
        return Ignore(Reason.SUPERSEDED, detail)
    if read.enrich or read.problem:
        return read.enrich or read.problem
    if read.request is None:
        reason = Reason.UNKNOWN_EVENT if read.is_unknown else Reason.NOT_FORWARDED
        return Ignore(reason, read.ignored or "")
    if read.request.action is Action.REMEMBER:
        contact_id = read.request.contact_id or read.request.reference
        detail = f'Person "{contact_id}" is known for tours that name no more than this id.'
        return Ignore(Reason.REMEMBERED, detail)
    if read.request.action is Action.NO_SHOW:
        return Ignore(Reason.NO_SHOW, "The renter did not come. No PMS accepts a no-show through Propexo.")
    return None


def _concluded(snapshot: Snapshot, step: Step) -> Snapshot:
    """What is stored of an event that changes no booking."""
    read = snapshot.interpretation
    if isinstance(step, Ignore | Park) and read.enrich is None and read.translated_action:
        snapshot = snapshot.with_event(action=read.translated_action)
    if isinstance(step, Ignore) and step.reason is Reason.REMEMBERED and read.request is not None:
        return snapshot.having(learned_contact=read.request.contact)
    if isinstance(step, Ignore) and step.reason is Reason.NO_SHOW and snapshot.event.reference:
        return snapshot.with_event(booking_id=snapshot.links.get(snapshot.event.reference))
    return snapshot


def _wait_for(predecessor: int, shared: str, now: datetime) -> Wait:
    detail = f"Event {predecessor} of the same {shared} is still on its way."
    return Wait(
        now + WAIT_FOR_PREDECESSOR, Status.WAITING, Reason.EARLIER_EVENT, detail, f"event:{predecessor}"
    )


def _reach(snapshot: Snapshot, request: BookingRequest, settings: Settings, now: datetime) -> StepDecision:
    """Merge the request into its booking, then bring the PMS closer to what the booking is to be."""
    merged = _merge(snapshot, request, settings, now)
    if isinstance(merged, Park):
        return StepDecision(merged, snapshot)
    snapshot, booking, is_held = merged
    if is_held:
        return tentative.handle(snapshot, booking, request, settings, now)
    without = _end_duplicates(snapshot, settings, now)
    if isinstance(without, StepDecision):
        return without
    snapshot, booking = without, without.booking or booking
    resolved = resolve_write(snapshot, booking, settings, now)
    if isinstance(resolved, StepDecision):
        return resolved
    adopted = adopt_failed(resolved, resolved.booking or booking, settings)
    if isinstance(adopted, StepDecision):
        return adopted
    snapshot, booking = adopted, adopted.booking or booking
    if booking.desired_state == BookingState.CANCELLED:
        if booking.is_in_pms:
            # Before the cancel forgets what is left of the appointment before this one.
            over = handed_over(snapshot, booking, settings)
            return StepDecision(over[1], over[0]) if over else cancel(snapshot, booking, settings, now)
        begun = _end_begun_lead(snapshot, booking, settings, now)
        if isinstance(begun, StepDecision):
            return begun
        return ended(begun, request.action, booking, settings)
    return _reach_booked(snapshot, booking, request.action, settings, now)


def _merge(
    snapshot: Snapshot, request: BookingRequest, settings: Settings, now: datetime
) -> tuple[Snapshot, BookingRow, bool] | Park:
    """The booking of the event with the request merged into it, and whether the request is held as tentative."""
    source = snapshot.interpretation.source
    assert source is not None
    held = tentative.is_held(source, request)
    snapshot = find_booking(snapshot, now)
    assert snapshot.booking is not None
    reused = other_renter(snapshot.booking, request.contact)
    if reused and snapshot.event.replayed_at is None:
        detail = f'Booking "{snapshot.event.reference}" is of {reused[0]}; this event names {reused[1]}.'
        return Park(Reason.REFERENCE_REUSED, detail)
    moment = event_time(snapshot.event, request.action)
    source_name = snapshot.event.source
    booking = apply_request(snapshot.booking, request, moment, sets_state=not held, source=source_name)
    if not held:
        snapshot, booking = link(snapshot, booking, settings)
    key = property_of(settings, snapshot.event.source, booking, snapshot.aliases)
    snapshot = snapshot.having(booking=booking).with_event(booking_id=booking.id, property_key=key)
    return snapshot, booking, held


def _end_duplicates(snapshot: Snapshot, settings: Settings, now: datetime) -> Snapshot | StepDecision:
    """Cancel the appointments of rows that turned out to be the same booking."""
    for duplicate in snapshot.duplicates:
        resolved = resolve_write(snapshot, duplicate, settings, now)
        if isinstance(resolved, StepDecision):
            return resolved
        snapshot = resolved
        current = next(candidate for candidate in snapshot.duplicates if candidate.id == duplicate.id)
        left = to_cancel_by_hand(current, settings) if current.is_in_pms else None
        if left and snapshot.booking is not None and snapshot.booking.is_in_pms:
            snapshot = leave(snapshot, snapshot.booking, current, left)
        elif current.is_in_pms:
            return cancel(snapshot, current, settings, now)
    return snapshot


def _end_begun_lead(
    snapshot: Snapshot, booking: BookingRow, settings: Settings, now: datetime
) -> Snapshot | StepDecision:
    """A tour that is no longer wanted leaves no write of a lead behind whose outcome is unknown."""
    tour_request = to_request(booking.fields)
    target = target_of(settings, booking.source, tour_request.property, snapshot.aliases)
    if isinstance(target, Park):
        return snapshot
    return end_begun(snapshot, target.place, tour_request.contact, now)


def _reach_booked(
    snapshot: Snapshot, booking: BookingRow, action: Action, settings: Settings, now: datetime
) -> StepDecision:
    tour_request = to_request(booking.fields)
    contact = contact_key(tour_request.contact.email, tour_request.contact.phone)
    if not booking.is_in_pms and not contact and not tour_request.lead_id:
        return StepDecision(wait_for_booking(snapshot, booking, tour_request, now), snapshot)
    target = target_of(settings, booking.source, tour_request.property, snapshot.aliases)
    if isinstance(target, Park):
        return StepDecision(target, snapshot)
    start = start_of(tour_request, target.property)
    if isinstance(start, Park):
        return StepDecision(start, snapshot)
    snapshot = snapshot.having(start=start)
    place, code = target.place, booking.reference_code
    resolved = tour_of(
        settings,
        booking.source,
        tour_request,
        target,
        code,
        lambda kind, name: look_up(snapshot, place, kind, name, now),
    )
    if isinstance(resolved, Park | Read):
        return StepDecision(resolved, snapshot)
    tour, ids = resolved
    snapshot = snapshot.having(unknown=ids.unknown)
    taken = slots.take(snapshot, booking, target, tour_request, tour, now)
    if isinstance(taken, Park | Read):
        return StepDecision(taken, snapshot)
    snapshot, tour = taken, slots.with_agent(taken, booking, tour)
    if booking.is_in_pms:
        return _change(snapshot, booking, target, tour, tour_request, action, settings, now)
    if tour.starts_at <= now:
        return StepDecision(start_passed(tour, target.property), snapshot)
    overtaken = wait_for_link(snapshot, booking, tour, now)
    if overtaken is not None:
        return StepDecision(overtaken, snapshot)
    return create(snapshot, booking, target, tour, tour_request, now)


def _change(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    tour: Tour,
    request: BookingRequest,
    action: Action,
    settings: Settings,
    now: datetime,
) -> StepDecision:
    """Bring the appointment of a booking to what its events say."""
    contact = request.contact
    if booking.property_key != target.property.key or is_another_person(booking, contact):
        # An appointment can move to no other property, nor become another person's.
        left = to_cancel_by_hand(booking, settings)
        if left is None:
            return cancel(snapshot, booking, settings, now)
        if tour.starts_at <= now:
            return StepDecision(start_passed(tour, target.property), snapshot)
        left = " ".join(filter(None, (left_of(booking), left)))
        return create(snapshot, booking, target, tour, request, now, left=left)
    followed = follow_person(snapshot, booking, target, tour, contact, now)
    if isinstance(followed, StepDecision):
        return followed
    snapshot, tour = followed
    before = confirmed_as_known(booking, tour)
    lost = not_carried(target.place.profile, before, tour)
    if not lost and not needs_update(target, booking, tour):
        return ended(snapshot, action, booking, settings, tour)
    if tour.starts_at <= now:
        return StepDecision(start_passed(tour, target.property), snapshot)
    if worth_a_new_one(target, before, tour):
        return cancel(snapshot, booking, settings, now)
    left = to_change_by_hand(target, lost) if lost else None
    if left and not needs_update(target, booking, tour):
        booking = as_changed_by_hand(booking, target, tour, contact, left)
        return ended(snapshot.with_owner(booking), action, booking, settings)
    return update(snapshot, booking, target, tour, contact, now, left=left)


def in_time(wait: Wait, event: EventRow, start: datetime | None, now: datetime) -> Wait | Park:
    """The same wait, no longer than an operator can still act; after that moment the event is parked."""
    deadline = deadline_of(event, start)
    if wait.until <= deadline:
        return wait
    if now < deadline:
        return replace(wait, until=deadline)
    reason = PARKED_INSTEAD.get(wait.reason, Reason.GAVE_UP)
    detail = f"It has not come in time for the tour, or within three days. {wait.detail} {reason.advice}"
    return Park(reason, detail)


def deadline_of(event: EventRow, start: datetime | None) -> datetime:
    """A quarter of an hour before the tour, or five minutes after an event that came later than that."""
    since = event.replayed_at or event.received_at
    if start is None:
        return since + GIVE_UP_AFTER
    grace = since + GRACE
    notify_by = max(start - NOTIFY_BEFORE, grace if start <= since else min(start, grace))
    return min(notify_by, since + GIVE_UP_AFTER)
