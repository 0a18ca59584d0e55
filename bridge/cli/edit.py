"""`bridge events edit`: correct what a parked event says."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import click

from bridge.aliases import aliases_of
from bridge.cli.base import (
    cli_actor,
    config_option,
    json_option,
    load_settings,
    open_database,
    print_json,
    say,
)
from bridge.cli.changes import changed
from bridge.cli.group import CommandError
from bridge.cli.tables import visible
from bridge.clock import utc_now
from bridge.console.actions import corrections
from bridge.database import Database
from bridge.errors import DecodingError
from bridge.events.dry_run import error_sentence
from bridge.events.edit import Correction, correction_of, payload_of, repairable
from bridge.inbound.decoding import decode
from bridge.models import Event
from bridge.settings import Settings


@click.command()
@click.argument("event_id", metavar="ID", type=int)
@config_option
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change a value of the payload (payload.email=a@example.com); may be repeated.",
)
@click.option(
    "--body", "body_file", type=click.File("rb"), help="A file with the corrected payload as JSON, or -."
)
@click.option("--force", is_flag=True, help="Save it even if the mapping cannot read it.")
@click.option(
    "--replay/--no-replay", "again", default=None, help="Run it again at once, or not, without a question."
)
@json_option
def edit(
    *,
    event_id: int,
    config: Path | None,
    changes: tuple[str, ...],
    body_file: BinaryIO | None,
    force: bool,
    again: bool | None,
    as_json: bool,
) -> None:
    """Correct the payload of a parked, ignored or dismissed event, and run it again.

    Without --set or --body your editor ($VISUAL, $EDITOR) opens with the decoded payload. The booking that the mapping
    reads from it is shown; what cannot be read is not saved. What came is kept: `bridge events show ID --original`.
    """
    if changes and body_file:
        raise click.UsageError("Use --set or --body, not both.")
    settings = load_settings(config)
    with open_database(settings) as database:
        event = _event(database, event_id)
        if changes or body_file:
            payload = _of_file(body_file) if body_file else changed(_payload(event), changes, "the payload")
            correction = _checked(event, payload, database, settings, force=force)
        else:
            correction = _edited(event, database, settings, force=force)
        if correction is None:
            say("Nothing was changed.")
            return
        again = _save(database, correction, again)
    if as_json:
        document = {**correction.read.as_json(), "changed": list(correction.changed), "queued": again}
        print_json({"id": event_id, **document})
        return
    click.echo(f"Event {event_id}: corrected{' and queued again' if again else ''}.")
    if not again:
        say(f"To run it: bridge events replay {event_id}")


def _event(database: Database, event_id: int) -> Event:
    with database.session() as session:
        event = session.get(Event, event_id)
    if event is None:
        raise CommandError(f"There is no event {event_id}.")
    repairable(event)
    return event


def _payload(event: Event) -> Any:
    try:
        return payload_of(event)
    except DecodingError as error:
        raise CommandError(
            f"{error.message} Give the whole payload with --body, or leave --set out to edit it."
        ) from error


def _of_file(file: BinaryIO) -> Any:
    try:
        return decode(file.read(), None)
    except DecodingError as error:
        raise CommandError(f"{file.name}: {error.message}") from error


def _checked(
    event: Event, payload: Any, database: Database, settings: Settings, *, force: bool
) -> Correction | None:
    """The correction, shown; `None` where nothing is different. Raises Refusal for what cannot be read."""
    correction = correction_of(event, payload, settings, aliases_of(database))
    if _is_the_same(event, payload):
        return None
    _show(correction)
    if correction.unreadable and not force:
        raise CommandError(
            "Nothing was saved: the mapping cannot read this payload. Use --force to save it anyway."
        )
    return correction


def _is_the_same(event: Event, payload: Any) -> bool:
    try:
        return bool(payload_of(event) == payload)
    except DecodingError:
        return False


def _edited(event: Event, database: Database, settings: Settings, *, force: bool) -> Correction | None:
    """What comes out of the editor; it opens again, with all that was typed, until it can be read or is given up."""
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal for an editor; use --set or --body.")
    with tempfile.NamedTemporaryFile(
        "w+", prefix=f"event-{event.id}-", suffix=".json", encoding="utf-8"
    ) as file:
        file.write(_as_text(event))
        file.flush()
        while True:
            click.edit(filename=file.name)
            try:
                payload = decode(Path(file.name).read_bytes(), None)
                return _checked(event, payload, database, settings, force=force)
            except (DecodingError, CommandError) as error:
                say(visible(error.message))
            if not click.confirm("Open the editor again?", default=True, err=True):
                raise CommandError("Nothing was saved.")


def _as_text(event: Event) -> str:
    try:
        return json.dumps(payload_of(event), ensure_ascii=False, indent=2) + "\n"
    except DecodingError:
        return event.body.decode("utf-8", "replace")


def _show(correction: Correction) -> None:
    """How it is read now, on stderr: stdout is for what was done."""
    read = correction.read
    if read.booking:
        say(visible(json.dumps(read.as_json()["booking"], ensure_ascii=False, indent=2)))
    elif read.reason:
        say(visible(f"It would be ignored: {read.reason}"))
    for error in read.errors:
        say(visible(error_sentence(error)))


def _save(database: Database, correction: Correction, again: bool | None) -> bool:
    """Save, and replay if that is wanted; answers whether it was queued again."""
    if again is None:
        again = sys.stdin.isatty() and click.confirm("Save it, and run it again now?", default=True, err=True)
    with database.session() as session:
        corrections.save(session, cli_actor(), correction, utc_now(), again=again, force=True)
    return again
