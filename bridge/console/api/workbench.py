"""Translate a request with an edited mapping."""

from typing import Any

from flask_smorest import Blueprint

from bridge.aliases import aliases_of
from bridge.console.access.guard import needs
from bridge.console.api import schemas_properties as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems
from bridge.console.tools import tools
from bridge.console.workbench.request_builder import stored_events
from bridge.console.workbench.tasks import Comparison, Reading, Script
from bridge.console.workbench.views import MappingChangedError, bench, may_edit, open_for, why_not
from bridge.errors import BridgeError, ConfigurationError
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping.explanation import explain
from bridge.mapping.sources import configured
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import Posted, preview
from bridge.mapping_checks.recorded_requests import NAME
from bridge.models import Role

workbench = Blueprint("api_workbench", __name__, url_prefix="/api/v1")
answer_problems(workbench)


class MappingFailedError(BridgeError):
    """The edited mapping cannot be loaded, or did not finish in time."""

    code = "mapping_failed"


@workbench.route("/translate/edited", methods=["POST"])
@needs(Role.ADMIN)
@workbench.arguments(shown.EditedTranslateBody)
@workbench.response(200, shown.Translated)
def translate_edited(body: dict[str, Any]) -> Any:
    """The same with a mapping's text, which runs in a process of its own and is kept nowhere."""
    script = _script(body)
    (found,) = _tried(Reading(script, (_posted(body),), open_for(script)))["requests"]
    if "problem" in found:
        raise MappingFailedError(found["problem"])
    return found


@workbench.route("/compare", methods=["POST"])
@needs(Role.ADMIN)
@workbench.arguments(shown.CompareBody)
@workbench.response(200, shown.Translated)
def compare(body: dict[str, Any]) -> Any:
    """Tell what a mapping's text reads differently in the newest events of a source than the file does today."""
    script = _script(body)
    before = Script(script.name, _mapping(body).path.read_text(encoding="utf-8"), script.source)
    with tools().database.session() as session:
        stored = stored_events(session, [body["source"]], body["most"])
    return _tried(Comparison(before, script, stored, open_for(script))) if stored else {"events": []}


@workbench.route("/translate", methods=["POST"])
@needs(Role.VIEWER)
@workbench.arguments(shown.TranslateBody)
@workbench.response(200, shown.Translated)
def translate(body: dict[str, Any]) -> Any:
    """Show the bookings that a mapping reads from a request, what would go to Propexo, and why. Nothing is stored."""
    settings, found, name = tools().settings, _mapping(body), _source(body)
    mapping = configured(found.schema, settings, settings.sources[name] if name else None)
    events = preview(mapping, _posted(body), settings, name, aliases_of(tools().database))
    return {
        "events": [
            {
                **event.as_json(),
                "remarks": list(event.remarks),
                "explanation": explanation_as_json(explain(mapping, event.received))
                if event.received
                else None,
            }
            for event in events
        ]
    }


def _tried(task: Reading | Comparison) -> dict[str, Any]:
    """Raises MappingFailedError."""
    found = bench.run(task)
    if "problem" in found:
        raise MappingFailedError(found["problem"])
    return found


def _mapping(body: dict[str, Any]) -> MappingFile:
    try:
        return Catalogue(tools().settings.mappings_dir).get(body["mapping"])
    except ConfigurationError as error:
        raise NoSuchRowError(error.message) from error


def _source(body: dict[str, Any]) -> str | None:
    name: str | None = body.get("source")
    if name is not None and name not in tools().settings.sources:
        raise NoSuchRowError(f"No source {name!r} is configured.")
    return name


def _script(body: dict[str, Any]) -> Script:
    """The edited mapping. Raises MappingChangedError, NoSuchRowError."""
    if not may_edit():
        raise MappingChangedError(why_not())
    is_new = body.get("new") and NAME.fullmatch(body["mapping"])
    return Script(body["mapping"] if is_new else _mapping(body).name, body["text"], _source(body))


def _posted(body: dict[str, Any]) -> Posted:
    headers = {"content-type": "application/json"} | {
        key.lower(): text for key, text in body["headers"].items()
    }
    return Posted(body["body"].encode(), headers, body["query"])
