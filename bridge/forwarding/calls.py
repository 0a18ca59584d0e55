"""Calls to Propexo on behalf of one event, and what a failed one means for it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bridge.forwarding.context import Context
from bridge.forwarding.ledger import Ledger
from bridge.forwarding.outcomes import NotYet, Parked, Reason, backoff, step_of
from bridge.models import Event, Status
from bridge.propexo.errors import BudgetExhausted, Misconfigured, PropexoError, Rejected, Stale, Unauthorized

Answer = TypeVar("Answer")


class Calls:
    """Reads for one event; writes build on it.

    Attributes:
        start: when the tour starts, once it is known. Nothing is tried beyond it.
    """

    def __init__(self, context: Context, event: Event) -> None:
        self.context = context
        self.event = event
        self.ledger = Ledger(context.database, context.clock, event.id)
        self.start: datetime | None = None

    def now(self) -> datetime:
        return self.context.clock()

    def read(self, kind: str, integration_id: str, call: Callable[[], Answer]) -> Answer:
        """Make a reading call.

        Raises:
            NotYet, Parked: what its failure means.
        """
        probing = self.context.pauses.check(integration_id)
        try:
            answer = self.ledger.read(kind, call)
        except PropexoError as error:
            raise self.meaning(error, integration_id) from error
        self.succeeded(integration_id, probing)
        return answer

    def succeeded(self, integration_id: str, probing: bool) -> None:
        """Propexo answered: failures are no longer in a row, and a pause is over."""
        self.event.tries = 0
        if probing:
            self.context.pauses.over(integration_id)

    def meaning(self, error: PropexoError, integration_id: str) -> NotYet | Parked:
        """What to raise for a call that failed and left nothing behind."""
        match error:
            case Unauthorized():
                return self.context.pauses.pause(integration_id, error.message)
            case BudgetExhausted():
                return NotYet(error.until, Status.WAITING, Reason.BUDGET, error.message)
            case Rejected():
                return Parked(Reason.REJECTED, error.message)
            case Stale():
                return Parked(Reason.STALE_LINK, error.message)
            case Misconfigured():
                return Parked(Reason.MISCONFIGURED, error.message)
            case _:
                return self.again(error)

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
