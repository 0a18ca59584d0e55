"""`bridge sources` and `bridge mappings`: what is configured, what there is, and whether it holds."""

from pathlib import Path
from typing import Any

import click

from bridge.cli.base import config_option, json_option, load_settings, print_json, say
from bridge.cli.tables import show_table
from bridge.errors import ConfigurationError
from bridge.forwarding.contract import check
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file


@click.group()
def sources() -> None:
    """Show the configured sources."""


@sources.command("list")
@config_option
@json_option
def list_sources(*, config: Path | None, as_json: bool) -> None:
    """List the configured sources and the path to which each sender posts."""
    rows = [
        {
            "name": source.key,
            "mapping": source.mapping,
            "path": f"/hooks/{source.key}",
            "property": source.property,
            "enabled": source.enabled,
        }
        for source in load_settings(config).sources.values()
    ]
    if as_json:
        print_json({"sources": rows})
    elif rows:
        told = [{**row, "enabled": "yes" if row["enabled"] else "no"} for row in rows]
        show_table(("Source", "Mapping", "Path", "Property", "Enabled"), [[*row.values()] for row in told])
    else:
        say("No source is configured. Add a [sources.<name>] table to bridge.toml.")


@click.group()
def mappings() -> None:
    """List the mappings and run their tests."""


@mappings.command("list")
@config_option
@json_option
def list_mappings(*, config: Path | None, as_json: bool) -> None:
    """List the mappings: those that come with the bridge, and your own."""
    rows = [_summary(file) for file in Catalogue(_own_folder(config)).all()]
    if as_json:
        print_json({"mappings": rows})
        return
    headings = ("Mapping", "Sender", "Events", "Authentication", "Samples", "File")
    show_table(headings, [[*{**row, "events": "\n".join(row["events"])}.values()] for row in rows])


@mappings.command("test")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
def test_mappings(*, folder: Path | None, config: Path | None) -> None:
    """Check mapping files and their samples; those in FOLDER, else all.

    Each event and each rule needs a sample, each sample gives the booking that stands beside it, and each is
    authentic as its sender signs it and no longer when a bit of it changes.

    Exits with 1 when something is wrong.
    """
    if folder:
        paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    else:
        paths = list(Catalogue(_own_folder(config)).paths.values())
    if not paths:
        say(f"There is no mapping file in {folder}.")
    findings = [finding for path in paths for finding in _tested(path)]
    for finding in findings:
        say(finding)
    if findings or not paths:
        raise SystemExit(1)


def _own_folder(config: Path | None) -> Path | None:
    """The operator's folder, where there is a configuration to say so."""
    return load_settings(config).mappings_dir if config or Path("bridge.toml").exists() else None


def _tested(path: Path) -> list[str]:
    try:
        file = load_file(path)
    except ConfigurationError as error:
        return [error.message]
    findings = check(file)
    if not findings:
        click.echo(f"{file.name}: {len(file.samples)} samples, all well")
    return [f"{file.name}: {finding}" for finding in findings]


def _summary(file: MappingFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "sender": file.schema.sender(),
        "events": file.schema.event_names(),
        "authentication": _authentication(file),
        "samples": len(file.samples),
        "file": str(file.path),
    }


def _authentication(file: MappingFile) -> str:
    signature = file.schema.signature
    if signature is None:
        return "none (a public form)"
    return f"{type(signature).__name__.lower()} in {', '.join(signature.header_names)}"
