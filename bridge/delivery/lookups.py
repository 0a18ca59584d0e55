"""Units, agents and lead sources by the names that senders give them.

A property's list is asked for as a whole and kept in PostgreSQL, because all workers share one budget: a page holds
250 records, so that even 500 units cost two calls a day, and every spelling of a number can be compared.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from bridge.delivery.calls import Calls
from bridge.delivery.resolve import AGENT, LEAD_SOURCE, UNIT, Kind
from bridge.models import Choices
from bridge.propexo.bodies import Place
from bridge.propexo.client import Choice, Propexo

KEEP = timedelta(hours=24)
"""How long a list counts. Propexo itself learns of changes every 12 hours by default."""
ASK_AGAIN = timedelta(minutes=15)
"""How old a list must be to be asked for anew because a name is not in it."""

Record = Mapping[str, Any]
"""A choice as it is kept: `id`, and where there are any `name`, `email` and `leasing`."""

LISTS: dict[Kind, tuple[str, Callable[..., list[Choice]]]] = {
    UNIT: ("list_units", Propexo.list_units),
    AGENT: ("list_employees", Propexo.list_employees),
    LEAD_SOURCE: ("list_lead_sources", Propexo.list_lead_sources),
}


class Lookups:
    """Looks names up at one property, for one event."""

    def __init__(self, calls: Calls, place: Place) -> None:
        self.calls = calls
        self.place = place

    def find(self, kind: Kind, name: str) -> str | None:
        """The Propexo id of what exactly one record at the property is called.

        Raises:
            NotYet, Parked: what a failed call means.
        """
        kept = self._kept(kind)
        if kept is None or self.calls.now() - kept.fetched_at >= KEEP:
            return match(kind, name, self._ask(kind))
        found = match(kind, name, kept.records)
        if found is None and self._may_have_changed(kept):
            found = match(kind, name, self._ask(kind))
        return found

    def _may_have_changed(self, kept: Choices) -> bool:
        """Whether it is worth another call: with time, or because a person has mended it and replayed."""
        replayed_at = self.calls.event.replayed_at
        replayed_since = replayed_at is not None and replayed_at > kept.fetched_at
        return replayed_since or self.calls.now() - kept.fetched_at >= ASK_AGAIN

    def _kept(self, kind: Kind) -> Choices | None:
        key = (self.place.integration_id, self.place.property_id, kind.crosswalk)
        with self.calls.context.database.single() as session:
            return session.get(Choices, key)

    def _ask(self, kind: Kind) -> list[Record]:
        place, propexo = self.place, self.calls.context.propexo
        call, listed = LISTS[kind]
        answer = self.calls.read(
            call,
            place.integration_id,
            lambda: listed(propexo, integration_id=place.integration_id, property_id=place.property_id),
        )
        records = list(kept_of(answer, place.property_id))
        row = insert(Choices).values(
            integration_id=place.integration_id,
            property_id=place.property_id,
            kind=kind.crosswalk,
            fetched_at=self.calls.now(),
            records=records,
        )
        kept = row.on_conflict_do_update(
            index_elements=[Choices.integration_id, Choices.property_id, Choices.kind],
            set_={"fetched_at": row.excluded.fetched_at, "records": row.excluded.records},
        )
        with self.calls.context.database.single() as session:
            session.execute(kept)
        return records


def kept_of(choices: Iterable[Choice], property_id: str) -> Iterable[Record]:
    """What is kept of the choices of a property; who no longer works there is left out."""
    for choice in choices:
        if choice.is_active is not False and choice.property_id in (None, property_id):
            told = {"id": choice.id, "name": choice.name, "email": choice.email}
            record: dict[str, Any] = {key: value for key, value in told.items() if value}
            yield {**record, "leasing": True} if "LEASING_AGENT" in choice.roles else record


def match(kind: Kind, name: str, records: Sequence[Record]) -> str | None:
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
    addresses = {folded(record.get("email", "")) for record in hits}
    names = {folded(record["name"]) for record in hits if "name" in record}
    return len(addresses) == 1 and "" not in addresses and len(names) <= 1


def folded(text: str) -> str:
    """Without regard to case and white space."""
    return " ".join(text.split()).casefold()


_LABEL = re.compile(r"(?:(?:unit|apartment|apt|suite|ste|no)\b\.?|#|\s)+")


def bare_number(text: str) -> str:
    """A unit's number without what people write before it: `Apt. #204B` is `204b`."""
    return _LABEL.sub("", folded(text), count=1) if _LABEL.match(folded(text)) else folded(text)


COMPARED: dict[Kind, Sequence[tuple[str, Callable[[str], str]]]] = {
    UNIT: (("id", str.strip), ("name", folded), ("name", bare_number)),
    AGENT: (("id", str.strip), ("email", folded), ("name", folded)),
    LEAD_SOURCE: (("id", str.strip), ("name", folded)),
}
"""What a name is compared with, and how both are written for it."""
