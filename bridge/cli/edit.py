"""`bridge events edit`: correct the payload of a parked event."""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import click

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
from bridge.cli.completion import complete_event
from bridge.cli.group import CommandError
from bridge.cli.remote import RemoteBridge, remote_options
from bridge.cli.tables import visible
from bridge.clock import utc_now
from bridge.console.actions import corrections
from bridge.database import Database
from bridge.errors import DecodingError
from bridge.events.dry_run import error_sentence
from bridge.events.edit import edit_as_json, payload_of, repairable
from bridge.events.query import kept_event
from bridge.inbound.decoding import decode
from bridge.settings import Settings


@click.command()
@click.argument("event_id", metavar="ID", type=int, shell_complete=complete_event)
@config_option
@remote_options
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
    "--replay/--no-replay",
    "again",
    default=None,
    help="Run it again immediately, or not, without a question.",
)
@json_option
def edit(
    *,
    event_id: int,
    config: Path | None,
    remote: RemoteBridge | None,
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
    wanted = _Wanted(event_id, changes, body_file, force=force, again=again)
    if remote:
        done = _edit(_RemoteEvent(remote, event_id), wanted)
    else:
        settings = load_settings(config)
        with open_database(settings) as database:
            done = _edit(_StoredEvent(database, settings, event_id), wanted)
    if done is None:
        say("Nothing was changed.")
        return
    if as_json:
        print_json({"id": event_id, **done["reading"], "changed": done["changed"], "queued": done["queued"]})
        return
    click.echo(f"Event {event_id}: corrected{' and queued again' if done['queued'] else ''}.")
    if not done["queued"]:
        say(f"To run it: bridge events replay {event_id}")


@dataclass(frozen=True)
class _Wanted:
    """What the options ask for."""

    event_id: int
    changes: tuple[str, ...]
    body_file: BinaryIO | None
    force: bool
    again: bool | None


class _EditableEvent(Protocol):
    """Where the event is: in the database here, or at a bridge on another machine. Documents are those of the API."""

    def payload(self) -> Any:
        """The payload; a text where it cannot be decoded. Raises CommandError: it cannot be edited."""

    def preview(self, payload: Any) -> dict[str, Any]:
        """How a corrected payload would be read."""

    def save(self, payload: Any, *, again: bool, force: bool) -> None:
        """Save what was previewed last, and run the event again if `again`."""


class _StoredEvent:
    def __init__(self, database: Database, settings: Settings, event_id: int) -> None:
        self._database, self._settings = database, settings
        with database.session() as session:
            event = kept_event(session, event_id)
        if event is None:
            raise CommandError(f"There is no event {event_id}.")
        repairable(event)
        self._event = event

    def payload(self) -> Any:
        try:
            return payload_of(self._event)
        except DecodingError:
            return self._event.body.decode("utf-8", "replace")

    def preview(self, payload: Any) -> dict[str, Any]:
        with self._database.session() as session:
            self._correction = corrections.preview(session, self._settings, self._event, payload)
        return edit_as_json(self._correction, queued=False)

    def save(self, payload: Any, *, again: bool, force: bool) -> None:  # noqa: ARG002 - it was previewed
        with self._database.session() as session:
            corrections.save(session, cli_actor(), self._correction, utc_now(), again=again, force=force)


class _RemoteEvent:
    def __init__(self, remote: RemoteBridge, event_id: int) -> None:
        self._remote, self._path = remote, f"/events/{event_id}"
        self._payload = remote.get(f"{self._path}/payload")["payload"]
        self.preview(self._payload)  # refuses what cannot be edited, before an editor opens

    def payload(self) -> Any:
        return self._payload

    def preview(self, payload: Any) -> dict[str, Any]:
        return self._remote.post(f"{self._path}/edit/preview", {"payload": payload})

    def save(self, payload: Any, *, again: bool, force: bool) -> None:
        self._remote.post(f"{self._path}/edit", {"payload": payload, "replay": again, "force": force})


def _edit(bridge: _EditableEvent, wanted: _Wanted) -> dict[str, Any] | None:
    """Correct the event; answers how it is read now, or `None` where nothing is different."""
    before = bridge.payload()
    if wanted.changes or wanted.body_file:
        payload = _of_file(wanted.body_file) if wanted.body_file else _with_changes(before, wanted.changes)
        correction = _checked(bridge, before, payload, force=wanted.force)
    else:
        payload, correction = _edited(bridge, before, wanted)
    if correction is None:
        return None
    again = wanted.again
    if again is None:
        again = sys.stdin.isatty() and click.confirm("Save it, and run it again now?", default=True, err=True)
    bridge.save(payload, again=again, force=wanted.force)
    return {**correction, "queued": again}


def _with_changes(payload: Any, changes: tuple[str, ...]) -> Any:
    if isinstance(payload, str):
        raise CommandError(
            "The payload cannot be decoded. Give the whole payload with --body, or leave --set out to edit it."
        )
    return changed(payload, changes, "the payload")


def _of_file(file: BinaryIO) -> Any:
    try:
        return decode(file.read(), None)
    except DecodingError as error:
        raise CommandError(f"{file.name}: {error.message}") from error


def _checked(bridge: _EditableEvent, before: Any, payload: Any, *, force: bool) -> dict[str, Any] | None:
    """The correction, shown; `None` where nothing is different. Raises CommandError for what cannot be read."""
    correction = bridge.preview(payload)
    if payload == before:
        return None
    _show(correction)
    if correction["unreadable"] and not force:
        raise CommandError(
            "Nothing was saved: the mapping cannot read this payload. Use --force to save it anyway."
        )
    return correction


def _edited(bridge: _EditableEvent, before: Any, wanted: _Wanted) -> tuple[Any, dict[str, Any] | None]:
    """What comes out of the editor; it opens again, with all that was typed, until it can be read or is given up."""
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal for an editor; use --set or --body.")
    with tempfile.NamedTemporaryFile(
        "w+", prefix=f"event-{wanted.event_id}-", suffix=".json", encoding="utf-8"
    ) as file:
        file.write(
            before if isinstance(before, str) else f"{json.dumps(before, ensure_ascii=False, indent=2)}\n"
        )
        file.flush()
        while True:
            click.edit(filename=file.name)
            try:
                payload = decode(Path(file.name).read_bytes(), None)
                return payload, _checked(bridge, before, payload, force=wanted.force)
            except (DecodingError, CommandError) as error:
                say(visible(error.message))
            if not click.confirm("Open the editor again?", default=True, err=True):
                raise CommandError("Nothing was saved.")


def _show(correction: dict[str, Any]) -> None:
    """How it is read now, on stderr: stdout is for what was done."""
    reading = correction["reading"]
    if reading["booking"]:
        say(visible(json.dumps(reading["booking"], ensure_ascii=False, indent=2)))
    elif reading["reason"]:
        say(visible(f"It would be ignored: {reading['reason']}"))
    for error in reading["errors"]:
        say(visible(error_sentence(error)))
