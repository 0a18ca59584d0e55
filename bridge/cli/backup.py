"""`backup` and `restore`."""

from pathlib import Path

import click

from bridge.cli.base import config_option, confirm, connect, load_settings, open_database, say, yes_option


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
def backup(file: Path, config: Path | None) -> None:
    """Write a backup of the database to FILE, also while the bridge runs."""
    from bridge import backup as backups  # noqa: PLC0415 - `--help` must not wait for it

    with open_database(load_settings(config)) as database:
        written = backups.write(database.url, file)
    say(f"Wrote {file}: {written.events} events of version {written.version}, checked.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@config_option
@click.option(
    "--replace", is_flag=True, help="Replace all that is in the database. Stop all processes first."
)
@yes_option
def restore(file: Path, config: Path | None, *, replace: bool, yes: bool) -> None:
    """Restore FILE into an empty database, and bring it to this version."""
    from bridge import backup as backups  # noqa: PLC0415 - `--help` must not wait for it

    if replace:
        confirm("Replace all that is in the database?", yes)
    with connect(load_settings(config)) as database:
        restored = backups.read(database.url, file, into_used=replace)
        database.migrate()
    say(f"Restored {restored.events} events of version {restored.version}; every one was compared.")
