"""Compares two samples: finds ids that more of them share than should."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action, BookingRequest
from bridge.mapping.samples import Sample
from bridge.mapping_checks.preview import Preview

SHARED = ("property", "unit", "agent", "email")
"""What several bookings have in common: none of them is a reference."""


@dataclass(frozen=True)
class Seen:
    """One event of a sample."""

    sample: Sample
    event: Preview

    @property
    def booking(self) -> BookingRequest | None:
        return self.event.booking


def check_pairs(mapping: Mapping, seen: Iterable[Seen]) -> Iterator[str]:
    """What is wrong between the samples of a mapping, as sentences; each of them once."""
    events = list(seen)
    findings = [
        *_shared_paths(mapping),
        *(finding for event in events for finding in _equal_values(event)),
        *(finding for first, second in combinations(events, 2) for finding in _references(first, second)),
    ]
    if not mapping.repeats:
        findings += [
            finding for first, second in combinations(events, 2) for finding in _delivery_ids(first, second)
        ]
    yield from dict.fromkeys(findings)


def _shared_paths(mapping: Mapping) -> Iterator[str]:
    declared = dict(mapping.paths())
    reference = declared.get("reference")
    for name in SHARED:
        other = declared.get(name)
        if reference and other and len(reference.paths) == 1 and reference.shares_a_path_with(other):
            path = reference.paths[0].expression
            yield f"`reference` and `{name}` both read `{path}`: several bookings would have one reference."


def _equal_values(seen: Seen) -> Iterator[str]:
    booking = seen.booking
    if booking is None or booking.action is Action.REMEMBER:
        return
    values = {**vars(booking), "email": booking.contact.email}
    for name in SHARED:
        if values[name] and values[name].casefold() == booking.reference.casefold():
            yield (
                f"{seen.sample.path.name}: the reference {booking.reference!r} is also its {name}: "
                "several bookings would have one reference."
            )


def _references(first: Seen, second: Seen) -> Iterator[str]:
    if _are_strangers(first.booking, second.booking):
        assert first.booking  # two bookings of two renters
        yield (
            f"{_names(first, second)}: the reference {first.booking.reference!r} is that of two renters; "
            "read an id that belongs to one booking."
        )


def _delivery_ids(first: Seen, second: Seen) -> Iterator[str]:
    is_one_event = first.sample.name == second.sample.name and first.sample.path != second.sample.path
    if is_one_event or first.event.delivery_id != second.event.delivery_id:
        return  # the same in two encodings, or two ids
    if _content(first) != _content(second):
        yield (
            f"{_names(first, second)}: two events have the delivery id {first.event.delivery_id!r}; "
            "the second would be a duplicate."
        )


def _names(first: Seen, second: Seen) -> str:
    return " and ".join(dict.fromkeys([first.sample.path.name, second.sample.path.name]))


def _are_strangers(first: BookingRequest | None, second: BookingRequest | None) -> bool:
    """Whether two bookings have one reference and two renters."""
    if first is None or second is None or first.reference != second.reference:
        return False
    if Action.REMEMBER in (first.action, second.action):
        return False
    emails, phones = (first.contact.email, second.contact.email), (first.contact.phone, second.contact.phone)
    known = emails if all(emails) else phones
    return all(known) and (known[0] or "").lower() != (known[1] or "").lower()


def _content(seen: Seen) -> tuple[object, ...]:
    return (seen.event.event, seen.event.action, seen.booking)
