"""What must be so afterwards, whatever has happened."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.traffic import Plan, Stands
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bridge.clock import utc_now
from bridge.database import Database
from bridge.events.actions import replay
from bridge.models import Attempt, Event, Status
from bridge.sandbox.state import Sandbox

WRITES = ("create_lead", "create", "update", "cancel")
OPEN = ("sending", "submitted", "unknown")
"""Outcomes of a write that must not remain."""


@dataclass
class Verdict:
    """Compares what was accepted, what the bridge says, and what the PMSs hold."""

    plan: Plan
    database: Database
    sandbox: Sandbox
    properties: dict[str, str]
    """Propexo's ids of the properties, by key."""
    accepted: dict[tuple[str, str], int]
    wrong: list[str] = field(default_factory=list)

    def stories(self) -> list[Event]:
        with self.database.session() as session:
            return list(session.scalars(select(Event).order_by(Event.id)))

    def attempts(self) -> list[Attempt]:
        with self.database.session() as session:
            return list(session.scalars(select(Attempt).order_by(Attempt.id)))

    def unfinished(self) -> list[Event] | None:
        """`None` while the database is away."""
        try:
            return [story for story in self.stories() if not Status(story.status).ended]
        except OperationalError:
            return None

    def parked(self) -> Counter[str]:
        return Counter(story.reason or "" for story in self.stories() if story.status == Status.PARKED)

    def replay_parked(self) -> int:
        """What a person does who has looked and found nothing. Answers how many there were."""
        with self.database.session() as session:
            parked = session.scalars(
                select(Event).where(Event.status == Status.PARKED).order_by(Event.id)
            ).all()
            for event in parked:
                replay(session, event, utc_now(), "a person")
            return len(parked)

    def never(self) -> None:
        """What must not even be so while something is parked: anything done twice, anything lost at the webhook
        endpoint."""
        rows = {(story.source, story.delivery_id): story.id for story in self.stories()}
        self._same("accepted deliveries", rows, self.accepted)
        self._unique("leads of one person", [(lead.property_id, lead.email_1) for lead in self.sandbox.leads])
        self._unique("appointments of one tour", self._standing())

    def at_the_end(self) -> None:
        """All of it: each tour exactly once and in its last state, and a story for every write."""
        self.never()
        self._same("parked", self.parked(), Counter())
        self._same("tours", Counter(self._standing()), self.plan.stands)
        attempts = [attempt for attempt in self.attempts() if attempt.kind in WRITES]
        left = [
            (attempt.id, attempt.event_id, attempt.kind, attempt.outcome)
            for attempt in attempts
            if attempt.outcome in OPEN
        ]
        self._same("writes without an outcome", left, [])
        made = [
            attempt for attempt in attempts if attempt.kind == "create" and attempt.outcome == "confirmed"
        ]
        self._same("confirmed creates", len(made), len(self.sandbox.appointments))
        arrived = [request for request in self.sandbox.requests if request.method in ("POST", "PUT")]
        if len(arrived) > len(attempts):
            self.wrong.append(f"{len(arrived)} writes arrived, but only {len(attempts)} stand in attempts")
        written = {story.id for story in self.stories() if story.status == Status.WRITTEN}
        reported = {attempt.event_id for attempt in attempts if attempt.outcome == "confirmed"}
        self._same("written events without a confirmed write", written - reported, set())

    def _standing(self) -> list[Stands]:
        keys = {place: key for key, place in self.properties.items()}
        leads = {tour.id: tour for tour in self.sandbox.leads}
        return [
            (keys[leads[tour.lead_id].property_id or ""], leads[tour.lead_id].email_1 or "", tour.appointment_date,
             tour.appointment_time or "")
            for tour in self.sandbox.active_appointments()
        ]  # fmt: skip

    def _same(self, what: str, found: object, expected: object) -> None:
        if found == expected:
            return
        if isinstance(found, Counter) and isinstance(expected, Counter):
            self.wrong.append(f"{what}: too much {found - expected}, too little {expected - found}")
        else:
            self.wrong.append(f"{what}: {found}, expected {expected}")

    def _unique(self, what: str, found: Sequence[object]) -> None:
        twice = [one for one, times in Counter(found).items() if times > 1]
        if twice:
            self.wrong.append(f"several {what}: {twice}")
