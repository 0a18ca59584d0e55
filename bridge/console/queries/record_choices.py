"""The units and agents that can be chosen at a property: those that Propexo listed last, and those of bridge.toml."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bridge.delivery.rules.record_cache import match
from bridge.delivery.rules.resolve import AGENT, UNIT, RecordKind
from bridge.models import RecordCache
from bridge.settings import Property


@dataclass(frozen=True)
class RecordChoice:
    """One record as a choice."""

    value: str
    """Its name where that means only this record; else its id."""
    label: str


def unit_choices(session: Session, place: Property) -> list[RecordChoice]:
    """The units of a property, by their numbers; empty: Propexo was not asked for them yet."""
    return _choices(session, place, UNIT, place.units)


def agent_choices(session: Session, place: Property) -> list[RecordChoice]:
    """Those who may be given a tour at a property, leasing agents first."""
    return _choices(session, place, AGENT, place.agents)


def _choices(
    session: Session, place: Property, kind: RecordKind, crosswalk: dict[str, str]
) -> list[RecordChoice]:
    row = session.get(RecordCache, (place.integration_id, place.property_id, kind.crosswalk))
    records = row.records if row else []
    found: dict[str, RecordChoice] = {}
    for record in sorted(records, key=lambda record: (not record.get("leasing"), record.get("name", ""))):
        name = str(record.get("name") or record.get("email") or record["id"])
        value = name if match(kind, name, records) == record["id"] else str(record["id"])
        found.setdefault(value.casefold(), RecordChoice(value, name))
    for name in crosswalk:
        found.setdefault(name.casefold(), RecordChoice(name, name))
    return list(found.values())
