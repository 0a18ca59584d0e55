"""`/console/sources`: who sends."""

from flask import Blueprint, Flask, current_app, render_template, request

from bridge.console import audit
from bridge.console.access.guard import current_actor, needs
from bridge.console.sources import told
from bridge.console.sources.trial import try_out
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Role

sources_pages = Blueprint("sources", __name__, url_prefix="/console/sources")


@sources_pages.get("")
@needs(Role.VIEWER)
def listing() -> str:
    now = tools().clock()
    with tools().database.session() as session:
        rows = told.lines(session, tools().sources, now)
    return render_template("sources/list.html", rows=rows, now=now)


@sources_pages.get("/<name>")
@needs(Role.VIEWER)
def show(name: str) -> str:
    """Raises UnknownSourceError."""
    source, now = tools().sources[name], tools().clock()
    here = request.host_url.rstrip("/")
    with tools().database.session() as session:
        page = told.page(session, tools().settings, source, current_actor(), now, here)
    may_test = current_actor().may(Role.OPERATOR)
    return render_template("sources/source.html", page=page, now=now, may_test=may_test)


@sources_pages.post("/<name>/test")
@needs(Role.OPERATOR)
def test(name: str) -> str:
    """Send a sample through the door; answers what it said. Raises UnknownSourceError."""
    source, sample, now = tools().sources[name], request.form.get("sample", ""), tools().clock()
    try:
        trial = try_out(_app(), tools().settings, source, sample, now)
    except BridgeError as error:
        return render_template("sources/trial.html", trial=None, problem=error.message)
    with tools().database.session() as session:
        after = {"sample": sample, "status": trial.status}
        audit.record(session, current_actor(), now, "tested", ("source", name), after=after)
    return render_template("sources/trial.html", trial=trial)


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # Werkzeug's way to the object
    return app
