"""The names in an event, its bookings and its person, by which rows and records are looked up."""

from collections.abc import Iterable

from bridge.delivery.rules.state import Snapshot
from bridge.keys import contact_key, key
from bridge.settings.records import normalise_name

NAMED_RECORDS = ("unit", "agent", "lead_source")


def values_in(snapshot: Snapshot, *names: str) -> Iterable[str]:
    """What the event, its bookings and the contact that it names say in these fields."""
    request = snapshot.interpretation.request
    maps = [booking.fields for booking in snapshot.bookings] + (
        [snapshot.contact.fields] if snapshot.contact else []
    )
    for name in names:
        yield from (fields[name]["value"] for fields in maps if name in fields)
        if request is not None:
            value = getattr(request.contact, name, None) or getattr(request, name, None)
            if value:
                yield value


def lead_names(snapshot: Snapshot) -> set[str]:
    """The keys of leads that the event's tour may be for, also once it is one with another booking."""

    def values(name: str) -> set[str]:
        linked = {row.fields[name]["value"] for row in snapshot.related if name in row.fields}
        return {*values_in(snapshot, name), *linked}

    people = {contact_key(email, None) for email in values("email")}
    people |= {contact_key(None, phone) for phone in values("phone")}
    named = {key(f"lead:{lead_id}") for lead_id in values("lead_id")}
    return {name for name in people | named if name}


def spellings(name: str) -> Iterable[str]:
    spelled = normalise_name(name)
    return spelled, spelled.removeprefix("property:").strip()
