"""Calls to Propexo on behalf of one event, and what a failed one means for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bridge.delivery import turns
from bridge.delivery.context import Context
from bridge.delivery.ledger import Ledger
from bridge.delivery.outcomes import NotYet, Parked, Reason, backoff, step_of
from bridge.delivery.pauses import Cause
from bridge.delivery.resolve import Unknown
from bridge.models import Event, Status
from bridge.propexo.bodies import MissingFields, NotOffered
from bridge.propexo.errors import (
    BudgetExhausted,
    Conflict,
    Misconfigured,
    PropexoError,
    Rejected,
    Stale,
    Transient,
    Unauthorized,
    UnknownOutcome,
)
from bridge.propexo.pms import RepeatedTime, SkippedTime

Answer = TypeVar("Answer")

SAID_AS = {
    "appointment_date": "starts_at",
    "appointment_time": "starts_at",
    "appointment_duration_minutes": "duration_minutes",
    "appointment_type": "kind",
    "unit_id": "unit",
    "employee_id": "agent",
    "lead_source_id": "lead_source",
    "lead_id": "lead_id",
    "title": "title",
    "notes": "notes",
    "first_name": "first_name",
    "last_name": "last_name",
    "email_1": "email",
    "phone_1": "phone",
    "property_id": "property",
}
"""The field of a mapping behind each field of Propexo's bodies."""

KNOWN_FREE = timedelta(seconds=1)


class Calls:
    """Reads for one event; writes build on it.

    Attributes:
        start: when the tour starts, once it is known. Nothing is tried beyond it.
        unknown: by body field what the sender named and nobody knows.
    """

    def __init__(self, context: Context, event: Event, *, is_unread: bool = False) -> None:
        self.context = context
        self.event = event
        self.ledger = Ledger(context.database, context.clock, event)
        self.start: datetime | None = None
        self.unknown: Mapping[str, Unknown] = {}
        self._is_unread = is_unread
        self._free_at: dict[str, datetime] = {}
        """By integration: when it was last seen neither paused nor failing."""
        self._is_backlog: bool | None = None

    def now(self) -> datetime:
        return self.context.clock()

    def read(self, kind: str, integration_id: str, call: Callable[[], Answer]) -> Answer:
        """Make a reading call.

        Raises:
            NotYet, Parked: what its failure means.
        """
        return self._read(kind, integration_id, call, self.passes(integration_id))

    def _read(
        self, kind: str, integration_id: str, call: Callable[[], Answer], probing: Cause | None
    ) -> Answer:
        try:
            answer = self.ledger.read(kind, call)
        except PropexoError as error:
            raise self.failed(error, integration_id, probing) or self.meaning(error) from error
        self.succeeded(integration_id, probing)
        return answer

    def passes(self, integration_id: str) -> Cause | None:
        """Whether the integration may be called. Answers what `succeeded` and `failed` want to know of it.

        Raises:
            NotYet: it is paused.
        """
        self.event.integration_id = integration_id
        self._wait_for_turn()
        if self._is_known_free(integration_id):
            return None
        cause = self.context.pauses.check(integration_id)
        if cause is None:
            self._free_at[integration_id] = self.now()
        return cause

    def _is_known_free(self, integration_id: str) -> bool:
        """The calls of one run follow each other so quickly that they need not ask each time."""
        seen = self._free_at.get(integration_id)
        return seen is not None and self.now() - seen < KNOWN_FREE

    def is_backlog(self) -> bool:
        """Whether many events wait for their turn, as this run has first seen it."""
        if self._is_backlog is None:
            per_minute = self.context.settings.propexo.budget_per_minute
            with self.context.database.single() as session:
                self._is_backlog = turns.is_backlog(session, self.now(), per_minute)
        return self._is_backlog

    def _wait_for_turn(self) -> None:
        """In a backlog nothing is called before the queue knows how soon this tour is; it comes back at once."""
        if not self._is_unread or self.start is None or self.start - self.now() <= turns.AT_ONCE:
            return
        self._is_unread = False
        if self.is_backlog():
            raise NotYet(
                self.now(), Status.WAITING, Reason.BUDGET, "Many tours wait; the soonest goes first."
            )

    def passes_write(self, integration_id: str) -> Cause | None:
        """As `passes`, with a reading call first where nobody was reached lately: a write might get lost half-way.

        Raises:
            NotYet, Parked: what its failure means.
        """
        probing = self.passes(integration_id)
        if probing is not Cause.OUTAGE:
            return probing
        self._read(
            "probe", integration_id, lambda: self.context.propexo.get_integration(integration_id), probing
        )
        return None

    def failed(self, error: PropexoError, integration_id: str, probing: Cause | None) -> NotYet | None:
        """What a failed call says about the integration: a pause to raise, or nothing beyond this one event."""
        pauses = self.context.pauses
        match error:
            case Unauthorized():
                return pauses.refused(integration_id, error.message)
            case Transient() | UnknownOutcome():
                return pauses.failed(integration_id, error.message)
            case BudgetExhausted() if probing:
                pauses.not_tried(integration_id)
            case Rejected() | Stale() | Conflict() if probing:
                pauses.over(integration_id)  # a no is an answer
        return None

    def succeeded(self, integration_id: str, probing: Cause | None) -> None:
        """Propexo answered: failures are no longer in a row, and a pause is over."""
        self.event.tries = 0
        if probing:
            self.context.pauses.over(integration_id)

    def meaning(self, error: PropexoError) -> NotYet | Parked:
        """What to raise for a call that failed and left nothing behind."""
        match error:
            case BudgetExhausted():
                return NotYet(error.until, Status.WAITING, Reason.BUDGET, error.message)
            case Rejected():
                return Parked(
                    Reason.REJECTED, self._traced(error.message, [issue.path for issue in error.issues])
                )
            case Stale():
                return Parked(Reason.STALE_LINK, error.message)
            case Misconfigured():
                return Parked(Reason.MISCONFIGURED, error.message)
            case _:
                return self.again(error)

    def build(self, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Build a body, or park the event before anything is sent, naming what is missing."""
        try:
            return make()
        except MissingFields as error:
            raise self._missing(error) from error
        except NotOffered as error:
            raise Parked(Reason.NOT_SUPPORTED, error.message) from error
        except (RepeatedTime, SkippedTime) as error:
            raise Parked(Reason.INVALID_TIME, error.message) from error
        except Rejected as error:
            raise self.meaning(error) from error

    def _missing(self, error: MissingFields) -> Parked:
        """Where the sender named what is missing, that name is what a person looks for."""
        unknown = [self.unknown[field] for field in error.fields if field in self.unknown]
        told = " ".join([*(one.advice for one in unknown), error.message])
        reason = unknown[0].kind.reason if unknown else Reason.MISSING_FIELD
        return Parked(reason, self._traced(told, error.fields))

    def _traced(self, message: str, body_fields: Sequence[str]) -> str:
        """The message, and where in the sender's payload the named fields of a body come from."""
        mapping = self.context.sources[self.event.source].mapping
        names = {field: SAID_AS[field] for field in body_fields if field in SAID_AS}
        origins = [f"{field} is read from `{mapping.where(name)}`" for field, name in names.items()]
        return f"{message} ({'; '.join(origins)})" if origins else message

    def again(self, error: PropexoError) -> NotYet:
        """Later, with growing waits; uses up a try."""
        wait = backoff(self.event.tries, self.context.random)
        if error.retry_after:
            wait = max(wait, timedelta(seconds=error.retry_after))
        self.event.tries += 1
        return NotYet(self.now() + wait, Status.RETRYING, Reason.TEMPORARY, error.message)

    def look_again(
        self, schedule: list[timedelta], reason: Reason, detail: str, status: Status = Status.WAITING
    ) -> NotYet:
        """Look again after the schedule's next wait; counts the looks for one and the same thing."""
        if self.event.reason != reason:
            self.event.looks = 0
        wait = step_of(schedule, self.event.looks)
        self.event.looks += 1
        self.event.reason = reason
        return NotYet(self.now() + wait, status, reason, detail)

    def looks_for(self, reason: Reason) -> int:
        """How often this event has looked for one thing so far."""
        return self.event.looks if self.event.reason == reason else 0
