"""Begin a mapping, and save it into `mappings_dir`."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_smorest import Blueprint

from bridge.console.access.guard import current_actor, needs
from bridge.console.api import schemas_mappings as shown
from bridge.console.api.answers import answer_problems
from bridge.console.tools import tools
from bridge.console.workbench import new_mapping, saving
from bridge.console.workbench.request_builder import stored_event
from bridge.console.workbench.tasks import Script, UnsavedPayload
from bridge.console.workbench.views import bench, open_for, why_not_saved
from bridge.mapping.catalogue import Catalogue
from bridge.mapping_checks.recorded_requests import NothingToReadError, RecordedRequest, of_event, readable
from bridge.models import Role
from bridge.stored_sources import LiveSources

mappings = Blueprint("api_mappings", __name__, url_prefix="/api/v1")
answer_problems(mappings)


@mappings.route("/mappings", methods=["POST"])
@needs(Role.ADMIN)
@mappings.arguments(shown.NewMappingBody)
@mappings.response(200, shown.NewMappingSchema)
def begin_mapping(body: dict[str, Any]) -> Any:
    """Begin a mapping from stored events, or from an example. Nothing is stored."""
    taken = Catalogue(tools().settings.mappings_dir).paths
    with tools().database.session() as session:
        return new_mapping.begin(session, tools().settings, body["name"], body["docs"], body["events"], taken)


@mappings.route("/mappings/<name>", methods=["PUT"])
@needs(Role.ADMIN)
@mappings.arguments(shown.SaveMappingBody)
@mappings.response(200, shown.SavedMappingSchema)
def save_mapping(body: dict[str, Any], name: str) -> Any:
    """Save a mapping and samples as files, if `save_mappings` allows it and the mapping keeps to the contract.

    If files would be replaced, the answer is 409 with their differences and `seen`; send that along to replace them.
    """
    refused, folder = why_not_saved(), tools().settings.mappings_dir
    if refused or folder is None:
        raise saving.SavingNotAllowedError(refused)
    source = body.get("source")
    text = body["text"].replace("\r\n", "\n").strip() + "\n"
    script = Script(name, text, source if source in tools().settings.sources else None)
    added = [UnsavedPayload(sample["name"], _request(sample)) for sample in body["samples"]]
    changes = saving.planned(bench, open_for(script), folder, script, body["accept"], added)
    live: LiveSources = current_app.extensions["live_sources"]
    return saving.save(live, tools().database, current_actor(), name, changes, body["seen"], tools().clock())


def _request(sample: Mapping[str, Any]) -> RecordedRequest:
    """What is to be kept. Raises NothingToReadError."""
    if "event" in sample:
        with tools().database.session() as session:
            event = stored_event(session, sample["event"])
            if event is None:
                raise NothingToReadError(f"There is no event {sample['event']}.")
            return of_event(event)
    headers = {name.lower(): value for name, value in sample["headers"].items()}
    body = sample.get("body", "").encode()
    return readable(RecordedRequest(sample["name"], body, headers, sample["query"], sample["details"]))
