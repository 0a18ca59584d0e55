"""What all commands share: options, settings, the database, and output.

Results go to stdout, messages to stderr. Exit codes: 0 done, 1 failed (a problem was found, an event could not be
translated), 2 wrong usage.
"""

import contextlib
import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
import sqlalchemy.exc

from bridge.console.actor import Actor, Via
from bridge.database import Database, DatabaseUnavailableError
from bridge.embedded import DatabaseEndedError, NoDatabaseError, embedded, exists, patiently
from bridge.models import Role
from bridge.settings import Settings, load
from bridge.stored_sources import show_stored

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BRIDGE_CONFIG",
    show_envvar=True,
    help="The configuration file.  [default: ./bridge.toml]",
)
"""`config: Path | None`, for `load_settings`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for programs.")
"""`as_json: bool`, for `print_json`."""

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
"""`yes: bool`, for `confirm`."""


def say(message: str) -> None:
    """Print a message for the operator; results go through `click.echo` or `print_json`."""
    click.echo(message, err=True)


def print_json(value: Any) -> None:
    """A result for a program."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone; `--yes` answers beforehand.

    Raises:
        click.UsageError: there is no terminal to ask at.
        click.Abort: the answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to confirm at; add --yes.")
    click.confirm(question, abort=True, err=True)


def operator() -> str | None:
    """Who runs this command, for the history of their changes; `None` if the system has no name for them."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return None


def cli_actor() -> Actor:
    """Who runs this command, for the audit log."""
    return Actor(operator() or "unknown user", Role.ADMIN, Via.CLI)


def load_settings(config: Path | None) -> Settings:
    """The settings of this installation.

    Raises:
        ConfigurationError: with every problem there is.
    """
    return load(config)


@contextlib.contextmanager
def open_database(
    settings: Settings,
    *,
    pool_size: int = 2,
    may_create: bool = False,
    on_end: Callable[[DatabaseEndedError], None] | None = None,
) -> Iterator[Database]:
    """The database at this version, closed at the end: external, or embedded for as long as it is held.

    The embedded one is migrated first; with `may_create` it is made where there is none. `on_end` is called when that
    has ended for good. The settings show the sources that the console has stored, too.

    Raises:
        NoDatabaseError: there is none, and this command makes none.
        DatabaseUnavailableError: it cannot be reached, or is lost meanwhile.
        SchemaOutdatedError: the external database needs `bridge migrate`.
    """
    if not may_create:
        require_database(settings)
    with connect(settings, pool_size=pool_size, on_end=on_end) as database:
        if settings.database_url:
            database.check_schema()
        else:
            patiently(database.migrate)
        show_stored(settings, database)
        yield database


def require_database(settings: Settings) -> None:
    """Raises NoDatabaseError: there is no embedded database yet, and no other is configured."""
    if not (settings.database_url or exists(settings.data_dir)):
        raise NoDatabaseError


@contextlib.contextmanager
def connect(
    settings: Settings,
    *,
    pool_size: int = 2,
    on_end: Callable[[DatabaseEndedError], None] | None = None,
) -> Iterator[Database]:
    """The database, whatever its schema; `on_end` as in `open_database`.

    Raises:
        DatabaseUnavailableError: it cannot be reached, or is lost meanwhile.
    """
    with contextlib.ExitStack() as stack:
        url = settings.database_url or stack.enter_context(embedded(settings.data_dir, on_end=on_end))
        keys = settings.privacy.encryption_keys
        database = Database(url, pool_size=pool_size, encryption_keys=keys)
        stack.callback(database.close)
        try:
            yield database
        except (sqlalchemy.exc.OperationalError, psycopg.OperationalError) as error:
            reason = " ".join(str(error.__cause__ or error).split())
            raise DatabaseUnavailableError(f"{DatabaseUnavailableError.__doc__} ({reason})") from error
