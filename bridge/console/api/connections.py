"""Tests of sources, the widget's line, mappings, and what Propexo has switched off."""

from typing import Any

from flask import Flask, current_app, request
from flask_smorest import Blueprint
from marshmallow import RAISE

from bridge.console import audit
from bridge.console.access.guard import current_actor, needs
from bridge.console.api import schemas_connections as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems
from bridge.console.api.idempotency import idempotent
from bridge.console.health.published import latest_findings
from bridge.console.sources.test_event import try_out
from bridge.console.sources.widget_line import Options, line_of, query_of
from bridge.console.tools import tools
from bridge.errors import ConfigurationError, UnknownSourceError
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping.sources import MappedSource
from bridge.models import Role

connections = Blueprint("api_connections", __name__, url_prefix="/api/v1")
answer_problems(connections)


@connections.route("/sources/<name>/test", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@connections.doc(**{"x-once": True})
@connections.arguments(shown.SampleBody)
@connections.response(200, shown.TrialSchema)
def test_source(body: dict[str, Any], name: str) -> Any:
    """Post a sample to the source's own address as its sender would; the event is read and never forwarded."""
    source, now = _source(name), tools().clock()
    trial = try_out(_app(), tools().settings, source, body["sample"], now)
    with tools().database.session() as session:
        after = {"sample": body["sample"], "status": trial.status}
        audit.record(session, current_actor(), now, "tested", ("source", name), after=after)
    return trial


@connections.route("/sources/<name>/widget")
@needs(Role.VIEWER)
@connections.arguments(shown.WidgetArguments, location="query", unknown=RAISE)
@connections.response(200, shown.WidgetSchema)
def show_widget(query: dict[str, Any], name: str) -> Any:
    """Show the line that puts the widget of a source on a website, and its page."""
    source, settings = _source(name), tools().settings
    if not source.mapping.public:
        raise NoSuchRowError(f"The source {name} has a secret; a website cannot use it.")
    usual = source.settings.property or next(iter(settings.properties), "")
    options = Options(
        [key for key in query["property"] if key in settings.properties] or [usual],
        query.get("language", ""),
        query["accent"],
        query["radius"],
    )
    home = settings.server.public_url or request.host_url.rstrip("/")
    chosen = query_of(name, options).replace("source=", "", 1).replace("&", "?", 1)
    return {"code": line_of(home, name, options), "link": f"{home}/widget/{chosen}"}


@connections.route("/mappings")
@needs(Role.VIEWER)
@connections.response(200, shown.MappingList)
def list_mappings() -> Any:
    """List the mappings, with the names of their samples."""
    return {"mappings": [_as_json(file) for file in sorted(_catalogue().all(), key=lambda file: file.name)]}


@connections.route("/mappings/<name>")
@needs(Role.OPERATOR)
@connections.response(200, shown.MappingSchema)
def show_mapping(name: str) -> Any:
    """Show the text of a mapping."""
    try:
        file = _catalogue().get(name)
    except ConfigurationError as error:
        raise NoSuchRowError(error.message) from error
    return {**_as_json(file), "text": file.path.read_text(encoding="utf-8")}


@connections.route("/health/propexo")
@needs(Role.VIEWER)
@connections.response(200, shown.FindingList)
def check_propexo() -> Any:
    """Check what Propexo publishes of the account, as `bridge check` does; kept for ten minutes."""
    return _findings()


@connections.route("/health/propexo", methods=["POST"])
@needs(Role.OPERATOR)
@connections.response(200, shown.FindingList)
def check_propexo_again() -> Any:
    """Check it again, also within the ten minutes."""
    latest_findings().forget()
    return _findings()


def _findings() -> dict[str, Any]:
    findings, at = latest_findings().of(tools().settings, tools().clock())
    return {"at": at, "findings": findings}


def _source(name: str) -> MappedSource:
    try:
        return tools().sources[name]
    except UnknownSourceError as error:
        raise NoSuchRowError from error


def _catalogue() -> Catalogue:
    """Read again: a mapping may have been saved since, also by another web process."""
    return Catalogue(tools().settings.mappings_dir)


def _as_json(file: MappingFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "sender": file.schema.sender(),
        "samples": list(dict.fromkeys(sample.name for sample in file.samples)),
    }


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # Werkzeug's way to the object
    return app
