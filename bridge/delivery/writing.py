"""Writes: put on record, sent, confirmed by the PMS. A create is never sent twice on a guess."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.delivery import ledger, open_writes
from bridge.delivery.calls import Calls
from bridge.delivery.confirmation import CONFIRM_IN_BACKLOG, Confirmation
from bridge.delivery.open_writes import Owner
from bridge.delivery.outcomes import (
    CONFIRM_AFTER,
    CONFIRM_FOR,
    LOOK_AFTER_UNKNOWN,
    RESEND_AFTER_LOOKS,
    NotYet,
    Parked,
    Reason,
)
from bridge.delivery.reconcile import find_job
from bridge.models import Attempt, Booking, Event, Status
from bridge.propexo.client import WriteState, WriteStatus
from bridge.propexo.errors import Conflict, Outcome, PropexoError, Transient, UnknownOutcome

CREATES = ("create_lead", "create")
NOT_TAKEN = (408, 425, 503)
"""Statuses by which a server says that it did not take a request up. After any other error of a server a create
may have been written: it goes out again only when a person has looked."""


@dataclass(frozen=True)
class Write:
    """One write to be made."""

    kind: str
    """create_lead, create, update or cancel."""
    request: dict[str, Any]
    effect: dict[str, Any]
    """What the owner becomes once the PMS has confirmed it, by column. `id_column` names the one that takes the
    id of the created record, where this PMS gives it at once."""
    send: Callable[[], str]
    """Answers Propexo's job id."""
    note: str | None = None
    """What the record says besides: what this PMS will not store."""


class Writing:
    """The writes of one event at one integration."""

    def __init__(self, calls: Calls, integration_id: str) -> None:
        self.calls = calls
        self.integration_id = integration_id

    def write(self, owner: Owner, write: Write) -> NotYet:
        """Send a write and answer when to ask for its confirmation.

        Raises:
            NotYet, Parked: what a failure means.
        """
        probing = self.calls.passes_write(self.integration_id)
        attempt = self._put_on_record(owner, write)
        try:
            job_id = write.send()
        except PropexoError as error:
            self._answered(owner, attempt, error, None)
            paused = self.calls.failed(error, self.integration_id, probing)
            if _may_have_arrived(error):
                raise self._look_later(error.message) from error
            raise paused or self.calls.meaning(error) from error
        self._answered(owner, attempt, None, job_id)
        self.calls.succeeded(self.integration_id, probing)
        return self._ask_later()

    def settle(
        self, owner: Owner, attempt: Attempt, code: str, adopt: Callable[[], dict[str, Any] | None]
    ) -> dict[str, Any] | None:
        """Bring the owner's open write, the `attempt`, to an end.

        `code` is our reference in a create. `adopt` looks for the record that a create of unknown outcome has made, and
        answers the changes that the owner takes from it. Answers the changes of a confirmed write, or `None`
        where the write left no trace and may be made anew.

        Raises:
            NotYet: the outcome is still not known.
            Parked: the PMS refused it, or nobody can tell.
        """
        self.calls.event.awaits = owner.code
        if attempt.outcome != Outcome.SUBMITTED:
            changes = self._find_trace(owner, attempt, code, adopt)
            if attempt.outcome != Outcome.SUBMITTED:
                return changes
        return self._confirm(owner, attempt)

    def _find_trace(
        self, owner: Owner, attempt: Attempt, code: str, adopt: Callable[[], dict[str, Any] | None]
    ) -> dict[str, Any] | None:
        """Whether a write of unknown outcome arrived: by its job in the write log, else by what it made."""
        calls = self.calls
        creates = attempt.kind in CREATES
        job_id = find_job(
            calls, self.integration_id, attempt, code if creates else (attempt.request or {})["event_id"]
        )
        if job_id:
            attempt.outcome, attempt.job_id = Outcome.SUBMITTED, job_id
            self._note(owner, attempt)
            return None
        changes = adopt() if creates else None
        if changes is not None:
            self._close(owner, attempt, ledger.CONFIRMED, changes)
            return changes
        if self._may_send_again(attempt):
            self._close(owner, attempt, ledger.ABANDONED)
            calls.event.reason, calls.event.looks = None, 0  # the next one is looked for from the beginning
            return None
        if calls.looks_for(Reason.OUTCOME_UNKNOWN) >= len(LOOK_AFTER_UNKNOWN):
            raise Parked(Reason.AMBIGUOUS, _evidence(attempt, code, calls.event.looks))
        raise self._look_later(attempt.detail or "The bridge stopped while it was sending.")

    def _may_send_again(self, attempt: Attempt) -> bool:
        event = self.calls.event
        if (
            event.replayed_at is not None
            and event.replayed_at > attempt.started_at
            and self._was_shown(attempt)
        ):
            return True  # a person has looked
        # An update or a cancel that is made twice is made once; a create is not.
        harmless = attempt.kind not in CREATES or attempt.status_code in NOT_TAKEN
        return harmless and self.calls.looks_for(Reason.OUTCOME_UNKNOWN) >= RESEND_AFTER_LOOKS

    def _was_shown(self, attempt: Attempt) -> bool:
        """Whether it had ended for a person before this event was replayed; else nobody can have looked for it."""
        event = self.calls.event
        if attempt.event_id == event.id:
            return True
        with self.calls.context.database.single() as session:
            ended = session.get_one(Event, attempt.event_id).ended_at
        return ended is not None and event.replayed_at is not None and ended <= event.replayed_at

    def _confirm(self, owner: Owner, attempt: Attempt) -> dict[str, Any]:
        attempt, told = Confirmation(self.calls, self.integration_id).of(attempt)
        match told.status:
            case WriteState.PENDING:
                raise self._still_pending(attempt)
            case WriteState.SUCCESS:
                changes = _changes(attempt, told)
                self._close(owner, attempt, ledger.CONFIRMED, changes)
                return changes
            case WriteState.FAILURE:
                self._close(owner, attempt, ledger.FAILED, detail=_words(told))
                raise Parked(Reason.PMS_REFUSED, f"The PMS refused it: {_words(told)}")
            case WriteState.PARTIAL_SUCCESS:
                self._close(owner, attempt, ledger.PARTLY, _changes(attempt, told), detail=_words(told))
                raise Parked(Reason.PARTLY_WRITTEN, f"The PMS wrote only a part: {_words(told)}")

    def _still_pending(self, attempt: Attempt) -> NotYet | Parked:
        event = self.calls.event
        since = max(filter(None, (attempt.sent_at, event.replayed_at)))
        if self.calls.now() - since >= CONFIRM_FOR:
            detail = (
                f"Propexo's job {attempt.job_id} is still pending after an hour. "
                "Look in the PMS; replay asks again."
            )
            return Parked(Reason.UNCONFIRMED, detail)
        return self._ask_later()

    def _ask_later(self) -> NotYet:
        detail = "Queued at Propexo; waiting for the PMS to confirm it."
        schedule = CONFIRM_IN_BACKLOG if self.calls.is_backlog() else CONFIRM_AFTER
        return self.calls.look_again(schedule, Reason.CONFIRMATION, detail, Status.SUBMITTED)

    def _look_later(self, told: str) -> NotYet:
        detail = f"{told} The bridge looks whether it arrived before it sends again."
        return self.calls.look_again(LOOK_AFTER_UNKNOWN, Reason.OUTCOME_UNKNOWN, detail)

    # What is on record. Each of these is one commit; `_note` is one statement.

    def _put_on_record(self, owner: Owner, write: Write) -> Attempt:
        booking_id = owner.id if isinstance(owner, Booking) else None
        attempt = self.calls.ledger.open(write.kind, write.request, write.effect, booking_id, write.note)
        attempt.integration_id = self.integration_id
        event = self.calls.event
        with self.calls.context.database.session() as session:
            session.add(attempt)
            session.flush()
            if not open_writes.take(session, owner, attempt):
                detail = "Another event changed it at the same moment."
                raise NotYet(self.calls.now(), Status.RETRYING, Reason.EARLIER_EVENT, detail)
        event.awaits = owner.code
        return attempt

    def _answered(
        self, owner: Owner, attempt: Attempt, error: PropexoError | None, job_id: str | None
    ) -> None:
        self.calls.ledger.answered(attempt, error, job_id)
        stays_open = error is None or _may_have_arrived(error)
        self._note(owner, attempt, None if stays_open else {}, job_id if isinstance(owner, Booking) else None)
        self.calls.ledger.count(attempt)

    def _close(
        self,
        owner: Owner,
        attempt: Attempt,
        outcome: str,
        changes: dict[str, Any] | None = None,
        *,
        detail: str | None = None,
    ) -> None:
        attempt.outcome = outcome
        attempt.detail = detail or attempt.detail
        job_id = None
        if changes is not None and isinstance(owner, Booking) and attempt.event_id == self.calls.event.id:
            job_id = attempt.job_id or f"found:{changes.get('appointment_id')}"
        self._note(owner, attempt, changes or {}, job_id)

    def _note(
        self,
        owner: Owner,
        attempt: Attempt,
        changes: dict[str, Any] | None = None,
        job_id: str | None = None,
    ) -> None:
        """Write down what has become of the owner's open write; `changes` of the owner end it, even if there are none.

        Raises:
            NotYet: another worker has settled it meanwhile: this one was frozen, and looks anew.
        """
        event = self.calls.event
        with self.calls.context.database.single() as session:
            is_ours = open_writes.note(
                session, owner, attempt, changes=changes, job_id=job_id, event_id=event.id
            )
        if not is_ours:
            detail = "Another worker has settled this write meanwhile."
            raise NotYet(self.calls.now(), Status.RETRYING, Reason.EARLIER_EVENT, detail)
        event.job_id = job_id or event.job_id


def _may_have_arrived(error: PropexoError) -> bool:
    if isinstance(error, Transient):
        return error.sent
    return isinstance(error, (UnknownOutcome, Conflict))


def _changes(attempt: Attempt, told: WriteStatus) -> dict[str, Any]:
    changes = dict(attempt.effect or {})
    id_column = changes.pop("id_column", None)
    return {**changes, id_column: told.created_record_id} if id_column else changes


def _words(told: WriteStatus) -> str:
    return " ".join(told.errors) or "it gave no reason."


def _evidence(attempt: Attempt, code: str, looks: int) -> str:
    return (
        f"Sent at {attempt.started_at:%Y-%m-%d %H:%M:%S} UTC, with no usable answer "
        f"({attempt.detail or 'the bridge stopped while it was sending'}). "
        f"{looks} looks at Propexo's write log and records found no trace of {code}, which proves nothing. "
        "Look in the PMS: if it is there, dismiss; if not, replay, which looks once more and then sends it."
    )
