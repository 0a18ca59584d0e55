"""What happened to a tour, the newest first: what arrived, what people did, and what was written to the PMS."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.delivery.rules.outcomes import WriteOutcome
from bridge.propexo.errors import Outcome

WRITES = {
    "create_lead": "Lead",
    "update_lead": "Correction of the lead",
    "create": "Booking",
    "update": "Move",
    "cancel": "Cancellation",
}
_OUTCOMES = {
    WriteOutcome.SENDING.value: ("is being sent", "info"),
    Outcome.SUBMITTED.value: ("sent, not confirmed yet", "info"),
    WriteOutcome.CONFIRMED.value: ("confirmed by the PMS", "good"),
    WriteOutcome.FAILED.value: ("refused by the PMS", "bad"),
    WriteOutcome.PARTLY.value: ("only partly written by the PMS", "bad"),
    WriteOutcome.ABANDONED.value: ("left no trace and was given up", "bad"),
    WriteOutcome.NOT_SENT.value: ("not sent", "info"),
    Outcome.REJECTED.value: ("refused by Propexo", "bad"),
    Outcome.STALE.value: ("refused: Propexo no longer knows the record", "bad"),
}
_ACTIONS = {
    "replayed": "Sent again",
    "edited": "Corrected",
    "dismissed": "Dismissed",
    "imported": "Imported",
}


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened."""

    at: datetime
    text: str
    tone: str = "info"
    """good, bad or info; it chooses the colour of the mark."""
    event_id: int | None = None
    """Another event, with a page of its own."""


def timeline(
    received_at: datetime,
    source: str,
    attempts: Iterable[Mapping[str, Any]],
    history: Iterable[Mapping[str, Any]],
    related: Sequence[Mapping[str, Any]],
    occurred_at: datetime | None = None,
) -> list[TimelineEntry]:
    """All of it, the newest first."""
    found = [
        TimelineEntry(received_at, f"Received from {source}"),
        *_writes(attempts),
        *_operator_actions(history),
        *(
            TimelineEntry(other["received_at"], str(other["words"]), _tone(other["words"].tone), other["id"])
            for other in related
        ),
    ]
    if occurred_at is not None and occurred_at < received_at:
        found.insert(0, TimelineEntry(occurred_at, f"Happened at {source}"))
    order = sorted(enumerate(found), key=lambda entry: (entry[1].at.astimezone(UTC), entry[0]), reverse=True)
    return [moment for _, moment in order]


def _writes(attempts: Iterable[Mapping[str, Any]]) -> Iterator[TimelineEntry]:
    for attempt in attempts:
        if (noun := WRITES.get(str(attempt["kind"]))) is not None:
            outcome = str(attempt["outcome"])
            words, tone = _OUTCOMES.get(outcome, (outcome.replace("_", " "), "info"))
            at = attempt["finished_at"] or attempt["started_at"]
            yield TimelineEntry(datetime.fromisoformat(at), f"{noun} {words}", tone)


def _operator_actions(history: Iterable[Mapping[str, Any]]) -> Iterator[TimelineEntry]:
    for entry in history:
        words = _ACTIONS.get(str(entry["what"]), str(entry["what"]).capitalize())
        by = f" by {entry['by']}" if entry.get("by") else ""
        changed = f": {', '.join(entry['changed'])}" if entry.get("changed") else ""
        yield TimelineEntry(datetime.fromisoformat(entry["at"]), f"{words}{by}{changed}")


def _tone(tone: str) -> str:
    return {"written": "good", "parked": "bad"}.get(tone, "info")
