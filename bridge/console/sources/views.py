"""`/console/sources`: the list and the pages of sources."""

from flask import Blueprint, Flask, current_app, render_template, request

from bridge.console import audit
from bridge.console.access.guard import current_actor, needs
from bridge.console.sources import presenter, shadow
from bridge.console.sources.test_event import try_out
from bridge.console.sources.widget_line import READABLE, Options, accent_of, contrast, line_of, query_of
from bridge.console.tools import tools
from bridge.errors import BridgeError, UnknownSourceError
from bridge.models import Role
from bridge.widget.words import LOCALES, choose

sources_pages = Blueprint("sources", __name__, url_prefix="/console/sources")


@sources_pages.get("")
@needs(Role.VIEWER)
def listing() -> str:
    now = tools().clock()
    with tools().database.session() as session:
        rows = presenter.lines(session, tools().sources, now)
    modes = {source.name: source.settings.mode for source in tools().sources}
    return render_template(
        "sources/list.html",
        rows=rows,
        now=now,
        modes=modes,
        may_set_up=current_actor().may(Role.ADMIN),
        broken=current_app.extensions["live_sources"].broken,
    )


@sources_pages.before_app_request
def take_what_is_stored() -> None:
    """Show what another web process has just stored."""
    if request.path.startswith("/console/sources"):
        current_app.extensions["live_sources"].refresh(at_once=True)


@sources_pages.get("/<name>")
@needs(Role.VIEWER)
def show(name: str) -> str:
    """Raises UnknownSourceError."""
    source, now = tools().sources[name], tools().clock()
    here = request.host_url.rstrip("/")
    with tools().database.session() as session:
        page = presenter.page(session, tools().settings, source, current_actor(), now, here)
        watched = shadow.count(session, name, now)
    may_test = current_actor().may(Role.OPERATOR)
    configured = tools().settings.sources.configured.get(name)
    return render_template(
        "sources/source.html",
        page=page,
        now=now,
        may_test=may_test,
        is_form=source.mapping.public,
        is_shadow=source.settings.mode == "shadow",
        can_switch=may_test and not (configured and configured.mode),
        may_set_up=configured is None and current_actor().may(Role.ADMIN),
        watched=watched,
    )


@sources_pages.get("/<name>/widget")
@needs(Role.VIEWER)
def widget(name: str) -> str:
    """Build the line that puts the widget on a website. Raises UnknownSourceError, also for a source with a secret."""
    source, settings = tools().sources[name], tools().settings
    if not source.mapping.public:
        raise UnknownSourceError
    own = source.settings.property
    chosen = [key for key in request.args.getlist("property") if key in settings.properties]
    options = Options(
        chosen or [own or next(iter(settings.properties), "")],
        choose(request.args.get("lang")) or "",
        accent_of(request.args.get("accent", "")),
        "2px" if request.args.get("radius") == "2px" else "8px",
    )
    home = settings.server.public_url or request.host_url.rstrip("/")
    now = tools().clock()
    with tools().database.session() as session:
        page = presenter.page(session, settings, source, current_actor(), now, home)
    return render_template(
        "sources/widget.html",
        page=page,
        now=now,
        is_form=True,
        options=options,
        code=line_of(home, name, options),
        link=f"{home}/widget/{query_of(name, options).replace('source=', '', 1).replace('&', '?', 1)}",
        home=home,
        origins=source.settings.origins,
        places=settings.properties.values(),
        is_readable=contrast(options.accent, "#ffffff") >= READABLE,
        languages=LOCALES,
        query=query_of(name, options),
    )


@sources_pages.post("/<name>/test")
@needs(Role.OPERATOR)
def test(name: str) -> str:
    """Send a sample through the webhook endpoint and show its answer. Raises UnknownSourceError."""
    source, sample, now = tools().sources[name], request.form.get("sample", ""), tools().clock()
    try:
        trial = try_out(_app(), tools().settings, source, sample, now)
    except BridgeError as error:
        return render_template("sources/test_event.html", trial=None, problem=error.message)
    with tools().database.session() as session:
        after = {"sample": sample, "status": trial.status}
        audit.record(session, current_actor(), now, "tested", ("source", name), after=after)
    return render_template("sources/test_event.html", trial=trial)


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # Werkzeug's way to the object
    return app
