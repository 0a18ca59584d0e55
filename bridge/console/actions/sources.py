"""Set up sources that are stored beside bridge.toml, and switch any source between shadow mode and live."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from bridge.console import audit
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.database import Database
from bridge.errors import BridgeError, UnknownSourceError
from bridge.models import Role, StoredSource
from bridge.stored_sources import LiveSources, StoredRow

MODES = ("live", "shadow")


class SourceConfiguredError(BridgeError):
    """The file bridge.toml sets this, and it wins. Change it there, then restart."""

    code = "source_configured"


def save(
    live: LiveSources,
    database: Database,
    actor: Actor,
    key: str,
    document: Mapping[str, Any],
    now: datetime,
    *,
    mode: str | None = None,
) -> None:
    """Store a source, or change a stored one; running processes take it within a second. `mode`: of a new one.

    Raises:
        NotAllowedError: the actor is no admin.
        SourceConfiguredError: bridge.toml has a source of this name.
        ConfigurationError: it cannot work like this; every problem there is.
    """
    must_be(actor, Role.ADMIN)
    if key in live.settings.sources.configured:
        raise SourceConfiguredError
    live.built(StoredRow(key, document, None, None))
    with database.session() as session:
        before = session.get(StoredSource, key)
        values = {
            "key": key, "document": dict(document), "changed_at": now, "changed_by": actor.name,
            "version": func.nextval("stored_source_version"),
        }  # fmt: skip
        of_new = {"mode": mode, "live_since": now if mode == "live" else None}
        what = "changed" if before else "added"
        session.execute(
            insert(StoredSource)
            .values(**values, **of_new)
            .on_conflict_do_update(index_elements=["key"], set_=values)
        )
        named = {name: value for name, value in document.items() if name in ("mapping", "property")}
        audit.record(
            session, actor, now, what, ("source", key), after={**named, **({"mode": mode} if mode else {})}
        )
    live.refresh(at_once=True)


def add(
    live: LiveSources, database: Database, actor: Actor, key: str, document: Mapping[str, Any], now: datetime
) -> None:
    """Store a new source in shadow mode.

    Raises NotAllowedError, ConfigurationError, or SourceConfiguredError where a source has this name.
    """
    must_be(actor, Role.ADMIN)
    if key in live.settings.sources:
        raise SourceConfiguredError(f'There is a source called "{key}" already.')
    save(live, database, actor, key, document, now, mode="shadow")


def switch(live: LiveSources, database: Database, actor: Actor, key: str, mode: str, now: datetime) -> None:
    """Let a source write from now on (`live`), or only record what it would write (`shadow`).

    Raises:
        NotAllowedError: the actor is no operator.
        UnknownSourceError: there is no such source.
        SourceConfiguredError: bridge.toml sets the mode of this source.
    """
    must_be(actor, Role.OPERATOR)
    source = live.settings.sources.get(key)
    if source is None:
        raise UnknownSourceError
    configured = live.settings.sources.configured.get(key)
    if (configured is not None and configured.mode) or _sets_mode(database, key):
        raise SourceConfiguredError
    if (source.mode or "live") == mode:
        return
    values = {
        "key": key, "mode": mode, "live_since": now if mode == "live" else None, "changed_at": now,
        "changed_by": actor.name, "version": func.nextval("stored_source_version"),
    }  # fmt: skip
    with database.session() as session:
        session.execute(
            insert(StoredSource).values(**values).on_conflict_do_update(index_elements=["key"], set_=values)
        )
        audit.record(
            session,
            actor,
            now,
            "switched",
            ("source", key),
            before={"mode": source.mode or "live"},
            after={"mode": mode},
        )
    live.refresh(at_once=True)


def remove(live: LiveSources, database: Database, actor: Actor, key: str, now: datetime) -> None:
    """Delete a stored source; its events stay. Raises NotAllowedError, UnknownSourceError."""
    must_be(actor, Role.ADMIN)
    with database.session() as session:
        stored = session.get(StoredSource, key)
        if stored is None or stored.document is None:
            raise UnknownSourceError
        session.execute(delete(StoredSource).where(StoredSource.key == key))
        audit.record(session, actor, now, "removed", ("source", key))
    live.refresh(at_once=True)


def document_of(database: Database, key: str) -> dict[str, Any] | None:
    """The table of a stored source, with its secrets; `None` where only bridge.toml has it, or neither."""
    with database.session() as session:
        return session.scalar(select(StoredSource.document).where(StoredSource.key == key))


def _sets_mode(database: Database, key: str) -> bool:
    return "mode" in (document_of(database, key) or {})
