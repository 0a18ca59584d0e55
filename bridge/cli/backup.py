"""`backup`, `restore`, `upgrade-database` and `accept-copy`."""

import sys
from pathlib import Path

import click

from bridge import backup as backups
from bridge.backup_file import header_of, passphrase_of
from bridge.cli.base import config_option, confirm, connect, load_settings, require_database, say, yes_option
from bridge.cli.progress import progress
from bridge.clock import utc_now
from bridge.embedded_upgrade import upgrade

passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A file with the passphrase of the encrypted backup.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@passphrase_file_option
@click.option("--encrypt", is_flag=True, help="Encrypt FILE with a passphrase that you type.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove all but the newest N backups of the folder FILE.",
)
def backup(
    file: Path, config: Path | None, passphrase_file: Path | None, *, encrypt: bool, keep: int | None
) -> None:
    """Write a backup of the database to FILE, also while the bridge runs.

    If FILE is a folder, the backup is named after the moment.
    """
    if keep and not file.is_dir():
        raise click.UsageError(f"--keep needs a folder, and {file} is none.")
    settings = load_settings(config)
    require_database(settings)
    passphrase = _passphrase(passphrase_file)
    if passphrase is None and encrypt:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    removed: list[Path] = []
    with connect(settings) as database:
        if file.is_dir():
            file, written, removed = backups.write_into(
                database.url, file, utc_now(), keep=keep, passphrase=passphrase, progress=progress
            )
        else:
            written = backups.write(database.url, file, passphrase=passphrase, progress=progress)
    how = "encrypted and checked" if passphrase else "checked"
    say(f"Wrote {file}: {written.events} events of version {written.version}, {how}.")
    for old in removed:
        say(f"Removed {old}.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@config_option
@passphrase_file_option
@click.option(
    "--replace", is_flag=True, help="Replace all that is in the database. Stop all processes first."
)
@yes_option
def restore(
    file: Path, config: Path | None, passphrase_file: Path | None, *, replace: bool, yes: bool
) -> None:
    """Restore FILE into an empty database, and bring it to this version."""
    if replace:
        confirm("Replace all that is in the database?", yes)
    passphrase = _passphrase(passphrase_file)
    if passphrase is None and header_of(file).encryption:
        passphrase = _typed_passphrase()
    with connect(load_settings(config)) as database:
        restored = backups.read(
            database.url, file, into_used=replace, passphrase=passphrase, progress=progress
        )
        database.migrate()
    say(f"Restored {restored.events} events of version {restored.version}; every one was compared.")


def _passphrase(file: Path | None) -> str | None:
    return passphrase_of(file) if file else None


def _typed_passphrase() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("The backup is encrypted. There is no terminal to type its passphrase at; "
                               "add --passphrase-file.")  # fmt: skip
    typed: str = click.prompt("Passphrase", hide_input=True, err=True)
    return typed


@click.command()
@config_option
def upgrade_database(config: Path | None) -> None:
    """Bring the embedded database to the major version of PostgreSQL that this version uses.

    Stop all processes first. The old folder stays beside the new one.
    """
    settings = load_settings(config)
    if settings.database_url:
        raise click.UsageError("database_url is set: upgrade that server as its maker describes.")
    done = upgrade(settings.data_dir)
    if done is None:
        say("Nothing to do.")
        return
    say(f"PostgreSQL {done.before} -> {done.after}: {done.events} events, every one was compared.")
    say(f"When all works, delete the old folder: {done.kept}")


@click.command()
@config_option
@yes_option
def accept_copy(config: Path | None, *, yes: bool) -> None:
    """Accept an embedded database that is refused as a copy of a running one.

    Only if nothing wrote to the original while it was copied: a snapshot of the whole disk, or a folder moved to
    another disk after a crash. All rows are read and all indexes rebuilt, which does not find every loss.
    """
    from bridge.embedded_acceptance import accept  # noqa: PLC0415 - `--help` must not wait for it

    settings = load_settings(config)
    if settings.database_url:
        raise click.UsageError("database_url is set: there is no embedded database.")
    confirm("Did nothing write to the original while it was copied?", yes)
    events = accept(settings.data_dir)
    say(f"Accepted: {events} events. All rows were read and all indexes rebuilt.")
