"""Sources that are set up in the console: stored beside bridge.toml, which wins on the same name.

Running processes read them again as they change. A look costs one small statement, is made once in a second at most,
and only where a request or a worker's turn asks for it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from bridge.database import Database
from bridge.errors import BridgeError, ConfigurationError, Problem
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import MappedSource, Sources, mapped_source
from bridge.models import StoredSource
from bridge.settings import Settings, Source, SourceTable
from bridge.settings.schema import source_from

log = structlog.get_logger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class StoredRow:
    """One row, decrypted."""

    key: str
    document: Mapping[str, Any] | None
    mode: str | None
    live_since: datetime | None


class LiveSources:
    """Keeps the sources of a process as the database has them.

    `settings.sources` and `sources` are the same objects for the life of the process; `refresh` changes what they show.

    Raises:
        ConfigurationError: a source of bridge.toml cannot work as it is configured.
    """

    def __init__(
        self, settings: Settings, database: Database, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        of_file = replace(settings, sources=SourceTable(settings.sources.configured))
        self.sources = Sources(of_file, Catalogue(settings.mappings_dir))
        self.broken: Mapping[str, tuple[Problem, ...]] = {}
        """Stored sources that cannot work as they are, with what is wrong."""
        self._database, self._monotonic = database, monotonic
        self._configured = {source.name: source for source in self.sources}
        self._versions: frozenset[tuple[str, int]] = frozenset()
        self._looked_at: float | None = None
        self._lock = threading.Lock()

    def refresh(self, *, at_once: bool = False) -> None:
        """Look whether something has changed, unless the last look is younger than a second.

        While the database is away, or cannot be read, the sources stay as they are.
        """
        now = self._monotonic()
        if not at_once and self._looked_at is not None and now - self._looked_at < INTERVAL:
            return
        if not self._lock.acquire(blocking=at_once):
            return  # another thread looks
        try:
            self._looked_at = now
            self._read()
        except (SQLAlchemyError, psycopg.Error, BridgeError) as error:
            log.warning("stored sources cannot be read", error=type(error).__name__)
        finally:
            self._lock.release()

    def _read(self) -> None:
        with self._database.autocommit.connect() as connection:
            found = connection.execute(select(StoredSource.key, StoredSource.version))
            versions = frozenset((row.key, row.version) for row in found)
            if versions == self._versions:
                return
            rows = _rows(connection)
        self._show(rows)
        self._versions = versions

    def _show(self, rows: Iterable[StoredRow]) -> None:
        shown, broken = dict(self._configured), dict[str, tuple[Problem, ...]]()
        for row in rows:
            configured = self._configured.get(row.key)
            if configured is not None:
                shown[row.key] = replace(configured, settings=switched(configured.settings, row))
            elif row.document is not None:
                try:
                    shown[row.key] = self.built(row)
                except ConfigurationError as error:
                    broken[row.key] = tuple(error.problems)
        self.broken = broken
        self.settings.sources.show({name: source.settings for name, source in shown.items()})
        self.sources.show(shown)

    def built(self, row: StoredRow) -> MappedSource:
        """A stored source, ready to take events. Raises ConfigurationError."""
        return built(row, self.settings)


def built(row: StoredRow, settings: Settings) -> MappedSource:
    """A stored source, ready to take events. Raises ConfigurationError."""
    source = switched(source_from(row.key, row.document or {}, settings.properties), row)
    return mapped_source(source, Catalogue(settings.mappings_dir), settings)


def stored_rows(database: Database) -> list[StoredRow]:
    """All of them, in the order of their keys. Raises DecryptionError."""
    with database.autocommit.connect() as connection:
        return _rows(connection)


def _rows(connection: Connection) -> list[StoredRow]:
    columns = [getattr(StoredSource, name) for name in ("key", "document", "mode", "live_since")]
    found = connection.execute(select(*columns).order_by(StoredSource.key))
    return [StoredRow(**row._mapping) for row in found]


def switched(source: Source, row: StoredRow) -> Source:
    """The source as the console switched it, unless its own table says what it is."""
    if source.mode is not None:
        return source
    return replace(source, mode=row.mode, live_since=row.live_since)


def show_stored(settings: Settings, database: Database) -> None:
    """Let the settings of a command show the stored sources as well, if there are any."""
    with database.autocommit.connect() as connection:
        if connection.scalar(select(StoredSource.key).limit(1)) is None:
            return
    LiveSources(settings, database).refresh(at_once=True)
