"""The workbench's page: payloads and a mapping side by side, with the result."""

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request
from sqlalchemy import select

from bridge.console.access.guard import current_actor, needs
from bridge.console.tools import tools
from bridge.console.workbench import new_mapping
from bridge.console.workbench.changes import refusal_to_save
from bridge.console.workbench.columns import columns_of, compared_rows
from bridge.console.workbench.confinement import can_confine, refusal
from bridge.console.workbench.folder import refusal_of
from bridge.console.workbench.request_builder import (
    MOST_PAYLOADS,
    Shown,
    payloads_in,
    posted,
    shown_event,
    shown_sample,
    stored_event,
    stored_events,
)
from bridge.console.workbench.sandbox_process import Bench
from bridge.console.workbench.tasks import Comparison, Reading, Script, StoredEvent, open_settings
from bridge.errors import BridgeError
from bridge.events.dry_run import error_sentence
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping_checks.recorded_requests import NAME
from bridge.models import Alias, Event, Role
from bridge.settings import Settings

workbench = Blueprint("workbench", __name__, url_prefix="/console/workbench")
bench = Bench()
LINE = re.compile(r"\bline (\d+)\)")
MOST_COMPARED = 200
MOST_RECENT = 30
"""Events that are offered."""


@workbench.get("")
@needs(Role.OPERATOR)
def page() -> str | Response:
    """A mapping of the catalogue, with a sample or the payloads that the address names."""
    catalogue = Catalogue(tools().settings.mappings_dir)
    using = {source.mapping: source.key for source in tools().settings.sources.values()}
    name = request.args.get("mapping") or next(iter(using), next(iter(sorted(catalogue.paths))))
    try:
        file = catalogue.get(name)
    except BridgeError as error:
        return make_response(_page(problem=error.message), 404)
    sources = _sources(file)
    samples = list(dict.fromkeys(sample.name for sample in file.samples))
    taken = request.args.getlist("taken")[:MOST_PAYLOADS] or [f"sample:{name}" for name in samples[:1]]
    return _page(
        script=Script(file.name, file.path.read_text(encoding="utf-8"), next(iter(sources), None)),
        sources=sources,
        samples=samples,
        recent=_recent(sources),
        payloads=[_taken(choice, file.name) for choice in taken] or [Shown()],
    )


@workbench.get("/new")
@needs(Role.ADMIN)
def begin() -> str | Response:
    """A new mapping: its name and what to begin from; then the workbench with both."""
    catalogue, problem, events = Catalogue(tools().settings.mappings_dir), None, request.args.getlist("event")
    with tools().database.session() as session:
        if "name" in request.args:
            name, docs = (request.args.get(key, "").strip() for key in ("name", "docs"))
            try:
                ids = sorted(int(event) for event in events if event.isdecimal())
                new = new_mapping.begin(session, tools().settings, name, docs, ids, catalogue.paths)
            except BridgeError as error:
                problem = error.message
            else:
                return _page(
                    script=new.script,
                    sources=sorted(tools().settings.sources),
                    recent=new_mapping.recorded_events(session, tools().settings),
                    payloads=new.payloads,
                    is_new=True,
                )
        page = render_template(
            "workbench/new.html",
            events=new_mapping.recorded_events(session, tools().settings),
            records=[source.key for source in tools().settings.sources.values() if source.record],
            chosen=events,
            problem=problem,
            why_not=why_not(),
            most=MOST_PAYLOADS,
        )
    return make_response(page, 422 if problem else 200)


def _page(**shown: Any) -> str:
    bench.warm()
    mappings = sorted(Catalogue(tools().settings.mappings_dir).paths)
    given = {"mappings": mappings, "may_edit": may_edit(), "why_not": why_not(), "most": MOST_COMPARED}
    may_save = {"why_not_saved": why_not_saved(), "folder": tools().settings.mappings_dir}
    return render_template("workbench/workbench.html", **given, **may_save, **shown)


@workbench.get("/payload")
@needs(Role.OPERATOR)
def payload() -> Response:
    """A sample's or an event's request, or none, as another payload of the form."""
    taken = request.args.get("taken", "")
    if not taken:
        return Response(status=204)
    shown = _taken(taken, request.args.get("mapping", ""))
    answer = Response(render_template("workbench/payload.html", posted=shown))
    answer.headers["HX-Trigger-After-Settle"] = "picked"
    return answer


def _taken(choice: str, mapping: str) -> Shown:
    """`sample:booked`, `event:17`, or anything else for an empty one. An event that is not there ends the request."""
    kind, _, name = choice.partition(":")
    if kind == "sample":
        return shown_sample(_existing_file(mapping), name)
    if kind == "event" and name.isdecimal():
        with tools().database.session() as session:
            return shown_event(stored_event(session, int(name)) or abort(404))
    return Shown()


@workbench.post("/reading")
@needs(Role.OPERATOR)
def read() -> str:
    """What the requests in the form become, side by side."""
    problem, payloads, results = None, list[Shown](), list[dict[str, Any]]()
    try:
        script = script_of_form()
        payloads = payloads_in(request.form)
        task = Reading(script, tuple(map(posted, payloads)), open_for(script))
        result = bench.run(task)
        problem, results = result.get("problem"), result.get("requests", [])
    except BridgeError as error:
        problem = error.message
    names = [shown.heading(number) for number, shown in enumerate(payloads, start=1)]
    columns = columns_of(names, results) if results else []
    return render_template(
        "workbench/reading.html",
        problem=problem,
        line=line_in(problem or ""),
        columns=columns,
        rows=compared_rows(columns),
        payloads=[_described(name, result) for name, result in zip(names, results, strict=False)],
    )


def _described(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """A payload's result with its errors as sentences."""
    problem = result.get("problem")
    events = [
        {**event, "problems": [error_sentence(error) for error in event["errors"]]}
        for event in result.get("events", ())
    ]
    return {"name": name, "events": events, "problem": problem, "line": line_in(problem or "")}


def line_in(problem: str) -> int | None:
    """The line of the mapping that a problem names, the last one where it names several."""
    found = LINE.findall(problem)
    return int(found[-1]) if found else None


@workbench.post("/comparison")
@needs(Role.OPERATOR)
def compare() -> str:
    """What the edited mapping reads differently in stored events."""
    most = request.form.get("most", type=int) or MOST_COMPARED
    result: dict[str, Any] = {}
    stored: tuple[StoredEvent, ...] = ()
    try:
        script, file = script_of_form(), _file(request.form.get("mapping", ""))
        before = Script(file.name, file.path.read_text(encoding="utf-8"), script.source)
        with tools().database.session() as session:
            stored = stored_events(
                session, [script.source] if script.source else [], min(most, MOST_COMPARED)
            )
        if stored:
            settings = open_for(script)
            result = bench.run(Comparison(before, script, stored, settings))
    except BridgeError as error:
        result = {"problem": error.message}
    return render_template(
        "workbench/comparison.html",
        read=len(stored),
        events=result.get("events"),
        problem=result.get("problem"),
    )


@workbench.post("/download")
@needs(Role.OPERATOR)
def download() -> Response:
    """The edited mapping as a file: nothing is kept here."""
    name = request.form.get("mapping", "")
    if not is_new_mapping(name):
        name = _existing_file(name).name
    answer = Response(_text(), mimetype="text/x-python")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.py"'
    return answer


class MappingChangedError(BridgeError):
    """An edited mapping is code that would run on this server: only an administrator may try it out here."""

    code = "edited_mapping_not_allowed"


def script_of_form() -> Script:
    """The mapping in the form. Raises MappingChangedError, ConfigurationError."""
    name, text = request.form.get("mapping", ""), _text()
    source = request.form.get("source") or None
    if is_new_mapping(name):
        is_changed = True
    else:
        file = _file(name)
        name, is_changed = file.name, text.strip() != file.path.read_text(encoding="utf-8").strip()
    if is_changed and not may_edit():
        raise MappingChangedError(why_not())
    return Script(name, text, source if source in tools().settings.sources else None)


def is_new_mapping(name: str) -> bool:
    """Whether the form holds a mapping that is begun here, under a name that a mapping can have."""
    return bool(request.form.get("new")) and NAME.fullmatch(name) is not None


def open_for(script: Script) -> Settings:
    """What the task may know of the configuration."""
    with tools().database.session() as session:
        aliases = {alias.alias: alias.property for alias in session.scalars(select(Alias))}
    return open_settings(tools().settings, script.source, aliases)


def may_edit() -> bool:
    """Whether the actor may try out edited mappings here."""
    return why_not() is None


def why_not() -> str | None:
    """What keeps the actor from it, as a sentence."""
    return refusal(
        tools().settings.console.workbench,
        confinable=can_confine(),
        is_admin=current_actor().may(Role.ADMIN),
    )


def why_not_saved() -> str | None:
    """What keeps the actor from saving a mapping, as a sentence."""
    return refusal_to_save(
        allowed=tools().settings.console.save_mappings,
        edit_refusal=why_not(),
        folder_refusal=refusal_of(tools().settings.mappings_dir),
    )


def _text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n").strip() + "\n"


def _file(name: str) -> MappingFile:
    """Raises ConfigurationError."""
    return Catalogue(tools().settings.mappings_dir).get(name)


def _existing_file(name: str) -> MappingFile:
    """As `_file`; without one, the page is not there."""
    try:
        return _file(name)
    except BridgeError:
        abort(404)


def _sources(file: MappingFile) -> list[str]:
    return [source.key for source in tools().settings.sources.values() if source.mapping == file.name]


def _recent(sources: list[str]) -> list[Event]:
    recent = select(Event).where(
        Event.source.in_(sources), Event.blanked_at.is_(None), Event.removed_at.is_(None)
    )
    with tools().database.session() as session:
        return list(session.scalars(recent.order_by(Event.id.desc()).limit(MOST_RECENT)))
