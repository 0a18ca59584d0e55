"""What two samples show together: ids that hold for more than they should."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action, Booking
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
    def booking(self) -> Booking | None:
        return self.event.booking


def check_pairs(mapping: Mapping, seen: Iterable[Seen]) -> Iterator[str]:
    """What is wrong between the samples of a mapping, as sentences; each of them once."""
    events = list(seen)
    findings = [
        *_shared_paths(mapping),
        *(finding for one in events for finding in _equal_values(one)),
        *(finding for one, other in combinations(events, 2) for finding in _references(one, other)),
    ]
    if not mapping.repeats:
        findings += [
            finding for one, other in combinations(events, 2) for finding in _delivery_ids(one, other)
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


def _equal_values(one: Seen) -> Iterator[str]:
    booking = one.booking
    if booking is None or booking.action is Action.REMEMBER:
        return
    values = {**vars(booking), "email": booking.contact.email}
    for name in SHARED:
        if values[name] and values[name].casefold() == booking.reference.casefold():
            yield (
                f"{one.sample.path.name}: the reference {booking.reference!r} is also its {name}: "
                "several bookings would have one reference."
            )


def _references(one: Seen, other: Seen) -> Iterator[str]:
    if _are_strangers(one.booking, other.booking):
        assert one.booking  # two bookings of two renters
        yield (
            f"{_names(one, other)}: the reference {one.booking.reference!r} is that of two renters; "
            "read an id that belongs to one booking."
        )


def _delivery_ids(one: Seen, other: Seen) -> Iterator[str]:
    is_one_event = one.sample.name == other.sample.name and one.sample.path != other.sample.path
    if is_one_event or one.event.delivery_id != other.event.delivery_id:
        return  # the same in two encodings, or two ids
    if _content(one) != _content(other):
        yield (
            f"{_names(one, other)}: two events have the delivery id {one.event.delivery_id!r}; "
            "the second would be a duplicate."
        )


def _names(one: Seen, other: Seen) -> str:
    return " and ".join(dict.fromkeys([one.sample.path.name, other.sample.path.name]))


def _are_strangers(one: Booking | None, other: Booking | None) -> bool:
    """Whether two bookings have one reference and two renters."""
    if one is None or other is None or one.reference != other.reference:
        return False
    if Action.REMEMBER in (one.action, other.action):
        return False
    emails, phones = (one.contact.email, other.contact.email), (one.contact.phone, other.contact.phone)
    known = emails if all(emails) else phones
    return all(known) and (known[0] or "").lower() != (known[1] or "").lower()


def _content(one: Seen) -> tuple[object, ...]:
    return (one.event.event, one.event.action, one.booking)
