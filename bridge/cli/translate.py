"""`bridge translate`: what a request would become, with nothing stored and nothing sent."""

import os
import sys
from pathlib import Path

import click

from bridge.cli.base import Refusal, config_option, load_settings, print_json, say
from bridge.cli.tables import visible
from bridge.forwarding.preview import preview
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.samples import Sample
from bridge.settings import Settings


def parse_headers(context: click.Context, option: click.Parameter, lines: tuple[str, ...]) -> dict[str, str]:
    """`Name: value` lines as a dictionary with lower-case names."""
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{line!r} is not of the form 'Name: value'.", context, option)
        headers[name.strip().lower()] = value.strip()
    return headers


@click.command()
@click.argument("mapping")
@click.argument("file")
@config_option
@click.option("--source", help="The configured source whose property and settings count.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="A header of the request; may be repeated.",
)
@click.option("--content-type", help="What the body is.  [default: by the ending of FILE]")
def translate(
    *,
    mapping: str,
    file: str,
    config: Path | None,
    source: str | None,
    headers: dict[str, str],
    content_type: str | None,
) -> None:
    """Show the booking that MAPPING reads from FILE, and the request that would go to Propexo.

    MAPPING is the name of a mapping, or a path to its .py file. FILE holds the body of a request; it may
    also be the name of a sample, or - for standard input. Nothing is sent. The request is shown only with
    --config or --source: without them no configuration is read.

    Exits with 1 when an event cannot be translated.
    """
    settings = load_settings(config) if config or source else None
    found = mapping_named(mapping, settings)
    sample = None if file == "-" else sample_named(found, file)
    body = sample.body if sample else sys.stdin.buffer.read()
    headers = {**(sample.headers if sample else {}), **headers}
    if content_type:
        headers["content-type"] = content_type
    chosen = chosen_source(settings, found, source) if settings else None
    region = settings.sources[chosen].phone_region if settings and chosen else "US"
    events = preview(found.schema(phone_region=region), body, headers, settings, chosen)
    for event in events:
        for remark in event.remarks:
            say(visible(remark))
        if event.action is None:
            name = "Standard input" if file == "-" else file
            say(f"{name} cannot be decoded: {event.errors[0]['message']}")
    print_json({"events": [event.as_json() for event in events]})
    if any(event.errors for event in events):
        raise SystemExit(1)


def mapping_named(text: str, settings: Settings | None) -> MappingFile:
    """The mapping of this name, or in this file. Raises ConfigurationError."""
    if text.endswith(".py") or os.sep in text:
        return load_file(Path(text))
    return Catalogue(settings.mappings_dir if settings else None).get(text)


def sample_named(mapping: MappingFile, text: str) -> Sample:
    """The file at this path, else the sample of this name. Raises click.BadParameter."""
    if Path(text).is_file():
        return Sample(Path(text))
    found = next((sample for sample in mapping.samples if text in (sample.name, sample.path.name)), None)
    if found is None:
        names = ", ".join(dict.fromkeys(sample.name for sample in mapping.samples)) or "none"
        raise click.BadParameter(f"There is no file {text!r}; samples of {mapping.name}: {names}.")
    return found


def chosen_source(settings: Settings, mapping: MappingFile, named: str | None) -> str | None:
    """The source of this name, else the only one that uses the mapping."""
    if named is not None:
        if named not in settings.sources:
            known = ", ".join(settings.sources) or "none"
            raise Refusal(f"No source {named!r} is configured; there are: {known}.")
        return named
    using = [source.key for source in settings.sources.values() if source.mapping == mapping.name]
    if len(using) > 1:
        say(f"Several sources use {mapping.name}: choose with --source {' or --source '.join(using)}.")
    return using[0] if len(using) == 1 else None
