"""Sources that are stored beside bridge.toml: create, change, switch and remove them."""

from typing import Any

from flask import current_app
from flask_smorest import Blueprint

from bridge.aliases import aliases_of
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import sources as actions
from bridge.console.api import schemas_sources as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems
from bridge.console.api.idempotency import idempotent
from bridge.console.sources import setup
from bridge.console.sources import shadow as shadow_mode
from bridge.console.tools import tools
from bridge.errors import UnknownSourceError
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.models import Role
from bridge.stored_sources import LiveSources

source_setup = Blueprint("api_source_setup", __name__, url_prefix="/api/v1")
answer_problems(source_setup)


@source_setup.route("/sources", methods=["POST"])
@needs(Role.ADMIN)
@source_setup.arguments(shown.NewSourceBody)
@source_setup.response(201, shown.SourceSetup)
def create_source(body: dict[str, Any]) -> Any:
    """Store a source in shadow mode: nothing that comes now is written. Without a secret, one is made if it fits."""
    given = {f"api_{name}": text for name, text in body["api"].items()}
    lists = {name: " ".join(body[name]) for name in ("tenants", "origins")}
    given |= {"secret": body.get("secret", ""), **lists}
    file = _mapping(body["mapping"])
    document = setup.document_from(given, file)
    actions.add(_live(), tools().database, current_actor(), body["name"], document, tools().clock())
    return _setup(body["name"])


@source_setup.route("/sources/<name>/setup")
@needs(Role.ADMIN)
@source_setup.response(200, shown.SourceSetup)
def show_source_setup(name: str) -> Any:
    """Show how a stored source is set up, with its secret, and how its newest event is read."""
    return _setup(name)


@source_setup.route("/sources/<name>/setup", methods=["PUT"])
@needs(Role.ADMIN)
@idempotent
@source_setup.doc(**{"x-once": True})
@source_setup.arguments(shown.SourceSetupBody)
@source_setup.response(204)
def change_source(body: dict[str, Any], name: str) -> None:
    """Set the property of a stored source and what to assume; what is left out is taken away."""
    given = {**body, "record": "1" if body["record"] else ""}
    if "origins" in body:
        given["origins"] = " ".join(body["origins"])
    document = setup.edited(_document(name), given)
    actions.save(_live(), tools().database, current_actor(), name, document, tools().clock())


@source_setup.route("/sources/<name>", methods=["DELETE"])
@needs(Role.ADMIN)
@idempotent
@source_setup.doc(**{"x-once": True})
@source_setup.response(204)
def remove_source(name: str) -> None:
    """Remove a stored source; its events stay."""
    try:
        actions.remove(_live(), tools().database, current_actor(), name, tools().clock())
    except UnknownSourceError as error:
        raise NoSuchRowError from error


@source_setup.route("/sources/<name>/mode", methods=["PUT"])
@needs(Role.OPERATOR)
@idempotent
@source_setup.doc(**{"x-once": True})
@source_setup.arguments(shown.ModeBody)
@source_setup.response(204)
def switch_source(body: dict[str, Any], name: str) -> None:
    """Let a source write from now on (`live`), or only record what it would write (`shadow`)."""
    try:
        actions.switch(_live(), tools().database, current_actor(), name, body["mode"], tools().clock())
    except UnknownSourceError as error:
        raise NoSuchRowError from error


@source_setup.route("/sources/<name>/shadow")
@needs(Role.VIEWER)
@source_setup.response(200, shown.ShadowSchema)
def show_shadow(name: str) -> Any:
    """Show what a source would have written, compared with what the PMS holds. May ask Propexo."""
    if name not in tools().settings.sources:
        raise NoSuchRowError
    lists: shadow_mode.HeldLists = current_app.extensions["held_lists"]
    with tools().database.session() as session:
        return shadow_mode.page(session, tools().settings, lists, name, current_actor(), tools().clock())


def _setup(name: str) -> dict[str, Any]:
    document, source = _document(name), tools().settings.sources.get(name)
    if source is None:  # it cannot work as it is stored
        raise NoSuchRowError
    with tools().database.session() as session:
        first = setup.first_event(session, tools().settings, name, aliases_of(tools().database))
    return {
        **document,
        "name": name,
        "mode": source.mode or "live",
        "secret": next(iter(document.get("secrets", ())), None),
        "first_event": first,
    }


def _document(name: str) -> dict[str, Any]:
    """The table of a stored source. Raises NoSuchRowError, also for a source of bridge.toml."""
    document = actions.document_of(tools().database, name)
    if document is None or name in tools().settings.sources.configured:
        raise NoSuchRowError(f"No source {name} is stored beside bridge.toml.")
    return document


def _mapping(name: str) -> MappingFile:
    """Raises ConfigurationError."""
    return Catalogue(tools().settings.mappings_dir).get(name)


def _live() -> LiveSources:
    found: LiveSources = current_app.extensions["live_sources"]
    return found
