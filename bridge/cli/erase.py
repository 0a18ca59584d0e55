"""`bridge erase`: erase a person from the database."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json, say
from bridge.cli.group import CommandError
from bridge.clock import utc_now
from bridge.privacy.erasure import Person, blockers, counts_of, erase_person, find

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command()
@config_option
@click.option("--email", help="The person's e-mail address.")
@click.option("--phone", help="Or their phone number, in any spelling.")
@click.option("--yes", is_flag=True, help="Erase. Without it, the command only shows what would be erased.")
@click.option("--force", is_flag=True, help="Also what has not ended, and tours that are still to come.")
@json_option
def erase(
    *, config: Path | None, email: str | None, phone: str | None, yes: bool, force: bool, as_json: bool
) -> None:
    """Remove a person from all stored data: events, calls, tours, leads, contacts.

    Run it once for each e-mail address and phone number of the person. What stays are the sender's ids and Propexo's id
    of the appointment, so that a repeated event is not booked again. A receipt is kept, which names the address only
    as a digest. Records in the PMS and backups of the database are not erased.
    """
    if bool(email) == bool(phone):
        raise click.UsageError("Use either --email or --phone.")
    settings = load_settings(config)
    regions = sorted({source.phone_region for source in settings.sources.values()}) or ["US"]
    person = Person.of(email, phone, "US" if "US" in regions else regions[0])
    with open_database(settings) as database, database.session() as session:
        report = _erased(session, person, force=force) if yes else _would_be(session, person)
    if as_json:
        print_json(report)
    else:
        _show(report)


def _would_be(session: "Session", person: Person) -> dict[str, Any]:
    traces = find(session, person)
    counts, open_ones = asdict(counts_of(session, traces)), blockers(session, traces, utc_now())
    return {"erased": False, "contact": person.key, "counts": counts, "open": open_ones}


def _erased(session: "Session", person: Person, *, force: bool) -> dict[str, Any]:
    receipt = erase_person(session, person, utc_now(), force=force)
    if receipt is None:
        raise CommandError("Nothing is stored of this person.")
    return {
        "erased": True,
        "receipt": receipt.id,
        "at": receipt.erased_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "contact": receipt.contact,
        "counts": receipt.counts,
        "forced": receipt.forced,
    }


def _show(report: dict[str, Any]) -> None:
    for name, number in report["counts"].items():
        click.echo(f"{name.replace('_', ' ').capitalize()}: {number}")
    if report["erased"]:
        click.echo(f"Erased at {report['at']}; receipt {report['receipt']} for {report['contact']}")
        return
    for sentence in report["open"]:
        say(sentence)
    if any(report["counts"].values()):
        say(f"Nothing is erased yet: add --yes{' --force' if report['open'] else ''}.")
    else:
        say("Nothing is stored of this person.")
