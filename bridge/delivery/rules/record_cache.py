"""Units, agents and lead sources by the names that senders give them.

A property's list is read as a whole and kept in PostgreSQL, because all workers share one rate limit: a page holds
250 records, so that even 500 units cost two calls a day, and every spelling of a number can be compared.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.delivery.rules.entities import CachedRecords
from bridge.delivery.rules.resolve import AGENT, LEAD_SOURCE, UNIT, RecordKind
from bridge.delivery.rules.state import Call, Read, Snapshot
from bridge.propexo.client import PropexoRecord
from bridge.propexo.tours import PmsLocation

KEEP = timedelta(hours=24)
"""How long a list counts. Propexo itself learns of changes every 12 hours by default."""
ASK_AGAIN = timedelta(minutes=15)
"""How old a list must be to be read again because a name is not in it."""

Record = Mapping[str, Any]
"""A record as it is kept: `id`, and where there are any `name`, `email` and `leasing`."""

LISTS: dict[str, str] = {
    UNIT.crosswalk: "list_units",
    AGENT.crosswalk: "list_employees",
    LEAD_SOURCE.crosswalk: "list_lead_sources",
}
"""The call that lists the records of each kind."""


def look_up(
    snapshot: Snapshot, place: PmsLocation, kind: RecordKind, name: str, now: datetime
) -> str | Read | None:
    """The Propexo id of what exactly one record at the property is called, or the call that has to be made first."""
    call = list_call(place, kind)
    if call in snapshot.answers:
        return match(kind, name, list(cacheable(snapshot.answers[call], place.property_id)))
    cached = snapshot.records.get((place.integration_id, place.property_id, kind.crosswalk))
    if cached is None or now - cached.fetched_at >= KEEP:
        return Read(call)
    found = match(kind, name, cached.records)
    if found is None and _may_have_changed(snapshot, cached, now):
        return Read(call)
    return found


def list_call(place: PmsLocation, kind: RecordKind) -> Call:
    """The call that reads the whole list of a property."""
    return Call.of(
        LISTS[kind.crosswalk],
        place.integration_id,
        integration_id=place.integration_id,
        property_id=place.property_id,
    )


def _may_have_changed(snapshot: Snapshot, cached: CachedRecords, now: datetime) -> bool:
    """Whether another call is worth it: with time, or because an operator has mended it and replayed."""
    replayed_at = snapshot.event.replayed_at
    replayed_since = replayed_at is not None and replayed_at > cached.fetched_at
    return replayed_since or now - cached.fetched_at >= ASK_AGAIN


def cacheable(choices: Iterable[PropexoRecord], property_id: str) -> Iterable[Record]:
    """What is kept of the choices of a property; who no longer works there is left out."""
    for choice in choices:
        if choice.is_active is not False and choice.property_id in (None, property_id):
            named = {"id": choice.id, "name": choice.name, "email": choice.email}
            if choice.roles:
                named["x_id"] = choice.x_id  # by which calendars name agents
            record: dict[str, Any] = {key: value for key, value in named.items() if value}
            yield {**record, "leasing": True} if "LEASING_AGENT" in choice.roles else record


def match(kind: RecordKind, name: str, records: Sequence[Record]) -> str | None:
    """The id of the one record that is meant: by its id, then by each of its names, the most exact first."""
    for key, plain in COMPARED[kind]:
        wanted = plain(name)
        hits = [record for record in records if wanted and plain(record.get(key, "")) == wanted]
        if hits:
            return _the_one(hits)
    return None


def _the_one(hits: Sequence[Record]) -> str | None:
    """A PMS may hold several records of one person, any of which may be used; all else is ambiguous."""
    if len({record["id"] for record in hits}) > 1 and not _is_one_person(hits):
        return None
    # An appointment can be changed to a leasing agent only. The order must not change from run to run.
    chosen = min(hits, key=lambda record: (not record.get("leasing"), record["id"]))
    return str(chosen["id"])


def _is_one_person(hits: Sequence[Record]) -> bool:
    """One e-mail address and no two names: a mailbox may be shared, a name too."""
    addresses = {casefolded(record.get("email", "")) for record in hits}
    names = {casefolded(record["name"]) for record in hits if "name" in record}
    return len(addresses) == 1 and "" not in addresses and len(names) <= 1


def casefolded(text: str) -> str:
    """Without regard to case and white space."""
    return " ".join(text.split()).casefold()


_LABEL = re.compile(r"(?:(?:unit|apartment|apt|suite|ste|no)\b\.?|#|\s)+")


def bare_number(text: str) -> str:
    """A unit's number without what people write before it: `Apt. #204B` is `204b`."""
    return _LABEL.sub("", casefolded(text), count=1) if _LABEL.match(casefolded(text)) else casefolded(text)


COMPARED: dict[RecordKind, Sequence[tuple[str, Callable[[str], str]]]] = {
    UNIT: (("id", str.strip), ("name", casefolded), ("name", bare_number)),
    AGENT: (("id", str.strip), ("email", casefolded), ("name", casefolded)),
    LEAD_SOURCE: (("id", str.strip), ("name", casefolded)),
}
"""What a name is compared with, and how both are written for it."""
