"""`bridge sources export` and `bridge sources mode`: sources that the console has stored, and shadow mode."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from bridge.cli.base import cli_actor, config_option, load_settings, open_database, say
from bridge.cli.completion import complete_source
from bridge.cli.toml import toml_of
from bridge.clock import utc_now
from bridge.console.actions import sources as actions
from bridge.errors import UnknownSourceError
from bridge.models import StoredSource
from bridge.stored_sources import LiveSources

SECRET_KEYS = ("secrets", "verify_tokens")


@click.command("export")
@click.argument("name", metavar="[SOURCE]", required=False, shell_complete=complete_source)
@click.option(
    "--secrets", "with_secrets", is_flag=True, help="Print secrets, not names of variables in their place."
)
@config_option
def export(*, name: str | None, with_secrets: bool, config: Path | None) -> None:
    """Print the sources that the console has stored as tables of bridge.toml."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        rows = session.scalars(
            select(StoredSource).where(StoredSource.document.is_not(None)).order_by(StoredSource.key)
        )
        tables = {
            row.key: _document(row, with_secrets=with_secrets) for row in rows if name in (None, row.key)
        }
    if not tables and name:
        raise UnknownSourceError
    for key, document in tables.items():
        click.echo(f"[sources.{key}]\n{toml_of(document, f'sources.{key}.')}\n")
    if not tables:
        say("The console has stored no source.")


@click.command("mode")
@click.argument("name", metavar="SOURCE", shell_complete=complete_source)
@click.argument("mode", type=click.Choice(actions.MODES))
@config_option
def set_mode(*, name: str, mode: str, config: Path | None) -> None:
    """Let SOURCE write from now on (live), or only record what it would write (shadow).

    Events that came before the switch to live stay as they are; `bridge events replay` writes them.
    """
    settings = load_settings(config)
    with open_database(settings) as database:
        live = LiveSources(settings, database)
        live.refresh(at_once=True)
        actions.switch(live, database, cli_actor(), name, mode, utc_now())
    say(f"{name} is {'live' if mode == 'live' else 'in shadow mode'} from now on.")


def _document(row: StoredSource, *, with_secrets: bool) -> dict[str, Any]:
    document = {**(row.document or {})}
    if row.mode == "shadow":
        document.setdefault("mode", row.mode)
    if with_secrets:
        return document
    prefix = row.key.upper().replace("-", "_")
    for key in SECRET_KEYS:
        if key in document:
            document[key] = [f"${{{prefix}_{key.upper()}_{at}}}" for at, _ in enumerate(document[key], 1)]
    if "api" in document:
        open_keys = ("base_url", "login_url")
        document["api"] = {
            name: value if name in open_keys else f"${{{prefix}_API_{name.upper()}}}"
            for name, value in document["api"].items()
        }
    return document
