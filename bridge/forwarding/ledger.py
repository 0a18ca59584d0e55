"""Every call, on record. A write stands in `attempts` before it is sent, so that a process that
dies while sending leaves a trace, and the next one looks before it sends again."""

from collections.abc import Callable
from typing import Any, TypeVar

from bridge.clock import Clock
from bridge.database import Database
from bridge.forwarding.sender_api import NoAnswer
from bridge.models import Attempt
from bridge.propexo.errors import Outcome, PropexoError

SENDING = "sending"
CONFIRMED = "confirmed"
FAILED = "failed"
PARTLY = "partly_written"
ABANDONED = "abandoned"
"""What becomes of a write beyond Propexo's first answer."""

Answer = TypeVar("Answer")


class Ledger:
    """Makes calls for one event and writes down what came of them."""

    def __init__(self, database: Database, clock: Clock, event_id: int) -> None:
        self._database = database
        self._clock = clock
        self._event_id = event_id

    def read(self, kind: str, call: Callable[[], Answer]) -> Answer:
        """Make a reading call. Raises what it raises."""
        started = self._clock()
        try:
            answer = call()
        except (PropexoError, NoAnswer) as error:
            if error.outcome is not Outcome.BUDGET:
                self._add(kind, started, error)
            raise
        self._add(kind, started, None)
        return answer

    def _add(self, kind: str, started: Any, error: PropexoError | NoAnswer | None) -> None:
        row = Attempt(event_id=self._event_id, kind=kind, started_at=started, outcome=Outcome.READ)
        self._close(row, error)
        with self._database.session() as session:
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

    def _close(self, attempt: Attempt, error: PropexoError | NoAnswer | None) -> None:
        attempt.finished_at = self._clock()
        if error is None:
            attempt.status_code = 200
            return
        attempt.outcome = error.outcome
        attempt.status_code = error.status
        attempt.detail = error.message
