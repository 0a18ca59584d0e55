"""`bridge mappings new`: a first mapping and sample, written from one request."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from bridge.cli.base import Refusal, config_option, load_settings, open_database, say
from bridge.cli.translate import parse_headers
from bridge.errors import DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import NOT_STORED
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.drafting import Draft, draft
from bridge.mapping.drafting.writing import text_of
from bridge.mapping.flattening import snake
from bridge.mapping.paths import Received
from bridge.mapping.samples import CONTENT_TYPES, Sample
from bridge.mapping_checks.contract import check, expected_of
from bridge.mapping_checks.preview import Posted, preview
from bridge.models import Event
from bridge.settings import Settings

MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Material:
    """A request to write a mapping from."""

    name: str | None
    """Of the sample; `None`: as the event is called."""
    body: bytes
    headers: Mapping[str, str]
    """By lower-case names."""
    query: Mapping[str, str]


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
    "sample_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the body of a request, as it was sent.",
)
@click.option(
    "--event", "event_id", type=int, metavar="ID", help="Instead: an event that the bridge has stored."
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="A header of the request, from which the signature is guessed; may be repeated.",
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
    sample_file: Path | None,
    event_id: int | None,
    headers: dict[str, str],
    folder: Path | None,
    docs: str | None,
    force: bool,
) -> None:
    """Write a first mapping NAME, with its sample, from one request.

    What stands where is guessed by names and by how the values look; each guess is marked in the file, and what was
    not found is listed there. Look at each line before you use it.
    """
    if (sample_file is None) == (event_id is None):
        raise click.UsageError("Say --sample FILE or --event ID.")
    settings = (
        load_settings(config) if config or event_id is not None or Path("bridge.toml").exists() else None
    )
    material = _of_file(sample_file) if sample_file else _of_event(settings, event_id)
    material = replace(material, headers={**material.headers, **headers})
    folder = folder or (settings.mappings_dir if settings else None) or Path("mappings")
    found, material = _drafted(material)
    sample = _sample(folder / "samples" / name, material, found)
    path = folder / f"{name}.py"
    _refuse_to_replace([path, sample.path], force=force)
    sample.path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(found, name, docs), encoding="utf-8")
    sample.path.write_bytes(material.body)
    file = load_file(path)
    written = [path, sample.path, *_beside(file, sample, material)]
    for one in written:
        click.echo(one)
    _advise(file, sample, replaces=name in Catalogue().paths)


def _of_file(path: Path) -> Material:
    sample = Sample(path)
    return Material(path.stem, path.read_bytes(), sample.headers, sample.query)


def _of_event(settings: Settings | None, event_id: int | None) -> Material:
    assert settings is not None  # an event was asked for
    with open_database(settings) as database, database.session() as session:
        event = session.get(Event, event_id)
        if event is None:
            raise Refusal(f"There is no event {event_id}.")
        if not event.body:
            raise Refusal(f"The body of event {event_id} is empty or no longer kept.")
        typed = {"content-type": event.content_type} if event.content_type else {}
        return Material(None, event.body, {**event.headers, **typed}, event.query)


def _drafted(material: Material) -> tuple[Draft, Material]:
    """The draft, and the material with the content type that it was read with."""
    refusals = []
    for content_type in _content_types(material):
        headers = {**material.headers, **({"content-type": content_type} if content_type else {})}
        try:
            payload = decode(material.body, content_type)
            return draft(Received(payload, headers, material.query)), replace(material, headers=headers)
        except (DecodingError, ValueError) as error:
            refusals.append(str(error))
    raise Refusal(f"There is nothing to write a mapping from. {refusals[0]}")


def _content_types(material: Material) -> list[str | None]:
    """What the body is: as it says, or what it looks like."""
    if "content-type" in material.headers:
        return [material.headers["content-type"]]
    start = material.body.lstrip()[:200]
    boundary = re.match(rb"--([^\r\n]{1,70})\r?\n", start)
    if boundary:
        return [f"{MULTIPART}; boundary={boundary[1].decode('ascii', 'replace')}"]
    is_form = re.match(rb"[^\s<{\[=&]+=", start)
    return [CONTENT_TYPES[".form"]] if is_form else [None]


def _sample(folder: Path, material: Material, found: Draft) -> Sample:
    content_type = material.headers.get("content-type", "").partition(";")[0].strip().lower()
    endings = {known: ending for ending, known in CONTENT_TYPES.items()} | {MULTIPART: ".form"}
    is_xml = content_type.endswith(("/xml", "+xml")) or material.body.lstrip().startswith(b"<")
    ending = endings.get(content_type, ".xml" if is_xml else ".json")
    named = material.name or (snake(found.event.name) if found.event else "") or "request"
    return Sample(folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', named).strip('.')}{ending}")


def _refuse_to_replace(paths: list[Path], *, force: bool) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise Refusal("\n".join(f"{path} is there already; say --force to replace it." for path in there))


def _beside(file: MappingFile, sample: Sample, material: Material) -> list[Path]:
    """Writes the booking that the sample gives, and the headers that it needs."""
    for ending in (".headers.json", ".booking.json"):
        sample.path.with_name(f"{sample.name}{ending}").unlink(missing_ok=True)
    mapping = file.schema()
    secret = {name.lower() for name in mapping.signature.header_names} if mapping.signature else set()
    known = {
        name: text for name, text in material.headers.items() if text != NOT_STORED and name not in secret
    }
    needed = {name: text for name, text in known.items() if name in mapping.read_headers}
    said = known.get("content-type")
    if said and said != CONTENT_TYPES.get(sample.path.suffix):
        needed["content-type"] = said
    written = []
    if needed:
        written.append(_write_json(sample.path.with_name(f"{sample.name}.headers.json"), needed))
    events = preview(mapping, Posted(material.body, {**known, **sample.headers}, material.query))
    if not any(event.errors for event in events):
        written.append(_write_json(sample.booking, expected_of(events)))
    return written


def _write_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    return path


def _advise(file: MappingFile, sample: Sample, *, replaces: bool) -> None:
    findings = check(file)
    if replaces:
        say(f"In your folder it stands in for the bridge's own mapping {file.name}.")
    for finding in findings:
        say(f"Still to do: {finding}")
    say(
        "Look at each line that is marked as guessed, and at the booking. The sample may hold a real person's data."
    )
    say(f"Then: bridge translate {file.path} {sample.name} --explain, and bridge mappings test {file.path}")
