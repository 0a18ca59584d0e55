"""`bridge import`: take in saved requests as if their senders had posted them."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from bridge.cli.base import (
    config_option,
    json_option,
    load_settings,
    open_database,
    operator,
    print_json,
    say,
)
from bridge.cli.completion import complete_source
from bridge.cli.tables import visible
from bridge.cli.translate import parse_headers
from bridge.clock import utc_now
from bridge.database import Database
from bridge.errors import BridgeError, DecodingError, InvalidFormError, NotAuthenticError, UnknownSourceError
from bridge.events import history as lineage
from bridge.events.history import OperatorAction
from bridge.inbound import inbox
from bridge.inbound.handshakes import ChallengeByPost
from bridge.inbound.inbox import DuplicatePolicy, IncomingEvent, RequestMetadata, delivery_ids
from bridge.inbound.saved_requests import FileFormat, SavedRequest, UnreadableFileError, requests_in
from bridge.inbound.signatures import Request
from bridge.inbound.views import WebhookEndpoint, authenticate, read, split_events
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import Sample
from bridge.mapping.sources import MappedSource, Sources
from bridge.models import Event
from bridge.settings import Settings

ANY_AGE = 1 << 62
"""Seconds: a request was signed when it was sent, however long ago."""


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True)
)
@config_option
@click.option(
    "--source",
    help="The source of the requests.  [default: as given in each request]",
    shell_complete=complete_source,
)
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in FileFormat]),
    help="The format of the files.  [default: detected]",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="A header of each request, besides those in the file; may be repeated.",
)
@click.option("--content-type", help="Content type of a bare body.  [default: from the ending of FILE]")
@click.option("--no-verify", is_flag=True, help="Import requests without verifying their sender.")
@click.option("--dry-run", is_flag=True, help="Only show what would happen to each.")
@json_option
def import_(
    *,
    files: tuple[str, ...],
    config: Path | None,
    source: str | None,
    kind: str | None,
    headers: dict[str, str],
    content_type: str | None,
    no_verify: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import saved requests as if their senders had just posted them.

    FILE holds requests as JSON, one object a line or in a list ({"source", "headers", "query", "received_at", and
    "body" or "body_base64"}), or only a body, which needs --source. - is standard input. Signatures are verified, but
    may be of any age. What the bridge has already, also equal content without an id, is a duplicate. Exits with 1 if
    a request was refused.
    """
    settings = load_settings(config)
    added = {**headers, **({"content-type": content_type} if content_type else {})}
    with open_database(settings, may_create=True) as database:
        importing = _Import(settings, database, source, verify=not no_verify, dry_run=dry_run)
        results = []
        for saved in _saved(files, FileFormat(kind) if kind else None, added):
            results.append(importing.take(saved))
            if not as_json:
                click.echo(visible(results[-1].line()))
    _conclude(results, as_json=as_json, verify=not no_verify, dry_run=dry_run)


class ImportFailedError(BridgeError):
    """This request cannot be imported."""

    code = "not_imported"


@dataclass(frozen=True)
class _Result:
    where: str
    source: str | None = None
    events: tuple[dict[str, Any], ...] = ()
    refused: str | None = None
    skipped: str | None = None

    def line(self) -> str:
        problems = self.refused and f"refused: {self.refused}"
        return f"{self.where}: {problems or self.skipped or ', '.join(_in_words(event) for event in self.events)}"


def _in_words(event: Mapping[str, Any]) -> str:
    if event["duplicate"]:
        return (
            f"duplicate of event {event['id']} ({event['status']})"
            if event["id"]
            else "duplicate of one above"
        )
    if event["id"] is None:
        return "would be stored" + (f" and parked: {event['detail']}" if event["detail"] else "")
    return f"stored as event {event['id']}" + (f", parked: {event['detail']}" if event["detail"] else "")


class _Import:
    def __init__(
        self, settings: Settings, database: Database, source: str | None, *, verify: bool, dry_run: bool
    ) -> None:
        self.settings, self.database, self.source = settings, database, source
        self.verify, self.dry_run = verify, dry_run
        self.sources = Sources(settings, Catalogue(settings.mappings_dir))
        self.by = operator()
        self.endpoint = WebhookEndpoint(settings, self.sources, database, utc_now)
        self.seen: set[tuple[str, str]] = set()
        """What a dry run has met, by source and delivery id."""

    def take(self, saved: SavedRequest | UnreadableFileError) -> _Result:
        """Bring one request through the webhook endpoint."""
        if isinstance(saved, UnreadableFileError):
            return _Result(saved.where, refused=saved.message)
        name = self.source or saved.source
        if saved.method != "POST" or (name is None and saved.address):
            path = saved.address.partition("?")[0]
            return _Result(saved.where, skipped=f"left out: {saved.method} {path} is no hook")
        try:
            return self._take(saved, self._source(name))
        except InvalidFormError as error:
            problems = [f"{field}: {' '.join(messages)}" for field, messages in error.errors.items()]
            refused = [error.message, "; ".join(problems)]
        except BridgeError as error:
            refused = [
                error.message,
                str(error.__cause__ or "") if isinstance(error, NotAuthenticError) else "",
            ]
        return _Result(saved.where, name, refused=" ".join(filter(None, refused)))

    def _source(self, name: str | None) -> MappedSource:
        if name is None:
            raise ImportFailedError("The source is unknown; use --source.")
        try:
            found = self.sources[name]
        except UnknownSourceError:
            known = ", ".join(self.settings.sources) or "none"
            raise ImportFailedError(f"No source {name!r} is configured; there are: {known}.") from None
        if not found.settings.enabled:
            raise ImportFailedError(f"The source is switched off: `enabled` of sources.{name} is false.")
        return found

    def _take(self, saved: SavedRequest, source: MappedSource) -> _Result:
        sent = self._as_sent(saved, source)
        if self.verify:
            whenever = replace(source, settings=replace(source.settings, tolerance=ANY_AGE))
            authenticate(self.endpoint, whenever, sent)
        received = read(source, sent)
        if _is_question(source, received):
            return _Result(
                saved.where, source.name, skipped="left out: a question of the sender, and no event"
            )
        arrivals = split_events(self.endpoint, source, sent, received)
        metadata = RequestMetadata.of(source.mapping, sent.headers, sent.query, record=source.settings.record)
        received_at = _not_after(utc_now(), saved.received_at)
        events = (
            self._foresee(source, arrivals)
            if self.dry_run
            else self._store(saved.where, source, metadata, arrivals, received_at)
        )
        return _Result(saved.where, source.name, tuple(events))

    def _as_sent(self, saved: SavedRequest, source: MappedSource) -> Request:
        public = self.settings.server.public_url or "http://localhost"
        address = saved.address or f"/hooks/{source.name}"
        return Request(saved.headers, saved.body, saved.method, public + address, saved.token)

    def _store(
        self,
        where: str,
        source: MappedSource,
        metadata: RequestMetadata,
        arrivals: list[IncomingEvent],
        received_at: datetime | None,
    ) -> Iterator[dict[str, Any]]:
        now = utc_now()
        with self.database.session() as session:
            stored = inbox.store(
                session, source.name, metadata, arrivals, received_at or now, DuplicatePolicy.SAME_BODY
            )
            for receipt in stored:
                if not receipt.duplicate:
                    event = session.get_one(Event, receipt.id)
                    lineage.note(
                        event, now, OperatorAction.IMPORTED, self.by, file=where, verified=self.verify
                    )
                    # What is given up after a while is given up that long after now.
                    event.replayed_at = now if received_at else None
        for receipt, arrival in zip(stored, arrivals, strict=True):
            yield {
                "id": receipt.id,
                "status": receipt.status,
                "duplicate": receipt.duplicate,
                "detail": arrival.parked,
            }

    def _foresee(self, source: MappedSource, arrivals: list[IncomingEvent]) -> Iterator[dict[str, Any]]:
        for arrival, delivery_id in zip(
            arrivals, delivery_ids(arrivals, DuplicatePolicy.SAME_BODY), strict=True
        ):
            known = select(Event.id, Event.status).where(
                Event.source == source.name, Event.delivery_id == delivery_id
            )
            with self.database.session() as session:
                row = session.execute(known).first()
            duplicate = row is not None or (source.name, delivery_id) in self.seen
            self.seen.add((source.name, delivery_id))
            yield {
                "id": row.id if row else None,
                "status": row.status if row else None,
                "duplicate": duplicate,
                "detail": arrival.parked,
            }


def _is_question(source: MappedSource, received: DecodedRequest | DecodingError) -> bool:
    """Whether it only asks for a text to be repeated."""
    handshake = source.mapping.handshake
    return (
        isinstance(received, DecodedRequest)
        and isinstance(handshake, ChallengeByPost)
        and handshake.answer(received.payload) is not None
    )


def _not_after(now: datetime, received_at: datetime | None) -> datetime | None:
    if received_at is not None and received_at > now:
        raise ImportFailedError(f"`received_at` is {received_at.isoformat()}, which is still to come.")
    return received_at


def _saved(
    files: tuple[str, ...], kind: FileFormat | None, added: Mapping[str, str]
) -> Iterator[SavedRequest | UnreadableFileError]:
    """The requests of all files, with the headers that the command line adds."""
    for file in files:
        name, content = (
            ("standard input", sys.stdin.buffer.read()) if file == "-" else (file, Path(file).read_bytes())
        )
        for saved in requests_in(name, content, kind):
            if isinstance(saved, SavedRequest):
                by_ending = Sample(Path(file)).headers if not saved.address and file != "-" else {}
                yield replace(saved, headers={**by_ending, **saved.headers, **added})
            else:
                yield saved


def _conclude(results: list[_Result], *, as_json: bool, verify: bool, dry_run: bool) -> None:
    events = [event for result in results for event in result.events]
    duplicates = sum(event["duplicate"] for event in events)
    refused = sum(result.refused is not None for result in results)
    counts = {"stored": len(events) - duplicates, "duplicates": duplicates, "refused": refused}
    if as_json:
        print_json({"requests": [vars(result) for result in results], **counts})
    stored = f"{counts['stored']} {'would be stored' if dry_run else 'stored'}"
    say(f"{stored}, {duplicates} known already, {refused} refused.")
    if refused and verify and any("not signed" in (result.refused or "") for result in results):
        say("The signature covers the original headers and body. --no-verify imports them unverified.")
    if refused:
        raise SystemExit(1)
