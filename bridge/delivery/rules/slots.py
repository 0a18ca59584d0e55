"""The time that a tour holds at its property: taken as the tour is accepted, given back as it ends.

Only properties with `slots` in bridge.toml have such times. Hours, notice and horizon bind those who choose a time, not
a tour that a sender has accepted: here only other tours are in the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.aliases import property_named
from bridge.availability.rules.offers import offers_of
from bridge.availability.rules.slots import (
    IN_PERSON,
    KNOWN_AFTER,
    Busy,
    Obstacle,
    Rules,
    Times,
    free_starts,
    rules_of,
    taken,
)
from bridge.availability.rules.wall_clock import local_date
from bridge.delivery.rules.agents import free_agent
from bridge.delivery.rules.booking_state import to_request
from bridge.delivery.rules.entities import BookingRow, TimeClaim
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.resolve import TourTarget, start_of
from bridge.delivery.rules.state import Call, Park, Read, SlotChange, Snapshot, StepDecision
from bridge.mapping.booking import BookingRequest
from bridge.models import BookingState
from bridge.propexo import pms
from bridge.propexo.tours import Tour
from bridge.settings import Property, Settings

FRESH = timedelta(seconds=30)
"""So old may be what the PMS offers when a time is taken."""
AROUND = timedelta(days=2)
"""Before and after a start: holds its whole day, and where else the tour could go."""
MOST_NEAREST = 4
REFUSED = (Reason.REJECTED, Reason.PMS_REFUSED, Reason.NOT_SUPPORTED, Reason.START_PASSED)
"""A tour that is parked for one of them is not in the PMS, and nothing brings it there as it is."""


def slot_windows(snapshot: Snapshot, settings: Settings) -> Iterable[tuple[str, datetime, datetime]]:
    """Where and when the taken times matter to an event: the key of a property, from when to when."""
    request, source = snapshot.interpretation.request, settings.sources.get(snapshot.event.source)
    requests = [to_request(row.fields) for row in snapshot.bookings] + ([request] if request else [])
    names = {wanted.property for wanted in requests} | {source.property if source else None}
    for name in names - {None}:
        place = property_named(settings, name or "", snapshot.aliases)
        if place is None or place.slots is None:
            continue
        for wanted in requests:
            start = start_of(wanted, place)
            if isinstance(start, datetime):
                yield place.key, start - AROUND, start + AROUND


def take(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    request: BookingRequest,
    tour: Tour,
    now: datetime,
) -> Snapshot | Park | Read:
    """Let the booking hold the time of its tour.

    Returns:
        A `Park` where other tours have it; a `Read` where the PMS has to be asked first.
    """
    place, start = target.property, snapshot.start
    if place.slots is None or start is None or start <= now:
        return snapshot
    claim, rules = _claim_of(booking, place, place.slots.minutes, request, start)
    length = claim.ends_at - claim.starts_at
    held = held_by(snapshot, booking.id)
    is_held = held is not None and replace(claim, agent=held.agent) == held
    if is_held and not (offers_times(place) and _is_confirmed_now(snapshot, booking)):
        return snapshot
    if rules is None or _is_there(booking, place, start):
        return snapshot.having(slot=SlotChange(claim))
    known = _as_offered(snapshot, booking, target, rules, start, length, now)
    if isinstance(known, Read):
        return known
    obstacle = taken(_with_claims(known, snapshot, booking), start, length)
    if obstacle is None:
        agent = free_agent(snapshot, booking, target, tour, known, start, now)
        if isinstance(agent, Read):
            return agent
        return snapshot.having(slot=SlotChange(replace(claim, agent=agent), known))
    if place.slots.on_taken == "book":
        return snapshot.having(slot=SlotChange(claim))
    return Park(Reason.SLOT_TAKEN, _sentence(obstacle, snapshot, booking, known, start, now))


def reserve(
    snapshot: Snapshot, booking: BookingRow, target: TourTarget, request: BookingRequest, now: datetime
) -> Snapshot | Park | Read:
    """Let a tour that is not confirmed yet hold its time, which `take` checks again once it is confirmed.

    Returns the same as `take`.
    """
    place, start = target.property, snapshot.start
    if place.slots is None or start is None or start <= now or booking.is_in_pms:
        return snapshot
    claim, rules = _claim_of(booking, place, place.slots.minutes, request, start)
    if held_by(snapshot, booking.id) == claim:
        return snapshot
    if rules is None or place.slots.on_taken == "book":
        return snapshot.having(slot=SlotChange(claim))
    length = claim.ends_at - claim.starts_at
    known = _as_offered(snapshot, booking, target, rules, start, length, now)
    if isinstance(known, Read):
        return known
    obstacle = taken(_with_claims(known, snapshot, booking), start, length)
    if obstacle is not None:
        return Park(Reason.SLOT_TAKEN, _sentence(obstacle, snapshot, booking, known, start, now))
    return snapshot.having(slot=SlotChange(claim, known))


def _is_confirmed_now(snapshot: Snapshot, booking: BookingRow) -> bool:
    """Whether this event confirms a tour that held its time as a request."""
    stored = next((row for row in snapshot.bookings if row.id == booking.id), None)
    return stored is not None and stored.desired_state == BookingState.UNWRITTEN


def _claim_of(
    booking: BookingRow, place: Property, usual_minutes: int, request: BookingRequest, start: datetime
) -> tuple[TimeClaim, Rules | None]:
    """The time that a tour takes, and the rules for its kind."""
    kind = request.kind.value if request.kind else IN_PERSON
    rules = rules_of(place, kind)
    minutes = request.duration_minutes or usual_minutes
    length = timedelta(minutes=minutes) if request.duration_minutes or rules is None else rules.length
    return TimeClaim(booking.id, place.key, kind, start, start + length), rules


def offers_times(place: Property) -> bool:
    """Whether the PMS of a property is asked which times are free."""
    return place.slots is not None and pms.profile_of(place.pms).offers_times


def _as_offered(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    rules: Rules,
    start: datetime,
    length: timedelta,
    now: datetime,
) -> Times | Read:
    """The rules of a property with what its PMS offers on that day; without, where it is not asked, or cannot be."""
    place = target.place
    if not offers_times(target.property) or _overlaps_itself(booking, target.property, start, length):
        return Times(rules)
    day = local_date(start, place.zone)
    call = Call.of(
        "appointment_availability",
        place.integration_id,
        integration_id=place.integration_id,
        property_id=place.property_id,
        first=day,
        days=1,
        minutes=int(length.total_seconds()) // 60,
        calendar_types=place.profile.calendar_types,
    )
    kept = snapshot.calendars.get((place.integration_id, place.property_id))
    if call in snapshot.answers:
        if snapshot.answers[call] is None:
            return Times(rules)
        # It was asked after the claims were loaded: the PMS counts all that were written by then.
        calendars, fetched_at = [asdict(answer) for answer in snapshot.answers[call]], now + KNOWN_AFTER
    elif kept is not None and _covers(kept.records, day):
        calendars, fetched_at = [dict(record) for record in kept.records], kept.fetched_at
    else:
        return Read(call)
    offers = offers_of(calendars, rules.kind, place.zone, length, now)
    return Times(rules, (), offers, None if offers is None else fetched_at)


def _covers(calendars: Sequence[Mapping[str, Any]], day: date) -> bool:
    return any(listed["date"] == day.isoformat() for calendar in calendars for listed in calendar["days"])


def _overlaps_itself(booking: BookingRow, place: Property, start: datetime, length: timedelta) -> bool:
    """Whether the tour moves by less than its own length: the PMS cannot offer what it has itself."""
    tour = booking.confirmed_tour
    if not (tour and booking.is_in_pms and booking.property_key == place.key):
        return False
    before = datetime.fromisoformat(tour["starts_at"])
    return abs(start - before) < max(length, timedelta(minutes=tour.get("duration_minutes") or 0))


def with_agent(snapshot: Snapshot, booking: BookingRow, tour: Tour) -> Tour:
    """The tour with the agent of the time that it holds, if that names one."""
    claim = snapshot.slot.claim if snapshot.slot else held_by(snapshot, booking.id)
    is_its = claim is not None and claim.starts_at == tour.starts_at
    return replace(tour, employee_id=claim.agent) if claim and is_its and claim.agent else tour


def settle(decision: StepDecision) -> Snapshot:
    """The snapshot with what the end of a run means for the time that its booking holds."""
    snapshot, step = decision.snapshot, decision.step
    booking = snapshot.booking
    if booking is None or (snapshot.slot is None and not snapshot.claims):
        return snapshot
    if booking.desired_state == BookingState.CANCELLED:
        is_held = any(held_by(snapshot, row.id) for row in (booking, *snapshot.duplicates))
        return snapshot.having(slot=SlotChange(None) if is_held else None)
    if snapshot.slot is None and any(held_by(snapshot, row.id) for row in snapshot.duplicates):
        return snapshot.having(slot=SlotChange(held_by(snapshot, booking.id)))
    if isinstance(step, Park) and step.reason is Reason.SLOT_TAKEN and not booking.may_be_in_pms:
        held = held_by(snapshot, booking.id)
        has_lost_it = held is not None and held.starts_at == snapshot.start
        return snapshot.having(slot=SlotChange(None) if has_lost_it else snapshot.slot)
    if isinstance(step, Park) and step.reason in REFUSED and not booking.in_flight_attempt_id:
        return snapshot.having(slot=SlotChange(_as_confirmed(snapshot, booking)))
    return snapshot


def held_by(snapshot: Snapshot, booking_id: int | None) -> TimeClaim | None:
    """The time that a booking holds."""
    if booking_id is None:
        return None
    return next((claim for claim in snapshot.claims if claim.booking_id == booking_id), None)


def _as_confirmed(snapshot: Snapshot, booking: BookingRow) -> TimeClaim | None:
    """The time of the tour that the PMS has, after a change of it was refused."""
    tour, held = booking.confirmed_tour, held_by(snapshot, booking.id)
    change = snapshot.slot.claim if snapshot.slot else None
    last = change or held
    if not (booking.is_in_pms and tour and last and booking.property_key):
        return None
    start = datetime.fromisoformat(tour["starts_at"]).astimezone(UTC)
    length = timedelta(minutes=tour.get("duration_minutes") or 0) or last.ends_at - last.starts_at
    return replace(last, property_key=booking.property_key, starts_at=start, ends_at=start + length)


def _is_there(booking: BookingRow, place: Property, start: datetime) -> bool:
    """Whether the PMS has the tour at this time already."""
    tour = booking.confirmed_tour
    same_place = booking.is_in_pms and booking.property_key == place.key
    return bool(same_place and tour and datetime.fromisoformat(tour["starts_at"]) == start)


def _with_claims(known: Times, snapshot: Snapshot, booking: BookingRow) -> Times:
    """What is taken, without what the booking holds, or rows that turned out to be the same booking."""
    own = {booking.id, *(row.id for row in (*snapshot.bookings, *snapshot.duplicates))}
    claims = [claim for claim in snapshot.claims if claim.booking_id not in own]
    return replace(known, busy=[*known.busy, *map(as_busy, claims)])


def as_busy(claim: TimeClaim) -> Busy:
    """A claim as a taken time."""
    return Busy(
        claim.starts_at, claim.ends_at, claim.kind, claim.booking_id, claim.agent, claim.written_since
    )


def _sentence(
    obstacle: Obstacle, snapshot: Snapshot, booking: BookingRow, known: Times, start: datetime, now: datetime
) -> str:
    zone = known.rules.zone
    cause = {
        Obstacle.FULL_DAY: "has as many tours as there may be on one day",
        Obstacle.NOT_OFFERED: "is not offered by the PMS",
    }.get(obstacle, "is taken by another tour")
    free = nearest(_with_claims(known, snapshot, booking), start, now)
    listed = ", ".join(_shown(free_start, zone) for free_start in free)
    advice = f"The nearest free times: {listed}." if listed else "No other time is free within a day of it."
    return f"{_shown(start, zone)} {cause}. {advice}"


def _shown(start: datetime, zone: ZoneInfo) -> str:
    return f"{start.astimezone(zone):%Y-%m-%d %H:%M}"


def nearest(known: Times, start: datetime, now: datetime) -> list[datetime]:
    """Free starts on the same day and those around it, the nearest to a start, in order of time."""
    day: date = local_date(start, known.rules.zone)
    days = [day + timedelta(days=number) for number in (-1, 0, 1)]
    found = [free_start for each in days for free_start in free_starts(known, each, now)]
    return sorted(sorted(found, key=lambda free_start: abs(free_start - start))[:MOST_NEAREST])
