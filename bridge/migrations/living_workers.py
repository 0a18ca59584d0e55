"""Workers that still run, of this version or of the one before."""

from sqlalchemy import Connection, text

from bridge.errors import WorkersRunningError

_ANY = """
    SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds')
"""


def has_living_workers(connection: Connection) -> bool:
    """Whether a worker lives; idle ones count as well."""
    return bool(connection.scalar(text(_ANY)))


def refuse_living_workers(connection: Connection) -> None:
    """Before tables go back: nothing may use them. Raises WorkersRunningError."""
    if has_living_workers(connection):
        raise WorkersRunningError("Workers are still running. Stop all processes first.")
