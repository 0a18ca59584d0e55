"""`bridge sources` and `bridge mappings`: list what is configured and available, and check it."""

import contextlib
from pathlib import Path

import click

from bridge.cli import overview
from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json, say
from bridge.cli.field_table import with_field_table
from bridge.cli.group import CommandError
from bridge.cli.new_mapping import new_mapping
from bridge.cli.source_settings import export, set_mode
from bridge.cli.tables import show_table
from bridge.errors import BridgeError, ConfigurationError
from bridge.mapping.catalogue import Catalogue, load_file
from bridge.mapping_checks.contract import accept, check


@click.group()
def sources() -> None:
    """Show the configured sources."""


sources.add_command(export)
sources.add_command(set_mode)


@sources.command("list")
@config_option
@json_option
def list_sources(*, config: Path | None, as_json: bool) -> None:
    """List the sources and the path to which each sender posts; those of the console too, if there is a database."""
    settings = load_settings(config)
    with contextlib.suppress(BridgeError), open_database(settings):
        pass  # the settings show them from now on
    rows = [
        {
            "name": source.key,
            "mapping": source.mapping,
            "path": f"/hooks/{source.key}",
            "property": source.property,
            "enabled": source.enabled,
            "mode": source.mode or "live",
        }
        for source in settings.sources.values()
    ]
    if as_json:
        print_json({"sources": rows})
    elif rows:
        shown = [{**row, "enabled": "yes" if row["enabled"] else "no"} for row in rows]
        show_table(
            ("Source", "Mapping", "Path", "Property", "Enabled", "Mode"), [[*row.values()] for row in shown]
        )
    else:
        say("No source is configured. Add a [sources.<name>] table to bridge.toml.")


@click.group()
def mappings() -> None:
    """List the mappings, run their tests, and start a new one."""


mappings.add_command(new_mapping)


@mappings.command("list")
@config_option
@json_option
def list_mappings(*, config: Path | None, as_json: bool) -> None:
    """List the mappings: those that come with the bridge, and your own.

    Of the events the first name of each rule is shown; --json has all of them. Maturity is "documented" where the
    vendor documents what is read, and "inferred" where parts of it are concluded from what was seen.
    """
    files = Catalogue(_own_folder(config)).all()
    if as_json:
        print_json({"mappings": [overview.row(file) for file in files]})
    else:
        show_table(overview.HEADINGS, [overview.cells(file) for file in files])


@mappings.command("table")
@click.option(
    "--write",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Put it into this document, between {overview.BEGIN} and {overview.END}; the table of fields likewise.",
)
def show_markdown(*, document: Path | None) -> None:
    """Print the mappings that come with the bridge as a table in Markdown."""
    files = Catalogue().all()
    if document is None:
        click.echo(overview.table(files))
        return
    try:
        text = with_field_table(overview.with_table(document.read_text(encoding="utf-8"), files))
    except ValueError as error:
        raise CommandError(f"{document}: {error}") from error
    document.write_text(text, encoding="utf-8")


@mappings.command("test")
@click.argument("what", metavar="[PATH]", required=False)
@click.option(
    "--accept",
    "accepts",
    is_flag=True,
    help="First write the booking that each sample gives to the file beside it. Review the changes.",
)
@config_option
def test_mappings(*, what: str | None, accepts: bool, config: Path | None) -> None:
    """Check mapping files and their samples; all of them, or those at PATH.

    PATH is a folder, a mapping file, or the name of a mapping. Each event and each rule needs a sample, and each
    sample must give the booking in the file beside it. Signed as its sender signs, it must be accepted; with one bit
    changed, it must be rejected. Two renters must not share a reference, nor two events a delivery id.

    Exits with 1 if a check fails.
    """
    if accepts and what is None:
        raise click.UsageError(
            "Name the mapping whose bookings you accept: bridge mappings test PATH --accept."
        )
    paths = _paths(what, Catalogue(_own_folder(config)))
    if accepts:
        for changed in (changed for path in paths for changed in _accepted(path)):
            click.echo(changed)
    findings = [finding for path in paths for finding in _tested(path)]
    for finding in findings:
        say(finding)
    if findings:
        raise SystemExit(1)


def _paths(what: str | None, catalogue: Catalogue) -> list[Path]:
    """The mapping files that are meant. Raises Refusal or ConfigurationError where there are none."""
    if what is None:
        return list(catalogue.paths.values())
    path = Path(what)
    if path.is_dir():
        paths = sorted(file for file in path.glob("*.py") if not file.name.startswith("_"))
        if not paths:
            raise CommandError(f"There is no mapping file in {path}.")
        return paths
    return [path if path.suffix == ".py" else catalogue.get(what).path]


def _own_folder(config: Path | None) -> Path | None:
    """The operator's folder, where there is a configuration to say so."""
    return load_settings(config).mappings_dir if config or Path("bridge.toml").exists() else None


def _accepted(path: Path) -> list[Path]:
    try:
        return accept(load_file(path))
    except ConfigurationError:
        return []  # the test tells why


def _tested(path: Path) -> list[str]:
    try:
        file = load_file(path)
    except ConfigurationError as error:
        return [error.message]
    findings = check(file)
    if not findings:
        click.echo(f"{file.name}: {len(file.samples)} samples, all passed")
    return [f"{file.name}: {finding}" for finding in findings]
