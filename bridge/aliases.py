"""Aliases: the names that senders use for a property, from bridge.toml and, below it, from the console.

Only a name that bridge.toml does not know costs a query.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.database import Database
from bridge.models import Alias
from bridge.settings import Property, Settings
from bridge.settings.records import normalise_name

Aliases = Callable[[str], str | None]
"""The key of the property that people gave this name."""


def no_aliases(name: str) -> str | None:  # noqa: ARG001 - one of Aliases
    """No aliases besides those in bridge.toml."""
    return None


def aliases_in(session: Session) -> Aliases:
    """Those in the database of a session."""

    def key_of(name: str) -> str | None:
        spelled = normalise_name(name)
        candidates = {spelled, spelled.removeprefix("property:").strip()}
        return session.scalar(select(Alias.property).where(Alias.alias.in_(candidates)).limit(1))

    return key_of


def aliases_of(database: Database) -> Aliases:
    """Those in a database; each question is a transaction of its own."""

    def key_of(name: str) -> str | None:
        with database.session() as session:
            return aliases_in(session)(name)

    return key_of


def property_named(settings: Settings, name: str, aliases: Aliases) -> Property | None:
    """The property that a sender means; bridge.toml wins. `None`: the name is unknown."""
    found = settings.property_named(name)
    if found is None and (key := aliases(name)) is not None:
        found = settings.properties.get(key)
    return found
