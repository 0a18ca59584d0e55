"""What a PMS offers, as starts with the number of tours that may begin then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.availability.rules.slots import Offer

SELF_GUIDED_CALENDAR = "ENTRATA_SELF_GUIDED_TOUR_CALENDAR"


def offers_of(
    calendars: Sequence[Mapping[str, Any]], kind: str, zone: ZoneInfo, length: timedelta, now: datetime
) -> dict[datetime, Offer] | None:
    """The starts that calendars offer for a kind of tour, by their instant.

    Args:
        calendars: `PmsCalendar` as a table.
        zone: in which the PMS writes dates and times.

    Returns:
        `None`: there is no calendar for this kind; an empty table: there is one, and nothing is free.
    """
    wants_own = kind == "self_guided"
    own = [calendar for calendar in calendars if calendar["type"] == SELF_GUIDED_CALENDAR]
    chosen = own if wants_own and own else [calendar for calendar in calendars if calendar not in own]
    if not chosen:
        return None
    found: dict[datetime, Offer] = {}
    for calendar in chosen:
        soonest = now + timedelta(minutes=calendar["lead_time"] or 0)
        usual = timedelta(minutes=calendar["length"]) if calendar["length"] else length
        for day in calendar["days"]:
            for start_text, end_text in day["slots"]:
                start = _instant(day["date"], start_text, zone)
                end = _instant(day["date"], end_text, zone) if end_text else None
                if start is None or start < soonest:
                    continue
                ends_at = end if end and end > start else start + usual
                _add(found, start, ends_at, day["at_once"], calendar["agent"])
    return found


def _add(
    found: dict[datetime, Offer], start: datetime, end: datetime, at_once: int, agent: str | None
) -> None:
    agents = (agent,) if agent else ()
    before = found.get(start)
    found[start] = (
        Offer(end, at_once, agents)
        if before is None
        else replace(before, at_once=before.at_once + at_once, agents=(*before.agents, *agents))
    )


def _instant(day: str, clock: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a PMS writes as date and time; `None`: it is not one, or two."""
    try:
        naive = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
    except ValueError:
        return None
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first == second else None
