"""`bridge settings`: every key of bridge.toml, for people, programs and deploy/configure.md."""

from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.base import json_option, print_json
from bridge.cli.group import CommandError
from bridge.cli.markers import between
from bridge.cli.tables import show_table
from bridge.settings.reference import SettingRow, settings_reference, table

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
"""The table in deploy/configure.md is between them."""


@click.group()
def settings() -> None:
    """Show every setting of bridge.toml, with its default and what it does."""


@settings.command("list")
@json_option
def list_settings(*, as_json: bool) -> None:
    """List all settings: key, environment variable, type, default and what each does."""
    rows = settings_reference()
    if as_json:
        print_json({"settings": [asdict(row) for row in rows]})
    else:
        headings = ("Setting", "Environment variable", "Type", "Default", "What it does")
        show_table(headings, [_cells(row) for row in rows])


def _cells(row: SettingRow) -> list[str]:
    default = "required" if row.required else row.default or ""
    return [f"{row.table}.{row.key}".removeprefix("."), row.variable, row.type, default, row.description]


@settings.command("table")
@click.option(
    "--write",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Put it into this document, between {BEGIN} and {END}.",
)
def show_settings_table(*, document: Path | None) -> None:
    """Print all settings as tables in Markdown."""
    if document is None:
        click.echo(table())
        return
    try:
        text = with_settings_table(document.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{document}: {error}") from error
    document.write_text(text, encoding="utf-8")


def with_settings_table(document: str) -> str:
    """The document with the table of today between its markers.

    Raises:
        ValueError: it has no markers.
    """
    return between(document, BEGIN, END, table())
