"""A first mapping, written from one request: what is where is guessed by names and looks, and marked as guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.mapping.drafting import events, looks, moments
from bridge.mapping.drafting.events import EventGuess
from bridge.mapping.drafting.guesses import Guess, best, why
from bridge.mapping.drafting.places import Place, pairs_in, places_in
from bridge.mapping.drafting.proofs import Proof, proof
from bridge.mapping.drafting.roots import Batch, batch_of
from bridge.mapping.paths import Received, is_absent

__all__ = ["Draft", "draft"]

DELIVERY_HEADER = re.compile(
    r"webhook-id|svix-id|idempotency-key|.*-(delivery|event|webhook|notification|message)(-?id)?"
)
FORMER = re.compile(r"(^|__)(previous|old|former|original|before|prior|versions|history)(_|$)")
"""What stands below such a name was so, and is so no more."""


@dataclass(frozen=True)
class Draft:
    """What a request seems to say, before it is written down."""

    event: EventGuess | None
    then: str
    """The rule for this event: `BOOK`, `CANCEL`, ..."""
    fields: dict[str, Guess]
    """By the names of a booking's fields, in the order in which a mapping has them."""
    delivery: Guess | None
    delivery_header: str | None
    batch: Batch
    proof: Proof


def draft(received: Received) -> Draft:
    """Guess what stands where.

    Raises:
        ValueError: the payload holds no object, so that there is nothing to point at; a sentence.
    """
    payload = received.payload
    payload = payload[0] if isinstance(payload, list) and payload else payload
    if not isinstance(payload, dict) or not payload:
        raise ValueError(
            "The body holds no object with names for its values: a mapping cannot point at them."
        )
    places = [place for place in places_in(payload) if not FORMER.search("__".join(place.names))]
    event = events.event(places, received.headers)
    free = [place for place in places if event is None or place is not event.place]
    values = [place for place in free if place.own not in {"type", "@type"}]
    fields = _person(values) | _tour(values) | _words(values, payload)
    fields["reference"] = reference = _reference(values, fields, event)
    taken = [place.expression for guess in fields.values() for place in guess.paths]
    fields |= moments.happened(free, event.place if event else None, taken)
    given = {name: guess for name in ORDER if (guess := fields.get(name))}
    return Draft(
        event,
        _rule(event, given),
        given,
        _delivery(free, reference, event),
        next((name for name in sorted(received.headers) if DELIVERY_HEADER.fullmatch(name)), None),
        batch_of(given),
        proof(received.headers, received.query),
    )


ORDER = (
    "occurred_at", "reference", "first_name", "last_name", "full_name", "email", "phone",
    "starts_at", "starts_at_local", "ends_at", "ends_at_local", "duration_minutes", "kind",
    "property", "unit", "agent", "lead_source", "notes",
)  # fmt: skip


def _person(places: Sequence[Place]) -> dict[str, Guess]:
    email = near = best("email", places)
    phone = best("phone", places, near) or best("spaced_phone", places, near)
    found = {
        "email": _guess("Email", email, "an address"),
        "phone": _guess("Phone", phone, "a number"),
    }
    parts = {name: best(name, places, near) for name in ("first_name", "last_name")}
    whole = best("full_name", places, near)
    if parts["first_name"] and not is_absent(parts["first_name"].value):
        found |= {name: _guess("Name", place, "a word") for name, place in parts.items()}
    elif whole:
        look = "two words or more" if looks.is_person(whole.value) else "a word"
        found["full_name"] = _guess("PersonName", whole, look)
    return {name: guess for name, guess in found.items() if guess}


def _tour(places: Sequence[Place]) -> dict[str, Guess]:
    found = moments.start(places)
    for guess in list(found.values()):
        found |= moments.end(places, guess.place) if guess.place else {}
    return found


def _words(places: Sequence[Place], payload: Any) -> dict[str, Guess]:
    found = {
        name: _guess("String", best(name, places), "")
        for name in ("property", "unit", "agent", "lead_source")
    }
    if kind := best("kind", places):
        found["kind"] = Guess("Choice", "its value", (kind,), options="table=KINDS")
    note, pairs = best("notes", places), tuple(pairs_in(payload)[:1])
    if pairs:
        notes = (note,) if note and not note.filtered else ()
        found["notes"] = Guess("Lines", "a list of questions and answers", notes, pairs)
    elif note:
        found["notes"] = Guess("Lines", "its name", (note,))
    return {name: guess for name, guess in found.items() if guess}


def _reference(places: Sequence[Place], fields: dict[str, Guess], event: EventGuess | None) -> Guess:
    """The id of the booking; where there is none, one made of who comes and when."""
    start = fields.get("starts_at") or fields.get("starts_at_local")
    near = start.place if start else None
    envelope = event.place.parent if event and event.place else None
    apart = near is not None and near.parent != envelope
    ids = [
        place
        for place in places
        if not (place.filtered and place.own in {"id", "ref"})
        and not (apart and place.parent == envelope and re.fullmatch("(event_?)?(id|uuid|uid)", place.own))
    ]
    found = best("reference", ids, near)
    if found:
        return Guess("String", "its name", (found,), options="required=True")
    guesses = [fields[name] for name in ("email", "phone", "starts_at", "starts_at_local") if name in fields]
    paths = tuple(
        place
        for guess in guesses
        for place in (*guess.paths, *(part for part in (guess.date, guess.time) if part))
    )
    told = "no id of a booking was found: the person and the time stand for it, so that a move makes a new booking"
    return Guess("Fingerprint", told, paths or (Place("@", None, ()),), options="required=True")


def _delivery(places: Sequence[Place], reference: Guess, event: EventGuess | None) -> Guess | None:
    """The id of the event, which stands beside its name."""
    parent = event.place.parent if event and event.place else ""
    beside = [place for place in places if place.parent == parent]
    found = best("delivery_id", beside, without=reference.paths)
    return Guess("path", "its name", (found,)) if found else None


def _rule(event: EventGuess | None, fields: dict[str, Guess]) -> str:
    has_start = "starts_at" in fields or "starts_at_local" in fields
    then = events.action(event.name) if event else None
    if then in {None, "BOOK"} and not has_start:
        return "REQUEST"
    return then or "BOOK"


def _guess(type_: str, place: Place | None, look: str) -> Guess | None:
    return Guess(type_, why(place, look), (place,)) if place else None
