"""`bridge appointments`: what the PMS holds, matched to our bookings."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json, say
from bridge.cli.group import CommandError
from bridge.cli.tables import show_table
from bridge.events import pms_appointments
from bridge.propexo.preflight import client_of

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def appointments() -> None:
    """Show what the PMS holds, matched to our bookings."""


@appointments.command("list")
@click.option("--property", "property_name", metavar="KEY", required=True, help="A configured property.")
@click.option("--from", "first", type=DAY, help="From this day on, by the clock at the property.")
@click.option("--to", "last", type=DAY, help="Up to this day.")
@config_option
@json_option
def list_appointments(
    *, property_name: str, first: datetime | None, last: datetime | None, config: Path | None, as_json: bool
) -> None:
    """List the appointments of a property: ours, theirs, and what is missing there.

    Propexo shows what it read last: an appointment can be missing because it is not synced yet. A cancelled
    appointment may still be listed.
    """
    settings = load_settings(config)
    place = settings.property_named(property_name)
    if place is None:
        known = ", ".join(settings.properties) or "none"
        raise CommandError(f'No property is called "{property_name}"; there are: {known}.')
    with open_database(settings) as database, database.session() as session:
        own = pms_appointments.own_bookings(session, place)
    rows = pms_appointments.read(
        client_of(settings.propexo),
        place,
        own,
        first=first.date() if first else None,
        last=last.date() if last else None,
    )
    if as_json:
        print_json({"appointments": [{**asdict(row), "starts_at": _iso(row.starts_at)} for row in rows]})
    elif rows:
        show_table(
            ("Whose", "Start", "Appointment", "Booking", "State", "Notes"),
            [
                [
                    row.match.value,
                    f"{row.starts_at:%Y-%m-%d %H:%M}" if row.starts_at else "",
                    row.appointment_id or "",
                    row.code or "",
                    row.state or "",
                    row.notes or "",
                ]
                for row in rows
            ],
        )
    else:
        say("Propexo shows no appointment here, and the bridge has booked none.")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
