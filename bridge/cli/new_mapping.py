"""`bridge mappings new`: the beginning of a mapping, written from several samples."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from bridge.cli.base import config_option, load_settings, open_database, say
from bridge.cli.group import CommandError
from bridge.cli.translate import parse_headers
from bridge.events.query import kept_event
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.samples import Sample
from bridge.mapping.scaffold import Scaffold
from bridge.mapping.scaffold.writing import text_of
from bridge.mapping_checks.contract import accept, check
from bridge.mapping_checks.recorded_requests import (
    NAME,
    NAME_HINT,
    RecordedRequest,
    draft_of,
    files_beside,
    of_event,
    readable,
    sample_names,
)
from bridge.models import Event
from bridge.settings import Settings


def parse_name(context: click.Context, option: click.Parameter, text: str) -> str:
    """A name that can be that of a file and of a source."""
    if not NAME.fullmatch(text):
        raise click.BadParameter(f"{text!r}: {NAME_HINT}.", context, option)
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
    requests = [readable(replace(request, headers={**request.headers, **headers})) for request in recorded]
    folder = folder or (settings.mappings_dir if settings else None) or Path("mappings")
    draft = draft_of(requests)
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
        return [_of_event(kept_event(session, event_id), event_id) for event_id in event_ids]


def _of_event(event: Event | None, event_id: int) -> RecordedRequest:
    if event is None:
        raise CommandError(f"There is no event {event_id}.")
    return of_event(event)


def _samples(folder: Path, requests: Sequence[RecordedRequest], draft: Scaffold) -> list[Sample]:
    """The files of the samples, each under a name of its own."""
    names = sample_names(requests, draft)
    return [
        Sample(folder / f"{name}{request.file_ending}") for name, request in zip(names, requests, strict=True)
    ]


def _refuse_to_replace(paths: list[Path], *, force: bool) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise CommandError("\n".join(f"{path} already exists; use --force to replace it." for path in there))


def _beside(file: MappingFile, sample: Sample, request: RecordedRequest) -> list[Path]:
    """Writes the headers and the query that the sample needs."""
    for ending in (".headers.json", ".query.json", ".booking.json"):
        sample.path.with_name(f"{sample.name}{ending}").unlink(missing_ok=True)
    texts = files_beside(file.schema(), request)
    return [_write(sample.path.with_name(f"{sample.name}{ending}"), text) for ending, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
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
