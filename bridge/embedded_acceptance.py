"""Takes the folder of an embedded PostgreSQL into use that is refused as a copy of a running one."""

from pathlib import Path

import psycopg
from psycopg import sql

from bridge.embedded import OWNER, NoDatabaseError, embedded, is_running
from bridge.embedded_copy import accepted
from bridge.embedded_folder import version_of
from bridge.errors import BridgeError

TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> 'information_schema' ORDER BY 1, 2"


class CopyNotAcceptedError(BridgeError):
    """The copy of the embedded database cannot be used. Restore a backup with `bridge restore`."""

    code = "copy_not_accepted"


def accept(data_dir: Path) -> int:
    """Returns the number of events in the folder, which later starts do not refuse.

    Raises:
        NoDatabaseError: there is no database.
        CopyNotAcceptedError: it is damaged or in use; it is refused as before.
        DatabaseUnavailableError: it does not start.
    """
    folder = data_dir.resolve() / "postgres"
    if version_of(folder) is None:
        raise NoDatabaseError
    if is_running(data_dir):
        raise CopyNotAcceptedError(f"The database in {folder} runs, so it was accepted before.")
    with accepted(folder), embedded(data_dir, role=OWNER) as url:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                return _read_everything(connection)
        except psycopg.Error as error:
            raise CopyNotAcceptedError(f"{CopyNotAcceptedError.__doc__} ({error})") from error


def _read_everything(connection: psycopg.Connection) -> int:
    """Reads each row, with the checksum of its page; an index that is rebuilt finds duplicates. Returns the events."""
    tables = connection.execute(TABLES).fetchall()
    for table in tables:
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table))) as rows:
            for _ in rows:
                pass
    connection.execute("REINDEX DATABASE")
    if ("public", "events") not in tables:
        return 0
    row = connection.execute("SELECT count(*) FROM events").fetchone()
    assert row
    events: int = row[0]
    return events
