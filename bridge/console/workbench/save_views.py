"""Save the mapping of the workbench's form into `mappings_dir`, with its payloads as samples."""

import re
from typing import Any

from flask import Blueprint, current_app, render_template, request

from bridge.console.access.guard import current_actor, needs
from bridge.console.tools import tools
from bridge.console.workbench import saving
from bridge.console.workbench.request_builder import (
    FormPayload,
    Shown,
    of_sample,
    payloads_in,
    sample_named,
    stored_event,
)
from bridge.console.workbench.tasks import UnsavedPayload
from bridge.console.workbench.views import bench, line_in, open_for, script_of_form, why_not_saved
from bridge.errors import BridgeError
from bridge.mapping.catalogue import Catalogue
from bridge.mapping_checks.recorded_requests import NothingToReadError, RecordedRequest, of_event
from bridge.models import Role
from bridge.stored_sources import LiveSources

ABOUT_BOOKING = re.compile(r"^\S+: booking\b.* expected ", re.DOTALL)
"""A finding that accepting the booking resolves."""
workbench_saving = Blueprint("workbench_saving", __name__, url_prefix="/console/workbench")


@workbench_saving.post("/save")
@needs(Role.ADMIN)
def save() -> str:
    """Write new files; show what would be replaced, and replace it once that is confirmed."""
    shown: dict[str, Any] = {}
    try:
        refused, folder = why_not_saved(), tools().settings.mappings_dir
        if refused or folder is None:
            raise saving.SavingNotAllowedError(refused)
        script = script_of_form()
        payloads = [
            FormPayload(payload, _original(payload, script.name))
            for payload in payloads_in(request.form)
            if payload.name.strip()
        ]
        accepted = [payload.shown.name for payload in payloads if payload.is_sample]
        if request.form.get("accept"):
            accepted = _all_samples(script.name)
        added = [
            UnsavedPayload(payload.shown.name, payload.recorded())
            for payload in payloads
            if not payload.is_sample
        ]
        changes = saving.planned(bench, open_for(script), folder, script, accepted, added)
        shown = {"folder": folder, "is_of_bridge": saving.shipped_text(folder, script.name) is not None}
        live: LiveSources = current_app.extensions["live_sources"]
        shown["read_at_once"], _ = saving.reading_with(live, tools().database, script.name)
        seen, now = request.form.get("seen", ""), tools().clock()
        saved = saving.save(live, tools().database, current_actor(), script.name, changes, seen, now)
        shown["saved"] = saved
        shown["taken"] = [f"sample:{payload.shown.name}" for payload in payloads]
    except saving.ContractNotKeptError as error:
        shown["findings"] = [(finding, line_in(finding)) for finding in error.findings]
        shown["may_accept"] = all(ABOUT_BOOKING.search(finding) for finding in error.findings)
    except saving.FilesReplacedError as error:
        shown["replaced"] = error
    except BridgeError as error:
        shown["problem"] = error.message
    return render_template("workbench/saved.html", **shown)


def _all_samples(mapping: str) -> list[str]:
    """The names of the samples that a mapping has, if there is one of this name."""
    catalogue = Catalogue(tools().settings.mappings_dir)
    return [sample.name for sample in catalogue.get(mapping).samples] if mapping in catalogue.paths else []


def _original(payload: Shown, mapping: str) -> RecordedRequest | None:
    """The request that a payload was taken from, if it is still there."""
    kind, _, name = payload.origin.partition(":")
    if kind == "event" and name.isdecimal():
        with tools().database.session() as session:
            event = stored_event(session, int(name))
            try:
                return of_event(event) if event else None
            except NothingToReadError:
                return None
    if kind == "sample" and mapping in (catalogue := Catalogue(tools().settings.mappings_dir)).paths:
        sample = sample_named(catalogue.get(mapping), name)
        return of_sample(sample) if sample else None
    return None
