"""`bridge availability`: the free times of a property, and why others are not."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.availability.calendar import Calendar
from bridge.availability.knowledge import reader
from bridge.availability.listing import Availability
from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json, say
from bridge.cli.group import CommandError
from bridge.cli.tables import show_table
from bridge.clock import utc_now
from bridge.errors import RefusedRequestError
from bridge.settings import Property


class DayParameter(click.ParamType[date]):
    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("write the day as 2026-12-31", param, ctx)


@click.command()
@click.argument("property_key", metavar="PROPERTY")
@config_option
@click.option(
    "--from", "first", type=DayParameter(), help="The first day.  [default: today, at the property]"
)
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 14))
@click.option("--kind", help="in_person, self_guided or virtual.  [default: all that are offered]")
@click.option("--why", is_flag=True, help="Show every start, with why it is not free.")
@json_option
def availability(
    *,
    property_key: str,
    config: Path | None,
    first: date | None,
    days: int,
    kind: str | None,
    why: bool,
    as_json: bool,
) -> None:
    """Show the free times of PROPERTY, as a widget or a chat offers them.

    With --why, each start of these days is listed with what keeps it from being free: `notice`, `horizon`, `closed`,
    `not_offered` (by the PMS), `full_day`, `taken` or `unavailable`.
    """
    settings = load_settings(config)
    with open_database(settings) as database:
        calendar = Calendar(settings, database, utc_now, reader(settings, database, utc_now))
        try:
            place = calendar.property_named(property_key)
            found = calendar.list_times(place, first, days, kind)
            starts = _starts(calendar, place, found, kind) if why else []
        except RefusedRequestError as error:
            raise CommandError(error.message) from error
        finally:
            calendar.close()
    if as_json:
        print_json({**found.as_json(), **({"starts": starts} if why else {})})
        return
    _show(found, starts, why=why)


def _starts(
    calendar: Calendar, place: Property, found: Availability, kind: str | None
) -> list[dict[str, Any]]:
    """Every start, by kind, with what is in its way."""
    return [
        {"kind": name, "start": start.astimezone(ZoneInfo(found.time_zone)).isoformat(), "why_not": obstacle}
        for name in ([kind] if kind else found.kinds)
        for start, obstacle in calendar.explain(place, name, found.days[0].day, len(found.days))
    ]


def _show(found: Availability, starts: list[dict[str, Any]], *, why: bool) -> None:
    origin = {"pms": "as the PMS says", "hours": "by the hours of the property"}[found.origin]
    known = found.as_of.astimezone(ZoneInfo(found.time_zone))
    say(f"{found.property}, {found.time_zone}, {origin}, as of {known:%Y-%m-%d %H:%M:%S}")
    if why:
        rows = [
            [
                _local(start["start"], "%a %Y-%m-%d"),
                _local(start["start"], "%H:%M"),
                start["kind"],
                start["why_not"] or "free",
            ]
            for start in starts
        ]
        show_table(["Day", "Start", "Kind", ""], rows)
        return
    rows = []
    for day in found.days:
        times = [f"{slot.start:%H:%M}" for slot in found.slots if slot.start.date() == day.day]
        following = f"; next on {day.next}" if day.next and not times else ""
        shown = " ".join(times) or f"{day.as_json()['reason']}{following}"
        rows.append([f"{day.day:%a %Y-%m-%d}", str(day.free), shown])
    show_table(["Day", "Free", "Times"], rows)


def _local(text: str, form: str) -> str:
    return format(datetime.fromisoformat(text), form)
