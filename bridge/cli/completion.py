"""What a shell offers at the tab key: sources, properties and the ids of events.

It asks where the command itself would: the bridge of `--url`, or the configuration and the database here. It starts
nothing, and offers nothing where something is wrong: of the bridge of `--url` it says what, of one here the command.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from bridge.cli.base import load_settings, open_database, say
from bridge.cli.remote import RemoteBridge, remote_of
from bridge.console.actions.aliases import listed
from bridge.embedded import is_running
from bridge.events.query import Selection, find_events

if TYPE_CHECKING:
    from bridge.settings import Settings

MOST_EVENTS = 50
"""The newest events, of which the id is offered."""

Offer = tuple[str, str]
"""A value, and what it is."""


def complete_source(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The keys of the sources."""
    del parameter
    return _matching(_offered(context, _remote_sources, _sources), incomplete)


def complete_property(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The keys of the properties."""
    del parameter
    return _matching(_offered(context, _remote_properties, _properties), incomplete)


def complete_event(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The ids of the newest events; for `replay` and `dismiss` of those that are parked."""
    del parameter
    parked = ("parked",) if context.info_name in ("replay", "dismiss") else ()
    return _matching(
        _offered(
            context,
            lambda remote: _remote_events(remote, parked),
            lambda config: _events(config, parked),
        ),
        incomplete,
    )


def complete_alias(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The aliases that were added at the console or here."""
    del parameter
    return _matching(_offered(context, _remote_aliases, _aliases), incomplete)


def _offered(
    context: click.Context,
    at_remote: Callable[[RemoteBridge], Iterable[Offer]],
    here: Callable[[Path | None], Iterable[Offer]],
) -> list[Offer]:
    given = context.params
    try:
        if given.get("url") and (remote := remote_of(given["url"], given.get("token"), warns=False)):
            return list(at_remote(remote))
        return list(here(given.get("config")))
    except click.ClickException as error:
        if given.get("url"):
            say(f"\n{error.message}")
        return []
    except Exception:  # noqa: BLE001 - a traceback would clutter the command line
        return []


def _matching(offers: Iterable[Offer], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(value, help=what) for value, what in offers if value.startswith(incomplete)]


def _sources(config: Path | None) -> list[Offer]:
    settings = load_settings(config)
    if _is_database_open(settings):
        with open_database(settings):  # the settings show the sources that it has, too
            pass
    return [(key, source.mapping) for key, source in settings.sources.items()]


def _remote_sources(remote: RemoteBridge) -> list[Offer]:
    return [(row["name"], row["sender"]) for row in remote.get("/sources")["sources"]]


def _properties(config: Path | None) -> list[Offer]:
    return [(key, place.name or key) for key, place in load_settings(config).properties.items()]


def _remote_properties(remote: RemoteBridge) -> list[Offer]:
    return [(row["key"], row["name"] or row["key"]) for row in remote.get("/properties")["properties"]]


def _remote_aliases(remote: RemoteBridge) -> list[Offer]:
    return [(row["alias"], row["property"]) for row in remote.get("/aliases")["aliases"]]


def _aliases(config: Path | None) -> list[Offer]:
    settings = load_settings(config)
    if not _is_database_open(settings):
        return []
    with open_database(settings) as database, database.session() as session:
        return [(entry.alias, entry.property) for entry in listed(session, settings)]


def _is_database_open(settings: "Settings") -> bool:
    """Whether a database can be asked without starting one."""
    return bool(settings.database_url) or is_running(settings.data_dir)


def _events(config: Path | None, statuses: tuple[str, ...]) -> list[Offer]:
    settings = load_settings(config)
    if not _is_database_open(settings):
        return []
    with open_database(settings) as database, database.session() as session:
        found = find_events(session, settings, Selection(statuses), MOST_EVENTS, patience=1.0)
        return [(str(event.id), _what(vars(event))) for event in found.rows]


def _remote_events(remote: RemoteBridge, statuses: tuple[str, ...]) -> list[Offer]:
    rows = remote.get("/events", {"status": statuses, "limit": MOST_EVENTS})["events"]
    return [(str(row["id"]), _what(row)) for row in rows]


def _what(row: dict[str, Any]) -> str:
    words = (row["source"], row["event"], row["status"], row["reason"])
    return " ".join(word for word in words if word)
