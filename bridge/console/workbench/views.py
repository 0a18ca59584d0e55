"""The workbench's page: a payload and a mapping side by side, and what comes of them."""

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request
from sqlalchemy import select

from bridge.console.access.guard import current_actor, needs
from bridge.console.tools import tools
from bridge.console.workbench.bench import Bench
from bridge.console.workbench.confinement import can_confine, refusal
from bridge.console.workbench.requests import Shown, posted, shown_event, shown_sample, stored_events
from bridge.console.workbench.tasks import Comparison, Reading, Script, StoredEvent, open_settings
from bridge.errors import BridgeError
from bridge.events.dry_run import error_sentence
from bridge.mapping.catalogue import Catalogue, MappingFile
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
    catalogue = Catalogue(tools().settings.mappings_dir)
    using = {source.mapping: source.key for source in tools().settings.sources.values()}
    name = request.args.get("mapping") or next(iter(using), next(iter(sorted(catalogue.paths))))
    try:
        file = catalogue.get(name)
    except BridgeError as error:
        page = render_template(
            "workbench/workbench.html", mappings=sorted(catalogue.paths), problem=error.message
        )
        return make_response(page, 404)
    bench.warm()
    sources = _sources(file)
    samples = list(dict.fromkeys(sample.name for sample in file.samples))
    return render_template(
        "workbench/workbench.html",
        mappings=sorted(catalogue.paths),
        script=Script(file.name, file.path.read_text(encoding="utf-8"), next(iter(sources), None)),
        sources=sources,
        samples=samples,
        recent=_recent(sources),
        posted=shown_sample(file, samples[0]) if samples else Shown(),
        may_edit=may_edit(),
        why_not=why_not(),
        most=MOST_COMPARED,
    )


@workbench.get("/payload")
@needs(Role.OPERATOR)
def payload() -> Response:
    """A sample's or an event's request, for the form."""
    kind, _, name = request.args.get("taken", "").partition(":")
    shown = Shown()
    if kind == "sample":
        shown = shown_sample(_existing_file(request.args.get("mapping", "")), name)
    elif kind == "event" and name.isdecimal():
        with tools().database.session() as session:
            shown = shown_event(session.get(Event, int(name)) or abort(404))
    answer = Response(render_template("workbench/payload.html", posted=shown))
    answer.headers["HX-Trigger-After-Settle"] = "picked"
    return answer


@workbench.post("/reading")
@needs(Role.OPERATOR)
def read() -> str:
    """What the request in the form becomes."""
    try:
        script = _script()
        result = bench.run(Reading(script, posted(request.form), open_for(script)))
    except BridgeError as error:
        result = {"problem": error.message}
    events = [
        {**event, "problems": [error_sentence(error) for error in event["errors"]]}
        for event in result.get("events", ())
    ]
    problem = result.get("problem")
    return render_template(
        "workbench/reading.html", events=events, problem=problem, line=line_in(problem or "")
    )


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
        script, file = _script(), _file(request.form.get("mapping", ""))
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
    name = _existing_file(request.form.get("mapping", "")).name
    answer = Response(_text(), mimetype="text/x-python")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.py"'
    return answer


class MappingChangedError(BridgeError):
    """An edited mapping is code that would run on this server: only an administrator may try it out here."""

    code = "edited_mapping_not_allowed"


def _script() -> Script:
    """The mapping in the form. Raises MappingChangedError, ConfigurationError."""
    file = _file(request.form.get("mapping", ""))
    text = _text()
    if text.strip() != file.path.read_text(encoding="utf-8").strip() and not may_edit():
        raise MappingChangedError(why_not())
    source = request.form.get("source") or None
    return Script(file.name, text, source if source in tools().settings.sources else None)


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
