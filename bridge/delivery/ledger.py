"""Every call, on record. A write stands in `attempts` before it is sent, so that a process that
dies while sending leaves a trace, and the next one looks before it sends again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select

from bridge import metrics
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.sender_api import NoAnswer
from bridge.models import Attempt, Event, Status
from bridge.propexo.errors import Outcome, PropexoError

SENDING = "sending"
CONFIRMED = "confirmed"
FAILED = "failed"
PARTLY = "partly_written"
ABANDONED = "abandoned"
"""What becomes of a write beyond Propexo's first answer."""

FETCH = "fetch"
KINDS = (
    "create_lead", "create", "update", "cancel", "write_status", "write_log", "newest_leads", "find_leads", "get_lead",
    "list_appointments", "get_appointment", "list_units", "list_employees", "list_lead_sources", "probe", "login",
    FETCH,
)  # fmt: skip
"""What is called for, as it is counted; the `fetch_<name>` of senders' APIs are one."""

Answer = TypeVar("Answer")


class Ledger:
    """Makes calls for one event and writes down what came of them."""

    def __init__(self, database: Database, clock: Clock, event: Event) -> None:
        self._database = database
        self._clock = clock
        self._event_id = event.id
        self._received_at = event.received_at
        self._may_be_first = event.status in (Status.RECEIVED, Status.WAITING)

    def read(self, kind: str, call: Callable[[], Answer]) -> Answer:
        """Make a reading call. Raises what it raises."""
        started = self._clock()
        try:
            answer = call()
        except (PropexoError, NoAnswer) as error:
            self._count(kind, error.outcome, started)
            if error.outcome is not Outcome.BUDGET:
                self._add(kind, started, error)
            raise
        self._count(kind, Outcome.READ, started)
        self._add(kind, started, None)
        return answer

    def _add(self, kind: str, started: datetime, error: PropexoError | NoAnswer | None) -> None:
        row = Attempt(event_id=self._event_id, kind=kind, started_at=started, outcome=Outcome.READ)
        self._close(row, error)
        with self._database.single() as session:
            session.add(row)

    def open(
        self,
        kind: str,
        request: dict[str, Any],
        effect: dict[str, Any],
        booking_id: int | None,
        note: str | None,
    ) -> Attempt:
        """Write down a write that is about to be sent. The caller points to it in the same breath."""
        return Attempt(
            event_id=self._event_id,
            booking_id=booking_id,
            kind=kind,
            request=request,
            effect=effect,
            detail=note,
            started_at=self._clock(),
            outcome=SENDING,
        )

    def answered(self, attempt: Attempt, error: PropexoError | None, job_id: str | None) -> None:
        """Write down the answer to a write."""
        self._close(attempt, error)
        attempt.job_id = job_id
        if error is None:
            attempt.outcome = Outcome.SUBMITTED
            attempt.status_code = 200

    def count(self, attempt: Attempt) -> None:
        """Tell Prometheus of a write, once its answer is written down."""
        self._count(attempt.kind, Outcome(attempt.outcome), attempt.started_at, attempt.id)

    def _close(self, attempt: Attempt, error: PropexoError | NoAnswer | None) -> None:
        attempt.finished_at = self._clock()
        if error is None:
            attempt.status_code = 200
            return
        attempt.outcome = error.outcome
        attempt.status_code = error.status
        attempt.detail = error.message

    def _count(self, kind: str, outcome: Outcome, started: datetime, own: int | None = None) -> None:
        """Tell Prometheus; of the first call that was made for the event, also how long it had waited."""
        told = FETCH if kind.startswith(FETCH) else kind
        metrics.ATTEMPTS.labels(told, outcome).inc()
        if outcome is Outcome.BUDGET or not self._may_be_first:
            return
        self._may_be_first = False
        if not self._was_called_before(own):
            metrics.DELIVERY_LAG.observe((started - self._received_at).total_seconds())

    def _was_called_before(self, own: int | None) -> bool:
        earlier = select(Attempt.id).where(
            Attempt.event_id == self._event_id,
            Attempt.id.is_distinct_from(own),
            Attempt.outcome != Outcome.BUDGET,
        )
        with self._database.single() as session:
            return session.scalar(earlier.limit(1)) is not None
