"""Backups of a database, and what a restore makes of them; the file is described in bridge/backup_file.py."""

import contextlib
import hashlib
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO

import psycopg

from bridge import __version__
from bridge.backup_file import (
    PRODUCT,
    BackupError,
    BackupHeader,
    Encryption,
    backup_name,
    content,
    decrypted,
    encrypted,
)
from bridge.postgres_programs import TOOLS, output, running
from bridge.schema_versions import READ

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""As `bridge.cli.progress.progress`: what is done, and how many steps it has."""
KB = 1024
_NAME = re.compile(r"bridge-\d{8}T\d{6}Z\.backup")
_TABLE = re.compile(r'dumping contents of table "([^"]+)"')

EVENTS = "SELECT id, status, source, delivery_id, md5(body::text) FROM events ORDER BY id"
COUNT = "SELECT count(*) FROM events"
SIZES = """
    SELECT 'public.' || relname, pg_table_size(oid) / 1024 FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
USED = "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
REMOVE_ALL = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p')
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', found.name);
    END LOOP;
    FOR found IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind = 'S'
    LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', found.name);
    END LOOP;
    FOR found IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', found.name);
    END LOOP;
    FOR found IN SELECT oid::regtype AS name FROM pg_type WHERE typnamespace = 'public'::regnamespace
        AND typtype IN ('c', 'd', 'e')
    LOOP
        EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', found.name);
    END LOOP;
END $$;
"""


@contextlib.contextmanager
def no_progress(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar without output."""
    yield lambda _: None


def write(
    url: str, path: Path, *, passphrase: str | None = None, progress: Progress = no_progress
) -> BackupHeader:
    """Write a backup of a database to a new file, which appears when it is complete and checked.

    Args:
        url: the database, whose tables may be of any version.
        path: the file.
        passphrase: encrypts the file.
        progress: shows how far it is.

    Raises:
        BackupError: with the reason.
    """
    if path.exists():
        raise BackupError(f"{path} already exists; choose another name.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        with (
            psycopg.connect(url) as connection,
            os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file,
        ):
            header = _write(connection, url, file, passphrase, progress)
        partial.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return header


def _write(
    connection: psycopg.Connection, url: str, file: IO[bytes], passphrase: str | None, progress: Progress
) -> BackupHeader:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    header = _describe(connection, progress)
    if passphrase is not None:
        header = replace(header, encryption=Encryption.new())
    key = _key(header, passphrase)
    snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
    assert snapshot
    sizes: dict[str, int] = dict(connection.execute(SIZES).fetchall())
    with progress("Tables, kB", sum(sizes.values())) as advance:
        dumped = output(
            "pg_dump",
            *("--format=custom", "--no-owner", "--no-privileges", "--schema=public", "--verbose"),
            *(f"--snapshot={snapshot[0]}", f"--dbname={url}"),
            on_line=_tables_done(sizes, advance),
        )
        digest = hashlib.sha256()
        file.write(header.line)
        for block in encrypted(dumped, key, header.associated_data) if key else dumped:
            digest.update(block)
            file.write(block)
    file.flush()
    with progress("Check, kB", os.fstat(file.fileno()).st_size // KB) as advance:
        _feed("pg_restore", "--file=/dev/null", blocks=_plain(file, header, key, advance))
    header = replace(header, content=digest.hexdigest())
    file.seek(0)
    file.write(header.line)
    file.flush()
    os.fsync(file.fileno())
    return header


def write_into(
    url: str,
    folder: Path,
    now: datetime,
    *,
    keep: int | None = None,
    passphrase: str | None = None,
    progress: Progress = no_progress,
) -> tuple[Path, BackupHeader, list[Path]]:
    """Write a backup named after the moment, and remove the oldest ones of the folder beyond `keep`.

    Returns the new file, its header, and what was removed.

    Raises:
        BackupError: there is no new backup, and nothing is removed.
    """
    path = folder / backup_name(now)
    header = write(url, path, passphrase=passphrase, progress=progress)
    removed = [folder / name for name in expired([file.name for file in folder.iterdir()], keep)]
    for old in removed:
        old.unlink(missing_ok=True)
    return path, header, removed


def expired(names: Iterable[str], keep: int | None) -> list[str]:
    """Which of these files are backups beyond the newest `keep`; None keeps all."""
    backups = sorted((name for name in names if _NAME.fullmatch(name)), reverse=True)
    return [] if keep is None else backups[keep:]


def read(
    url: str,
    path: Path,
    *,
    into_used: bool,
    passphrase: str | None = None,
    progress: Progress = no_progress,
) -> BackupHeader:
    """Restore a backup into an empty database, or in place of all that is in one; all or nothing.

    The tables are of the version of the backup afterwards. Every event is compared.

    Raises:
        BackupError: with the reason; then the database is unchanged.
    """
    with path.open("rb") as file:
        header = BackupHeader.read(file)
        if _digest(file, path.stat().st_size, progress) != header.content:
            raise BackupError(f"{path} is damaged: it is not what was written.")
        key = _key(header, passphrase)
        _refuse_wrong_key(file, header, key)
        with psycopg.connect(url) as connection:
            used = connection.execute(USED).fetchone()
            if used and used[0] and not into_used:
                raise BackupError("The database is not empty. Restore into an empty one, or add --replace.")
        with progress("Restore, kB", path.stat().st_size // KB) as advance:
            _restore(url, file, header, key, advance)
    with psycopg.connect(url) as connection:
        found = _describe(connection, progress)
    if (found.events, found.digest) != (header.events, header.digest):
        raise BackupError(
            f"Of {header.events} events {found.events} are there, or some differ. Restore again."
        )
    return header


def _restore(
    url: str, file: IO[bytes], header: BackupHeader, key: bytes | None, advance: Callable[[int], None]
) -> None:
    """In one transaction, which psql commits when pg_restore has come to the end."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "list")
        # A schema `public` exists already, and may have another owner.
        contents = b"".join(_through("pg_restore", "--list", blocks=_plain(file, header, key))).decode()
        wanted = [line for line in contents.splitlines() if " SCHEMA " not in line]
        listed.write_text("\n".join(wanted), encoding="utf-8")
        options = ("--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={url}")
        with running("psql", *options, stdin=subprocess.PIPE) as psql:
            assert psql.stdin
            psql.stdin.write(f"BEGIN;\n{REMOVE_ALL}".encode())
            statements = _through(
                "pg_restore",
                *("--no-owner", "--no-privileges", "--file=-", f"--use-list={listed}"),
                blocks=_plain(file, header, key, advance),
            )
            for block in statements:
                psql.stdin.write(block)
            psql.stdin.write(b"\nCOMMIT;\n")


def _describe(connection: psycopg.Connection, progress: Progress) -> BackupHeader:
    server = connection.info.server_version // 10_000
    if server > TOOLS:
        raise BackupError(
            f"The server is PostgreSQL {server}, and the bridge brings pg_dump {TOOLS}: use your own."
        )
    try:
        row = connection.execute(READ).fetchone()
        events = connection.execute(COUNT).fetchone()
    except psycopg.errors.UndefinedTable:
        row = events = None
    if not row or not events:
        raise BackupError("The database has no tables of the bridge.")
    with progress("Events", events[0]) as advance:
        count, digest = digest_of_events(connection, advance)
    return BackupHeader(PRODUCT, __version__, row[0], server, count, digest)


def digest_of_events(connection: psycopg.Connection, advance: Callable[[int], None]) -> tuple[int, str]:
    """How many events there are, and a digest of id, status, keys and body of all; `advance` is called for each."""
    digest = hashlib.sha256()
    count = 0
    with connection.cursor("events") as cursor:
        for event in cursor.execute(EVENTS):
            digest.update(repr(event).encode())
            count += 1
            advance(1)
    return count, digest.hexdigest()


def _key(header: BackupHeader, passphrase: str | None) -> bytes | None:
    if header.encryption is None:
        return None
    if passphrase is None:
        raise BackupError("The backup is encrypted: give its passphrase with --passphrase-file.")
    return header.encryption.key(passphrase)


def _plain(
    file: IO[bytes],
    header: BackupHeader,
    key: bytes | None,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[bytes]:
    """What pg_dump has written."""

    def advancing() -> Iterator[bytes]:
        for block in content(file):
            yield block
            advance(len(block) // KB)

    return decrypted(advancing(), key, header.associated_data) if key else advancing()


def _refuse_wrong_key(file: IO[bytes], header: BackupHeader, key: bytes | None) -> None:
    for _ in _plain(file, header, key):
        break


def _digest(file: IO[bytes], size: int, progress: Progress) -> str:
    """Of what follows the header."""
    digest = hashlib.sha256()
    with progress("Check, kB", size // KB) as advance:
        for block in content(file):
            digest.update(block)
            advance(len(block) // KB)
    return digest.hexdigest()


def _tables_done(sizes: dict[str, int], advance: Callable[[int], None]) -> Callable[[str], None]:
    """Reads what pg_dump reports: as it begins a table, the one before is done."""
    current = 0

    def on_line(line: str) -> None:
        nonlocal current
        if found := _TABLE.search(line):
            advance(current)
            current = sizes.get(found[1], 0)

    return on_line


def _feed(name: str, *options: str, blocks: Iterable[bytes]) -> None:
    with running(name, *options, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for block in blocks:
            process.stdin.write(block)


def _through(name: str, *options: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What a program makes of these blocks. Raises BackupError: it failed, or they did."""
    failures: list[OSError | BackupError] = []
    with running(name, *options, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        stdin = process.stdin

        def feed() -> None:
            try:
                with stdin:
                    for block in blocks:
                        stdin.write(block)
            except BrokenPipeError:
                pass  # it has all that it wants
            except (OSError, BackupError) as error:
                failures.append(error)

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        while block := process.stdout.read(1 << 20):
            yield block
        feeder.join()
    if failures:
        raise failures[0]
