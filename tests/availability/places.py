"""A property whose settings a test chooses, and moments by its wall clock."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.availability.rules.slots import Busy, Rules, Times, rules_of
from bridge.settings import Property, parse

CHICAGO = "America/Chicago"
WEEK = ["mon-fri 09:00-18:00", "sat 10:00-16:00"]


def place(zone: str = CHICAGO, hours: Any = WEEK, pms: str = "RESMAN", **slots: Any) -> Property:
    """A property as bridge.toml describes it."""
    values: dict[str, Any] = {"integration_id": "i", "property_id": "p", "pms": pms, "time_zone": zone}
    values |= {"slots": slots} | ({} if hours is None else {"tour_hours": hours})
    document = {"propexo": {"token": "t"}, "properties": {"oakwood": values}}
    return parse(document, {}).properties["oakwood"]


def rules(zone: str = CHICAGO, hours: Any = WEEK, kind: str = "in_person", **slots: Any) -> Rules:
    found = rules_of(place(zone, hours, **slots), kind)
    assert found is not None
    return found


def at(text: str, zone: str = CHICAGO, fold: int = 0) -> datetime:
    """The instant at which the wall clock shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def busy(start: str, end: str, zone: str = CHICAGO, **more: Any) -> Busy:
    return Busy(at(start, zone), at(end, zone), **more)


def times(*taken: Busy, offers: Mapping[datetime, Any] | None = None, **settings: Any) -> Times:
    return Times(rules(**settings), taken, None if offers is None else dict(offers))
