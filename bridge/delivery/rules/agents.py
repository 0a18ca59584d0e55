"""Which agent shows an apartment, where the PMS says who is free."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bridge.availability.rules.slots import Times
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.record_cache import KEEP, cacheable, list_call
from bridge.delivery.rules.resolve import AGENT, TourTarget
from bridge.delivery.rules.state import Read, Snapshot
from bridge.propexo.bodies import takes
from bridge.propexo.tours import Tour


def free_agent(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    tour: Tour,
    known: Times,
    start: datetime,
    now: datetime,
) -> str | Read | None:
    """Propexo's id of the agent for a tour.

    Returns:
        `None`: the agent that the booking or the property names. That stays so unless `on_taken` is `other_agent`, or
        neither names one. A `Read` where the employees have to be listed first.
    """
    place, slots = target.place, target.property.slots
    offer = (known.offers or {}).get(start)
    named = tour.employee_id or place.defaults.get("employee_id")
    if slots is None or offer is None or not offer.agents or not takes(place.profile, AGENT.field):
        return None
    if named and slots.on_taken != "other_agent":
        return None
    employees = _employees(snapshot, target, now)
    if isinstance(employees, Read):
        return employees
    by_pms_id = {employee["x_id"]: str(employee["id"]) for employee in employees if "x_id" in employee}
    ends_at = start + known.rules.length
    busy = {
        claim.agent
        for claim in snapshot.claims
        if claim.booking_id != booking.id and claim.starts_at < ends_at and start < claim.ends_at
    }
    free = [by_pms_id[agent] for agent in offer.agents if agent in by_pms_id and by_pms_id[agent] not in busy]
    return named if named in free else next(iter(free), None)


def _employees(snapshot: Snapshot, target: TourTarget, now: datetime) -> Sequence[Mapping[str, Any]] | Read:
    place = target.place
    call = list_call(place, AGENT)
    if call in snapshot.answers:
        return list(cacheable(snapshot.answers[call], place.property_id))
    cached = snapshot.records.get((place.integration_id, place.property_id, AGENT.crosswalk))
    if cached is None or now - cached.fetched_at >= KEEP:
        return Read(call)
    return cached.records
