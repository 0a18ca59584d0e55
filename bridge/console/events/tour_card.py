"""The tour of an event as the first thing of its page: who, when, where, what the PMS holds, and what happens next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.console.actor import Actor
from bridge.console.masking import mask
from bridge.console.phones import readable_phone
from bridge.console.status_words import KINDS
from bridge.mapping.booking import Action
from bridge.models import Status

_ASKED = {
    Action.BOOK.value: "wants to book a tour",
    Action.RESCHEDULE.value: "wants to move a tour",
    Action.CANCEL.value: "wants to cancel a tour",
}
_DONE = {
    Action.BOOK.value: "booked a tour",
    Action.RESCHEDULE.value: "moved a tour",
    Action.CANCEL.value: "cancelled a tour",
    Action.NO_SHOW.value: "did not come to a tour",
}
_NEXT = {
    Status.RECEIVED: "It is read and sent in a moment.",
    Status.SUBMITTED: "The bridge checks until {pms} confirms it.",
    Status.WRITTEN: "Nothing: it is confirmed by {pms}.",
    Status.IGNORED: "Nothing. This event changes no tour.",
    Status.DISMISSED: "Nothing. An operator has dealt with it.",
    Status.PARKED: "Nothing is sent until an operator decides.",
}


@dataclass(frozen=True)
class TourCard:
    """What is known of a tour, as the actor who asked may see it."""

    headline: str
    start: datetime | None = None
    """In the time of the property; naive where its zone is not known."""
    start_as_sent: str | None = None
    """What could not be read as a start."""
    start_in_pms: datetime | None = None
    """Where the PMS holds another start."""
    minutes: int | None = None
    place: str | None = None
    is_known_place: bool = False
    kind: str | None = None
    unit: str | None = None
    agent: str | None = None
    email: str | None = None
    phone: str | None = None
    """In E.164."""
    notes: str | None = None

    @property
    def readable_phone(self) -> str | None:
        return readable_phone(self.phone)


def headline(name: str | None, action: str | None, status: str) -> str:
    """What the renter does, as a heading; of what is not done yet, what the renter wants."""
    if action is None:
        return name or "A message that is not read yet"
    is_done = status == Status.WRITTEN or action == Action.NO_SHOW
    words = (_DONE if is_done else _ASKED).get(action)
    return f"{name or 'A renter'} {words}" if words else name or "No tour"


def next_step(status: str, pms: str, advice: str | None = None) -> str:
    """What happens next without anybody's help; `advice` is that of the event's reason."""
    known = Status(status)
    sentence = (None if known is Status.PARKED else advice) or _NEXT.get(known, "It continues automatically.")
    return sentence.format(pms=pms)


def card_of(
    values: Mapping[str, Any],
    title: str,
    place: str | None,
    actor: Actor,
    *,
    is_known_place: bool,
    start: datetime | None = None,
    as_sent: str | None = None,
    start_in_pms: datetime | None = None,
) -> TourCard:
    """The card of a tour with these values, by the names of `BookingRequest`."""
    sees = actor.sees_people

    def shown(text: Any) -> str | None:
        return None if not text else str(text) if sees else mask(str(text))

    return TourCard(
        headline=title,
        minutes=values.get("duration_minutes"),
        place=place if is_known_place else shown(place),
        is_known_place=is_known_place,
        kind=KINDS.get(str(values.get("kind")), "Tour"),
        unit=shown(values.get("unit")),
        agent=shown(values.get("agent")),
        email=shown(values.get("email")),
        phone=shown(values.get("phone")),
        notes=shown(values.get("notes")),
        start=start,
        start_as_sent=shown(as_sent),
        start_in_pms=start_in_pms,
    )
