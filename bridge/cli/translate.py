"""`bridge translate`: show the result of a request without storing or sending anything."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import click

from bridge.aliases import Aliases, aliases_of, no_aliases
from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json, say
from bridge.cli.completion import complete_source
from bridge.cli.explained import show_explanation
from bridge.cli.group import CommandError
from bridge.cli.tables import visible
from bridge.database import DatabaseUnavailableError
from bridge.errors import SchemaOutdatedError, SchemaTooNewError
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.explanation import Explanation, explain
from bridge.mapping.samples import Sample
from bridge.mapping.sources import configured
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import Posted, Preview, preview
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


def parse_parameters(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """`name=value` texts as a dictionary."""
    parameters = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.", context, option)
        parameters[name] = value
    return parameters


@click.command()
@click.argument("mapping")
@click.argument("file")
@config_option
@click.option(
    "--source",
    help="The configured source whose property and settings apply.",
    shell_complete=complete_source,
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=parse_headers,
    help="A header of the request; may be repeated.",
)
@click.option(
    "--query",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_parameters,
    help="A parameter of the address; may be repeated.",
)
@click.option("--content-type", help="The type of the body.  [default: by the ending of FILE]")
@click.option(
    "--details",
    "details_file",
    type=click.File("rb"),
    help="JSON: what the sender's API answered, by the names of the mapping's `details`.",
)
@click.option("--explain", "explained", is_flag=True, help="Explain the result of each field and rule.")
@json_option
def translate(
    *,
    mapping: str,
    file: str,
    config: Path | None,
    source: str | None,
    headers: dict[str, str],
    parameters: dict[str, str],
    content_type: str | None,
    details_file: BinaryIO | None,
    explained: bool,
    as_json: bool,
) -> None:
    """Show the booking that MAPPING reads from FILE, and the request that would go to Propexo.

    MAPPING is the name of a mapping, or a path to its .py file. FILE holds the body of a request; it may
    also be the name of a sample, or - for standard input. Nothing is sent. The request is shown only with
    --config or --source: without them no configuration is read.

    With --explain on a terminal the answer is a table of the fields: what each gave, the path that gave it, the
    paths that were empty, and what was refused; else it is JSON, with the same under `explanation`.

    Exits with 1 when an event cannot be translated.
    """
    settings = load_settings(config) if config or source else None
    found = mapping_named(mapping, settings)
    sample = None if file == "-" else sample_named(found, file)
    posted = Posted.of(sample) if sample else Posted(sys.stdin.buffer.read())
    headers = {**posted.headers, **headers, **({"content-type": content_type} if content_type else {})}
    details = {**posted.details, **(_details(details_file) if details_file else {})}
    query = {**posted.query, **parameters}
    posted = replace(posted, headers=headers, query=query, details=details)
    chosen = chosen_source(settings, found, source) if settings else None
    schema = configured(found.schema, settings, settings.sources[chosen] if settings and chosen else None)
    events = preview(schema, posted, settings, chosen, _aliases(settings) if settings else no_aliases)
    for event in events:
        for remark in event.remarks:
            say(visible(remark))
        if event.action is None:
            name = "Standard input" if file == "-" else file
            say(f"{name} cannot be decoded: {event.errors[0]['message']}")
    if explained:
        _explain(events, schema, as_tables=sys.stdout.isatty() and not as_json)
    else:
        print_json({"events": [event.as_json() for event in events]})
    if any(event.errors for event in events):
        raise SystemExit(1)


def _aliases(settings: Settings) -> Aliases:
    """Those of the console; a name that bridge.toml does not know is worth opening the database, if there is one."""

    def key_of(name: str) -> str | None:
        if not settings.database_url and not (settings.data_dir / "postgres").exists():
            return None
        try:
            with open_database(settings) as database:
                return aliases_of(database)(name)
        except (DatabaseUnavailableError, SchemaOutdatedError, SchemaTooNewError) as error:
            say(f"The aliases that were added at the console are not known: {error.message}")
            return None

    return key_of


def _explain(events: list[Preview], mapping: Mapping, *, as_tables: bool) -> None:
    explanations: list[Explanation | None] = [
        explain(mapping, event.received) if event.received else None for event in events
    ]
    if as_tables:
        for event, why in zip(events, explanations, strict=True):
            show_explanation(event, why)
        return
    documents = [
        {**event.as_json(), "explanation": explanation_as_json(why) if why else None}
        for event, why in zip(events, explanations, strict=True)
    ]
    print_json({"events": documents})


def _details(file: BinaryIO) -> dict[str, Any]:
    try:
        document = json.load(file)
    except ValueError as error:
        raise click.BadParameter(f"--details: {file.name} is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise click.BadParameter(f"--details: {file.name} is no JSON object.")
    return document


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
            raise CommandError(f"No source {named!r} is configured; there are: {known}.")
        return named
    using = [source.key for source in settings.sources.values() if source.mapping == mapping.name]
    if len(using) > 1:
        say(f"Several sources use {mapping.name}: choose with --source {' or --source '.join(using)}.")
    return using[0] if len(using) == 1 else None
