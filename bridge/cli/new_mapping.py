"""`bridge mappings new`: the beginning of a mapping, written from several samples."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from bridge.cli.base import config_option, load_settings, open_database, say
from bridge.cli.group import CommandError
from bridge.cli.translate import parse_headers
from bridge.errors import DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import NOT_STORED
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.flattening import snake
from bridge.mapping.paths import Received
from bridge.mapping.samples import CONTENT_TYPES, Sample
from bridge.mapping.scaffold import Scaffold, scaffold
from bridge.mapping.scaffold.writing import text_of
from bridge.mapping_checks.contract import accept, check
from bridge.models import Event
from bridge.settings import Settings

MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class RecordedRequest:
    """A request to write a mapping from."""

    name: str | None
    """Of the sample; `None`: as the event is called."""
    body: bytes
    headers: Mapping[str, str]
    """By lower-case names."""
    query: Mapping[str, str]

    @property
    def received(self) -> Received:
        """Raises DecodingError."""
        return Received(decode(self.body, self.headers.get("content-type")), self.headers, self.query)


def parse_name(context: click.Context, option: click.Parameter, text: str) -> str:
    """A name that can be that of a file and of a source."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise click.BadParameter(
            f"{text!r}: use small letters, digits and _, such as acme_tours.", context, option
        )
    return text


@click.command("new")
@click.argument("name", callback=parse_name)
@config_option
@click.option(
    "--sample",
    "sample_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the body of a request, as it was sent; may be repeated: booked.json, moved.json, cancelled.json "
    "of one booking, and one of another booking.",
)
@click.option(
    "--event",
    "event_ids",
    multiple=True,
    type=int,
    metavar="ID",
    help="Instead: an event that the bridge has stored; may be repeated.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="A header of the requests, which shows the signature; may be repeated.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.  [default: mappings_dir of the configuration, else ./mappings]",
)
@click.option("--docs", metavar="URL", help="The page on which the sender describes its payload.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def new_mapping(
    *,
    name: str,
    config: Path | None,
    sample_files: tuple[Path, ...],
    event_ids: tuple[int, ...],
    headers: dict[str, str],
    folder: Path | None,
    docs: str | None,
    force: bool,
) -> None:
    """Begin a mapping NAME, with its samples.

    Give several samples. What they show for certain is filled in: e-mail, phone, name and start by form and key, and as
    reference the id that stays the same in the samples of one booking and differs between bookings. The rest is marked,
    and every path is listed in the file with its values side by side.
    """
    if bool(sample_files) == bool(event_ids):
        raise click.UsageError("Give --sample FILE or --event ID, each as often as you have one.")
    settings = load_settings(config) if config or event_ids or Path("bridge.toml").exists() else None
    recorded = [_of_file(file) for file in sample_files] or _of_events(settings, event_ids)
    requests = [_readable(replace(request, headers={**request.headers, **headers})) for request in recorded]
    folder = folder or (settings.mappings_dir if settings else None) or Path("mappings")
    draft = _scaffold(requests)
    samples = _samples(folder / "samples" / name, requests, draft)
    path = folder / f"{name}.py"
    _refuse_to_replace([path, *(sample.path for sample in samples)], force=force)
    samples[0].path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(draft, name, docs), encoding="utf-8")
    file = load_file(path)
    written = [path]
    for sample, request in zip(samples, requests, strict=True):
        sample.path.write_bytes(request.body)
        written += [sample.path, *_beside(file, sample, request)]
    for changed in [*written, *accept(file)]:
        click.echo(changed)
    _advise(file, samples[0], replaces=name in Catalogue().paths)


def _of_file(path: Path) -> RecordedRequest:
    sample = Sample(path)
    return RecordedRequest(path.stem, path.read_bytes(), sample.headers, sample.query)


def _of_events(settings: Settings | None, event_ids: Sequence[int]) -> list[RecordedRequest]:
    assert settings is not None  # an event is in its database
    with open_database(settings) as database, database.session() as session:
        return [_of_event(session.get(Event, event_id), event_id) for event_id in event_ids]


def _of_event(event: Event | None, event_id: int) -> RecordedRequest:
    if event is None:
        raise CommandError(f"There is no event {event_id}.")
    if not event.body:
        raise CommandError(f"The body of event {event_id} is empty or no longer kept.")
    typed = {"content-type": event.content_type} if event.content_type else {}
    return RecordedRequest(None, event.body, {**event.headers, **typed}, event.query)


def _readable(request: RecordedRequest) -> RecordedRequest:
    """The request with the content type with which it can be read."""
    problems = []
    for content_type in _content_types(request):
        headers = {**request.headers, **({"content-type": content_type} if content_type else {})}
        typed = replace(request, headers=headers)
        try:
            typed.received  # noqa: B018 - raises where it cannot be read
        except DecodingError as error:
            problems.append(error.message)
        else:
            return typed
    raise CommandError(f"There is nothing to write a mapping from. {problems[0]}")


def _scaffold(requests: Sequence[RecordedRequest]) -> Scaffold:
    try:
        return scaffold([(request.name or "", request.received) for request in requests])
    except ValueError as error:
        raise CommandError(f"There is nothing to write a mapping from. {error}") from error


def _content_types(material: RecordedRequest) -> list[str | None]:
    """What the body is: as it says, or what it looks like."""
    if "content-type" in material.headers:
        return [material.headers["content-type"]]
    start = material.body.lstrip()[:200]
    boundary = re.match(rb"--([^\r\n]{1,70})\r?\n", start)
    if boundary:
        return [f"{MULTIPART}; boundary={boundary[1].decode('ascii', 'replace')}"]
    is_form = re.match(rb"[^\s<{\[=&]+=", start)
    return [CONTENT_TYPES[".form"]] if is_form else [None]


def _samples(folder: Path, requests: Sequence[RecordedRequest], draft: Scaffold) -> list[Sample]:
    """The files of the samples, each under a name of its own."""
    samples: list[Sample] = []
    for index, request in enumerate(requests):
        name = request.name or snake(draft.event_of(index)) or "request"
        stem = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".")
        taken = {sample.name for sample in samples}
        number = next(
            number for number in range(1, len(requests) + 2) if _numbered(stem, number) not in taken
        )
        samples.append(Sample(folder / f"{_numbered(stem, number)}{_ending(request)}"))
    return samples


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}.{number}"


def _ending(request: RecordedRequest) -> str:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    endings = {known: ending for ending, known in CONTENT_TYPES.items()} | {MULTIPART: ".form"}
    is_xml = content_type.endswith(("/xml", "+xml")) or request.body.lstrip().startswith(b"<")
    return endings.get(content_type, ".xml" if is_xml else ".json")


def _refuse_to_replace(paths: list[Path], *, force: bool) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise CommandError("\n".join(f"{path} already exists; use --force to replace it." for path in there))


def _beside(file: MappingFile, sample: Sample, request: RecordedRequest) -> list[Path]:
    """Writes the headers and the query that the sample needs."""
    for ending in (".headers.json", ".query.json", ".booking.json"):
        sample.path.with_name(f"{sample.name}{ending}").unlink(missing_ok=True)
    mapping = file.schema()
    proof = mapping.signature
    secret = {name.lower() for name in proof.header_names} if proof else set()
    known = {
        name: text for name, text in request.headers.items() if text != NOT_STORED and name not in secret
    }
    needed = {name: text for name, text in known.items() if name in mapping.read_headers}
    content_type = known.get("content-type")
    if content_type and content_type != CONTENT_TYPES.get(sample.path.suffix):
        needed["content-type"] = content_type
    query = {name: text for name, text in request.query.items() if not proof or name not in proof.query_names}
    tables = {".headers.json": needed, ".query.json": query}
    return [
        _write_json(sample.path.with_name(f"{sample.name}{ending}"), table)
        for ending, table in tables.items()
        if table
    ]


def _write_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    return path


def _advise(file: MappingFile, sample: Sample, *, replaces: bool) -> None:
    findings = check(file)
    if replaces:
        say(f"In your folder it replaces the bridge's own mapping {file.name}.")
    for finding in findings:
        say(f"Still to do: {finding}")
    say(
        "Work through the lines marked `To`, and read the bookings. The samples may hold a real person's data."
    )
    say(
        f"Then: bridge translate {file.path} {sample.name} --explain, and bridge mappings test {file.path} --accept"
    )
