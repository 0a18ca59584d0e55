"""What a replay would send now, and how that differs from last time. Nothing is called, nothing is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.aliases import told_in
from bridge.clock import iso
from bridge.delivery import life, people, requested
from bridge.delivery.appointments import differs
from bridge.delivery.lookups import match
from bridge.delivery.outcomes import Parked
from bridge.delivery.resolve import Kind, Target, at_property, target_of, tour_of
from bridge.errors import BridgeError
from bridge.events.detail import mapping_of
from bridge.inbound.inbox import Kept
from bridge.keys import contact_key, key
from bridge.mapping.base import Mapping as SenderMapping
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.mapping_checks.preview import APPOINTMENT_ID, LEAD_ID, REFERENCE, Preview, preview_event
from bridge.models import Attempt, Booking, BookingState, Choices, Event, Lead
from bridge.propexo.bodies import Person, Tour, cancel_body, create_body, lead_body, update_body
from bridge.settings import Settings

PATH = "/v1/events/appointments/leads"
TO_AN_APPOINTMENT = ("create", "update", "cancel")


@dataclass(frozen=True)
class Difference:
    """One field of a body; `None`: it is not in it."""

    field: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Planned:
    """One request as it would go out, beside the last one of its kind."""

    kind: str
    """create_lead, create, update or cancel."""
    method: str
    path: str
    body: Mapping[str, Any]
    last: Attempt | None = None
    """The last write of this event to the same thing: the lead, or the appointment."""

    @property
    def differences(self) -> list[Difference]:
        """Field by field; what is looked up in Propexo when it goes out counts as unchanged."""
        before = dict(self.last.request or {}) if self.last else {}
        told = (
            Difference(name, before.get(name), self.body.get(name)) for name in sorted({*before, *self.body})
        )
        return [one for one in told if one.before != one.now and not (one.before and _is_open(one.now))]

    def as_json(self) -> dict[str, Any]:
        last = self.last
        return {
            "kind": self.kind,
            "method": self.method,
            "path": self.path,
            "body": dict(self.body),
            "last": {"kind": last.kind, "at": iso(last.started_at), "outcome": last.outcome}
            if last
            else None,
            "differences": [vars(one) for one in self.differences] if last else None,
        }


@dataclass(frozen=True)
class Rehearsal:
    """What would become of one event."""

    event_id: int
    status: str
    """How it has ended."""
    reason: str | None
    requests: tuple[Planned, ...] = ()
    """In their order; none where nothing would go out."""
    stopped: str | None = None
    """Why nothing would go out, as a sentence."""
    remarks: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.event_id,
            "status": self.status,
            "reason": self.reason,
            "requests": [one.as_json() for one in self.requests],
            "stopped": self.stopped,
            "remarks": list(self.remarks),
        }


def rehearse(session: Session, event: Event, settings: Settings, now: datetime) -> Rehearsal:
    """Go the way of a run up to the point where it would call somebody; what only Propexo knows stands as `<...>`."""
    told = Rehearsal(event.id, event.status, event.reason)
    try:
        mapping = mapping_of(settings, event.source)
        read = _read(mapping, event)
        said = _booking(read)
        if said.requested and requested.policy(settings.sources[event.source], mapping) != "book":
            raise _Stop("It is a wish, which waits until somebody confirms it or becomes a lead only.")
        plan = _Plan(session, event, settings, now, said)
        requests = tuple(plan.requests())
    except _Stop as stop:
        return replace(told, stopped=str(stop))
    except (BridgeError, Parked) as error:
        return replace(told, stopped=f"It would be parked: {error}")
    again = (
        ("The sender's API is asked again; this is by what it answered last time.",) if event.answers else ()
    )
    return replace(told, requests=requests, remarks=(*again, *plan.remarks))


def in_words(error: Mapping[str, str | None]) -> str:
    """One of `Preview.errors` as a sentence."""
    if error["field"] is None:
        return str(error["message"])
    return f"{error['field']}: found {error['found']} at `{error['path']}`, expected {error['expected']}."


class _Stop(Exception):  # noqa: N818 - the end of the way, not an error
    """Nothing would go out."""


def _read(mapping: SenderMapping, event: Event) -> Preview:
    kept = Kept(event.headers, event.query)
    answers = event.answers or {}
    read = preview_event(mapping, event.body, event.content_type, kept, answers, event.delivery_id)
    if read.received is not None and mapping.asks_for(read.received) is not None:
        raise _Stop("The sender's API is asked first; only its answer tells.")
    return read


def _booking(read: Preview) -> Said:
    if read.errors:
        raise _Stop(f"It would be parked: {'; '.join(map(in_words, read.errors))}")
    said = read.booking
    if said is None:
        raise _Stop(f"It would be ignored: {read.reason}")
    if said.action in (Action.REMEMBER, Action.NO_SHOW):
        raise _Stop("It changes no appointment.")
    return said


class _Plan:
    """The requests of one event; `steps.Run` makes them."""

    def __init__(self, session: Session, event: Event, settings: Settings, now: datetime, said: Said) -> None:
        self.session, self.event, self.settings, self.now = session, event, settings, now
        self.remarks: list[str] = []
        self.booking = self._known_booking() or life.new_booking(event.source, REFERENCE, now)
        life.take_over(self.booking, self._with_known_contact(said), life.stamp_of(event, said.action))

    def requests(self) -> Iterator[Planned]:
        """Raises _Stop, BridgeError or Parked where none goes out."""
        booking = self.booking
        self._remark_open_write()
        written = booking.written_state == BookingState.BOOKED
        if booking.state == BookingState.CANCELLED:
            if not written:
                raise _Stop("Nothing: the tour is cancelled, and none stands in the PMS.")
            yield self._cancel()
            return
        said = life.said_of(booking.details)
        target = target_of(self.settings, booking.source, said.property, told_in(self.session))
        tour, _ = tour_of(
            self.settings,
            booking.source,
            said,
            target,
            booking.code,
            lambda kind, name: self._look_up(target, kind, name),
        )
        if written and booking.property != target.property.key:
            yield self._cancel()
            written = False
        if written and not differs(target, booking, tour):
            raise _Stop("Nothing: the PMS holds exactly this tour.")
        if tour.starts_at <= self.now:
            raise _Stop(f"It would be parked: the tour was to start at {tour.starts_at:%Y-%m-%d %H:%M} UTC.")
        yield from [self._update(target, tour)] if written else self._create(target, tour, said)

    def _known_booking(self) -> Booking | None:
        """The booking as it is stored; what is changed about it here stays here."""
        event = self.event
        linked = life.linked(event.source, life.references_of(event))
        found = self.session.scalars(
            select(Booking).where(Booking.id.in_(linked)).order_by(Booking.id)
        ).first()
        if found is not None:
            self.session.expunge(found)
        return found

    def _with_known_contact(self, said: Said) -> Said:
        if not said.contact_id or said.contact.email or said.contact.phone:
            return said
        return people.completed(self.session, self.event.source, said)

    def _remark_open_write(self) -> None:
        if self.booking.open_attempt_id is not None:
            attempt = self.session.get_one(Attempt, self.booking.open_attempt_id)
            self.remarks.append(
                f"First the bridge asks what became of the {attempt.kind} of {attempt.started_at:%Y-%m-%d %H:%M:%S} "
                f"UTC ({attempt.outcome}). This goes out only for what that has not written."
            )

    def _look_up(self, target: Target, kind: Kind, name: str) -> str | None:
        """As the list that was fetched last has it, else open."""
        place = target.place
        kept = self.session.get(Choices, (place.integration_id, place.property_id, kind.crosswalk))
        found = match(kind, name, kept.records) if kept else None
        if found is None:
            self.remarks.append(f"Looked up in Propexo when it goes out: {kind.called(name)}.")
        return found or f"<{kind.field}>"

    def _cancel(self) -> Planned:
        found = self.settings.properties.get(self.booking.property or "")
        if found is None:
            raise _Stop(f"It would be parked: `properties.{self.booking.property}` is no longer configured.")
        target = at_property(self.settings, found)
        body = cancel_body(target.place, self.booking.appointment_id or APPOINTMENT_ID)
        return self._planned("cancel", "POST", f"{PATH}/cancel", body)

    def _update(self, target: Target, tour: Tour) -> Planned:
        appointment_id = self.booking.appointment_id or APPOINTMENT_ID
        body = {**update_body(target.place, tour), "event_id": appointment_id}
        return self._planned("update", "PUT", f"{PATH}/{appointment_id}", body)

    def _create(self, target: Target, tour: Tour, said: Said) -> Iterator[Planned]:
        lead = self._lead(target, said)
        lead_id = (lead.lead_id if lead else None) or LEAD_ID
        body = create_body(target.place, lead_id, tour)
        if lead_id == LEAD_ID and contact_key(said.contact.email, said.contact.phone):
            yield from self._new_lead(target, tour, said, lead)
        yield self._planned("create", "POST", PATH, body)

    def _new_lead(self, target: Target, tour: Tour, said: Said, lead: Lead | None) -> Iterator[Planned]:
        """A lead is made only where Propexo knows none."""
        contact, code = said.contact, lead.code if lead else REFERENCE
        person = Person(contact.first_name, contact.last_name, contact.email, contact.phone, code)
        ids = {"employee_id": tour.employee_id, "lead_source_id": tour.lead_source_id}
        try:
            body = lead_body(target.place, person, **ids, notes=f"Ref {code}")
        except BridgeError as error:
            self.remarks.append(f"If this person is not a lead yet: {error}")
            return
        if lead is None or not lead.created:
            self.remarks.append("The lead is created only if Propexo knows none with this e-mail or phone.")
            yield self._planned("create_lead", "POST", "/v1/leads/", body)

    def _lead(self, target: Target, said: Said) -> Lead | None:
        place, contact = target.place, contact_key(said.contact.email, said.contact.phone)
        for name in (key(f"lead:{said.lead_id}") if said.lead_id else None, contact):
            found = self.session.get(Lead, (place.integration_id, place.property_id, name)) if name else None
            if found is not None:
                return found
        return None

    def _planned(self, kind: str, method: str, path: str, body: dict[str, Any]) -> Planned:
        alike = TO_AN_APPOINTMENT if kind in TO_AN_APPOINTMENT else (kind,)
        last = (
            select(Attempt)
            .where(Attempt.event_id == self.event.id, Attempt.kind.in_(alike))
            .order_by(Attempt.id.desc())
        )
        return Planned(kind, method, path, body, self.session.scalars(last.limit(1)).first())


def _is_open(value: object) -> bool:
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")
