"""What one event leads to if each of its writes is confirmed: for a dry run, and for a source in shadow mode.

Nothing is called. Where the decision needs an answer, the likeliest is assumed, and ids that only Propexo knows are
shown as `<...>`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.delivery.rules.booking_state import to_request
from bridge.delivery.rules.entities import BookingRow, LeadRow
from bridge.delivery.rules.people import contact_in
from bridge.delivery.rules.record_cache import LISTS
from bridge.delivery.rules.resolve import AGENT, LEAD_SOURCE, UNIT
from bridge.delivery.rules.state import Call, Read, Snapshot, Step, StepDecision, Write
from bridge.propexo.client import Appointment, PropexoRecord

LEAD_ID, APPOINTMENT_ID, REFERENCE = "<lead_id>", "<appointment_id>", "<reference>"
"""They stand where a request has what is known only once it goes out, as `<unit_id>` where that is looked up."""
MOST_STEPS = 30

AnswerOf = Callable[[Snapshot, Call], Any]
"""What a call is assumed to answer."""


@dataclass(frozen=True)
class Plan:
    """The writes that an event leads to, the step at which it ends, and what was concluded by then."""

    writes: tuple[Write, ...]
    end: Step
    concluded: Snapshot


def follow(decide: Callable[[Snapshot], StepDecision], snapshot: Snapshot, answer_of: AnswerOf) -> Plan:
    """Decide call after call, and write after write, until a tour is booked or changed or nothing is left to do."""
    writes: list[Write] = []
    for _ in range(MOST_STEPS):
        decision = decide(snapshot)
        step = decision.step
        if isinstance(step, Read):
            snapshot = snapshot.with_answer(step.call, answer_of(decision.snapshot, step.call))
        elif isinstance(step, Write):
            writes.append(step)
            if step.kind in ("create", "update"):
                return Plan(tuple(writes), step, decision.snapshot)
            snapshot = _as_written(snapshot, decision.snapshot, step)
        else:
            return Plan(tuple(writes), step, decision.snapshot)
    raise AssertionError("a decision that never ends")


def _as_written(snapshot: Snapshot, concluded: Snapshot, write: Write) -> Snapshot:
    """The snapshot once a lead was created or changed, or an appointment cancelled."""
    if isinstance(write.owner, LeadRow):
        person = contact_in(write.request)
        return snapshot.with_lead(replace(write.owner, lead_id=LEAD_ID, is_new=False, person=person))
    changed: dict[str, Any] = {
        "confirmed_state": "cancelled", "confirmed_tour": None, "appointment_id": None, "appointment_verified": False,
        "reference_code": REFERENCE, "in_flight_attempt_id": None,
    }  # fmt: skip
    if write.kind == "update_lead":
        changed = {"confirmed_tour": write.on_confirm["written"]}

    def row_of(row: BookingRow) -> BookingRow:
        is_it = isinstance(write.owner, BookingRow) and row.id == write.owner.id
        return replace(row, **changed) if is_it else row

    new = concluded.duplicates[len(snapshot.duplicates) :]
    return snapshot.having(
        bookings=tuple(row_of(row) for row in snapshot.bookings),
        duplicates=tuple(row_of(row) for row in (*snapshot.duplicates, *new)),
        related=tuple(row_of(row) for row in snapshot.related),
    )


def without_in_flight(snapshot: Snapshot) -> Snapshot:
    """The snapshot as if the writes whose outcome is not known yet had left no trace."""
    return snapshot.having(
        bookings=tuple(replace(row, in_flight_attempt_id=None) for row in snapshot.bookings),
        duplicates=tuple(replace(row, in_flight_attempt_id=None) for row in snapshot.duplicates),
        related=tuple(replace(row, in_flight_attempt_id=None) for row in snapshot.related),
        leads={key: replace(row, in_flight_attempt_id=None) for key, row in snapshot.leads.items()},
    )


def likeliest(snapshot: Snapshot, call: Call, remarks: list[str]) -> Any:
    """The likeliest answer to a call; what depends on it is added to the remarks."""
    if call.kind == "find_leads":
        remark = "The lead is created only if Propexo knows none with this e-mail or phone."
        if remark not in remarks:
            remarks.append(remark)
        return []
    if call.kind in LISTS.values():
        return _likeliest_list(snapshot, call, remarks)
    if call.kind in ("get_appointment", "list_appointments"):
        booking = snapshot.booking
        code, lead_id = (booking.reference_code, booking.lead_id or "") if booking else ("", "")
        known = booking.appointment_id if booking else None
        found = Appointment(known or APPOINTMENT_ID, code, None, None, (lead_id,), None, None, None)
        return found if call.kind == "get_appointment" else [found]
    return None


def _likeliest_list(snapshot: Snapshot, call: Call, remarks: list[str]) -> list[PropexoRecord]:
    """As the list that was read last has it, and for what is not in it an open id."""
    kind = next(
        record_kind for record_kind in (UNIT, AGENT, LEAD_SOURCE) if LISTS[record_kind.crosswalk] == call.kind
    )
    place = dict(call.arguments)
    cached = snapshot.records.get((place["integration_id"], place["property_id"], kind.crosswalk))
    known = [
        PropexoRecord(record["id"], record.get("name"), record.get("email"), None, None, ())
        for record in (cached.records if cached else ())
    ]
    request = to_request(snapshot.booking.fields) if snapshot.booking else None
    source = snapshot.interpretation.source
    names = {
        UNIT: (request.unit if request else None,),
        AGENT: (request.agent if request else None,),
        LEAD_SOURCE: (
            request.lead_source if request else None,
            source.settings.lead_source if source else None,
        ),
    }[kind]
    for name in filter(None, names):
        remarks.append(f"Looked up in Propexo when it goes out: {kind.called(name)}.")
        known.append(PropexoRecord(f"<{kind.field}>", name, None, None, None, ()))
    return known


def planned_body(write: Write) -> dict[str, Any]:
    """The body of a write without what was drawn for this plan only."""
    body: Mapping[str, Any] = {
        name: REFERENCE if name == "third_party_id" else value for name, value in write.request.items()
    }
    owner = write.owner
    is_new = owner.is_new if isinstance(owner, LeadRow) else owner.id is None
    if not is_new:
        return dict(body)
    return {
        name: value.replace(owner.reference_code, REFERENCE) if isinstance(value, str) else value
        for name, value in body.items()
    }
