"""Add and remove aliases: names that senders use for a property."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.actions.events import Chosen, choose, must_be
from bridge.console.actor import Actor
from bridge.console.audit import BulkEntry
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.query import Selection, configured
from bridge.keys import KEY_LENGTH, sanitise
from bridge.models import Alias, Event, Role
from bridge.settings import Settings
from bridge.settings.records import normalise_name


class AliasTakenError(BridgeError):
    """This name already belongs to a property."""

    code = "alias_taken"


class UnknownAliasError(BridgeError):
    """This alias was not added at the console. Change aliases of bridge.toml there."""

    code = "unknown_alias"


class MissingNameError(BridgeError):
    """The event names no property. Set `property` of its source in bridge.toml, or correct the payload."""

    code = "no_name"


@dataclass(frozen=True)
class ListedAlias:
    """A name that was added at the console."""

    alias: str
    property: str
    added_at: datetime
    added_by: str
    problem: str | None
    """Why it has no effect."""


def listed(session: Session, settings: Settings) -> list[ListedAlias]:
    """All of them, in the order of the names."""
    rows = session.scalars(select(Alias).order_by(Alias.alias))
    return [
        ListedAlias(row.alias, row.property, row.added_at, row.added_by, _problem(settings, row))
        for row in rows
    ]


def _problem(settings: Settings, alias: Alias) -> str | None:
    by_file = settings.property_named(alias.alias)
    if by_file is not None and by_file.key != alias.property:
        return f"bridge.toml assigns it to {by_file.key}, and wins. Remove it here or there."
    if alias.property not in settings.properties:
        return (
            f"There is no property {alias.property} in bridge.toml any more. Remove it, or add the property."
        )
    return None


def add(
    session: Session,
    settings: Settings,
    actor: Actor,
    alias: str,
    property_name: str,
    now: datetime,
    bulk: BulkEntry | None = None,
) -> Alias:
    """Let a name mean a property from now on. What this releases may add to its audit entry: `bulk`.

    Raises AliasTakenError, UnknownPropertyError, MissingNameError or NotAllowedError.
    """
    must_be(actor, Role.OPERATOR)
    found = configured(session, settings, property_name)
    name = normalise_name(sanitise(alias) or "")[: 4 * KEY_LENGTH]
    if not name:
        raise MissingNameError("An alias is a text of at least one letter.")
    by_file, row = settings.property_named(name), session.get(Alias, name)
    holder = by_file.key if by_file else row.property if row else None
    if holder is not None:
        raise AliasTakenError(f'"{name}" means {holder} already.')
    row = Alias(alias=name, property=found.key, added_at=now, added_by=actor.name)
    session.add(row)
    after = {"name": " ".join(alias.split())[: 4 * KEY_LENGTH], "property": found.key}
    entry = audit.record(session, actor, now, "added", ("alias", name), after=after)
    session.flush()
    if bulk:
        bulk.id = entry.id
    return row


def remove(session: Session, actor: Actor, alias: str, now: datetime) -> None:
    """Let a name mean nothing any more. Raises UnknownAliasError, NotAllowedError."""
    must_be(actor, Role.OPERATOR)
    row = session.get(Alias, normalise_name(sanitise(alias) or ""), with_for_update=True)
    if row is None:
        raise UnknownAliasError
    audit.record(session, actor, now, "removed", ("alias", row.alias), before={"property": row.property})
    session.delete(row)


def name_of(event: Event) -> str | None:
    """What the event calls its property."""
    named = event.booking.details.get("property", {}).get("value") if event.booking else None
    return named if isinstance(named, str) else None


def choose_property(
    session: Session, settings: Settings, actor: Actor, event: Event, property_name: str, now: datetime
) -> Chosen:
    """Let what an event calls its property mean this one; answers it and all parked events like it, to be replayed.

    Raises MissingNameError, AliasTakenError, UnknownPropertyError, NotAllowedError.
    """
    name = name_of(event)
    if name is None:
        raise MissingNameError
    bulk = BulkEntry()
    found = add(session, settings, actor, name, property_name, now, bulk)
    waiting = Selection(reasons=(Reason.UNKNOWN_PROPERTY.value,), property=found.property)
    return replace(choose(session, settings, waiting), bulk=bulk)
