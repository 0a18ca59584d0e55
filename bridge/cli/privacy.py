"""`bridge retention`: delete expired data. `bridge encrypt`: encrypt stored data."""

from pathlib import Path

import click

from bridge.cli.base import config_option, json_option, load_settings, open_database, print_json
from bridge.cli.group import CommandError
from bridge.clock import utc_now
from bridge.privacy.reencryption import encrypt_again
from bridge.privacy.retention import Retention


@click.group()
def retention() -> None:
    """Delete expired data now; this also runs every hour."""


@retention.command()
@config_option
@json_option
def report(config: Path | None, as_json: bool) -> None:
    """Show what is due for deletion. Nothing changes."""
    _retain(config, as_json=as_json, change=False)


@retention.command()
@config_option
@json_option
def run(config: Path | None, as_json: bool) -> None:
    """Delete it now, after body_days and row_days have changed, or where no worker runs."""
    _retain(config, as_json=as_json, change=True)


def _retain(config: Path | None, *, as_json: bool, change: bool) -> None:
    settings = load_settings(config)
    with open_database(settings) as database:
        kept = Retention(database, settings.privacy, utc_now)
        counts = kept.run() if change else kept.report()
    if as_json:
        print_json(counts)
        return
    for name, number in counts.items():
        what, verb = name.split("_")
        click.echo(f"{what.capitalize()} {'' if change else 'to be '}{verb}: {number}")


@click.command()
@config_option
@json_option
def encrypt(config: Path | None, as_json: bool) -> None:
    """Encrypt all that is stored with the first of `encryption_keys`.

    After a key was put in front, this makes the others superfluous; after the first key was set, it encrypts what
    came before. The bridge may run meanwhile, with the same keys.
    """
    settings = load_settings(config)
    if not settings.privacy.encryption_keys:
        raise CommandError("No key is configured: set `encryption_keys` under [privacy] in bridge.toml.")
    with open_database(settings) as database:
        done = dict(encrypt_again(database))
    if as_json:
        print_json(done)
        return
    for table, rows in done.items():
        click.echo(f"{table.replace('_', ' ').capitalize()}: {rows}")
