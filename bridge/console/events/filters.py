"""The filters of the list of events, from its query string."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from bridge.console.queries.paging import check_choice
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.query import Selection
from bridge.models import UNFINISHED, Status

OPEN = "open"
"""Selects all events that need no operator."""


class InvalidDayError(BridgeError):
    """One of the days is not a date. Write it as 2026-12-31."""

    code = "not_a_day"


LAST_DAY = date(9998, 12, 31)
"""One that has a next day in every time zone."""


@dataclass(frozen=True)
class EventFilter:
    """Each as the address has it; empty: it does not restrict."""

    q: str = ""
    status: str = ""
    source: str = ""
    property: str = ""
    reason: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "EventFilter":
        return cls(**{field.name: values.get(field.name, "").strip() for field in fields(cls)})

    def given(self) -> dict[str, Any]:
        """What restricts, for another address."""
        return {name: value for name, value in asdict(self).items() if value}

    def narrows(self) -> bool:
        """Whether something restricts that neither the search nor the tabs of the page show."""
        is_tab = self.status in ("", OPEN, Status.PARKED, Status.WRITTEN)
        return not is_tab or any((self.source, self.property, self.reason, self.since, self.until))

    def selection(self, zone: tzinfo) -> Selection:
        """Everything but the search. The days are those of a zone, both included.

        Raises:
            InvalidDayError: a day is none.
            UnknownChoiceError: there is no such status, or no such reason.
        """
        check_choice("status", self.status, (OPEN, *Status))
        check_choice("reason", self.reason, Reason)
        until = _day(self.until)
        return Selection(
            statuses=UNFINISHED if self.status == OPEN else _as_tuple(self.status),
            reasons=_as_tuple(self.reason),
            sources=_as_tuple(self.source),
            property=self.property or None,
            since=_midnight(_day(self.since), zone),
            until=_midnight(until + timedelta(days=1) if until else None, zone),
        )


STATUSES = [
    (Status.PARKED.value, "Parked: action needed"),
    (OPEN, "On its way"),
    (Status.WRITTEN.value, "Done in the PMS"),
    *(
        (status.value, status.capitalize())
        for status in Status
        if status not in (Status.PARKED, Status.WRITTEN)
    ),
]
"""The choice of the filter, with its words."""


def _as_tuple(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidDayError from error
    if day > LAST_DAY:
        raise InvalidDayError
    return day


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), zone) if day else None
