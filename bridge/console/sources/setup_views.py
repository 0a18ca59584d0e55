"""`/console/sources/_new` and the pages of a source's set-up: without a file, without a restart."""

from typing import Any

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.aliases import aliases_of
from bridge.console.access.guard import current_actor, current_locale, needs
from bridge.console.actions import sources as actions
from bridge.console.flash import Flash, on_next_page
from bridge.console.sources import presenter, setup
from bridge.console.sources import shadow as shadow_mode
from bridge.console.sources.widget_line import Options, line_of, query_of
from bridge.console.tools import tools
from bridge.errors import BridgeError, ConfigurationError, UnknownSourceError
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role
from bridge.stored_sources import LiveSources

source_setup = Blueprint("source_setup", __name__, url_prefix="/console/sources")


@source_setup.get("/_new")
@needs(Role.ADMIN)
def choose(problems: list[str] | None = None) -> str:
    """Choose the sender; then its name, and the secret where the sender gives one. 404: there is no such mapping."""
    catalogue, chosen = Catalogue(tools().settings.mappings_dir), request.values.get("mapping", "")
    form = None
    if chosen:
        try:
            form = setup.form_of(catalogue.get(chosen), tools().settings.sources)
        except ConfigurationError as error:
            abort(404, error.message)
    return render_template(
        "sources/new.html",
        senders=setup.senders(catalogue) if form is None else [],
        form=form,
        given=request.form,
        problems=problems or [],
        encrypts=bool(tools().settings.privacy.encryption_keys),
    )


@source_setup.post("/_new")
@needs(Role.ADMIN)
def create() -> Response:
    """Store the source in shadow mode: nothing that comes now is written."""
    key = request.form.get("key", "").strip()
    try:
        file = Catalogue(tools().settings.mappings_dir).get(request.form.get("mapping", ""))
        document = setup.document_from(request.form, file)
        actions.add(_live(), tools().database, current_actor(), key, document, tools().clock())
    except BridgeError as error:
        return make_response(choose(error.message.splitlines()), 422)
    return on_next_page(redirect(url_for("source_setup.show", name=key), 303), Flash.SOURCE_CREATED)


@source_setup.get("/<name>/setup")
@needs(Role.ADMIN)
def show(name: str, problems: list[str] | None = None) -> str:
    """The steps from the address to live. Raises UnknownSourceError, also for a source of bridge.toml."""
    document = _document(name)
    source, now = tools().sources[name], tools().clock()
    here, settings = request.host_url.rstrip("/"), tools().settings
    home = settings.server.public_url or here
    chosen = [key for key in request.args.getlist("property") if key in settings.properties]
    options = Options(chosen or [source.settings.property or next(iter(settings.properties), "")])
    with tools().database.session() as session:
        page = presenter.page(session, tools().settings, source, current_actor(), now, here)
        first = setup.first_event(session, tools().settings, name, aliases_of(tools().database))
    return render_template(
        "sources/setup.html",
        page=page,
        source=source.settings,
        document=document,
        secret=next(iter(document.get("secrets", ())), None),
        first=first,
        places=settings.properties.values(),
        problems=problems or [],
        now=now,
        may_test=True,
        is_form=source.mapping.public,
        options=options,
        code=line_of(home, name, options) if source.mapping.public else None,
        query=query_of(name, options),
    )


@source_setup.get("/<name>/setup/first")
@needs(Role.ADMIN)
def first(name: str) -> str:
    """Step 3 as it is by now. Raises UnknownSourceError."""
    source, now = tools().sources[name], tools().clock()
    with tools().database.session() as session:
        found = setup.first_event(session, tools().settings, name, aliases_of(tools().database))
        page = presenter.page(session, tools().settings, source, current_actor(), now, "")
    return render_template("sources/first_event.html", first=found, page=page)


@source_setup.post("/<name>/setup")
@needs(Role.ADMIN)
def change(name: str) -> Response:
    """Property, and what to assume. Raises UnknownSourceError."""
    document = setup.edited(_document(name), request.form)
    try:
        actions.save(_live(), tools().database, current_actor(), name, document, tools().clock())
    except ConfigurationError as error:
        return make_response(show(name, [str(problem) for problem in error.problems]), 422)
    step = url_for("source_setup.show", name=name, _anchor="step-5")
    return on_next_page(redirect(step, 303), Flash.SOURCE_SAVED)


@source_setup.post("/<name>/mode")
@needs(Role.OPERATOR)
def switch(name: str) -> Response:
    """Live or shadow, from now on. Raises UnknownSourceError."""
    mode = request.form.get("mode", "")
    if mode not in actions.MODES:
        abort(422, "Choose live or shadow.")
    try:
        actions.switch(_live(), tools().database, current_actor(), name, mode, tools().clock())
    except actions.SourceConfiguredError as error:
        abort(409, error.message)
    flash = Flash.SOURCE_LIVE if mode == "live" else Flash.SOURCE_IN_SHADOW
    return on_next_page(redirect(url_for("sources.show", name=name), 303), flash)


@source_setup.post("/<name>/remove")
@needs(Role.ADMIN)
def remove(name: str) -> Response:
    """Its events stay. Raises UnknownSourceError, also for a source of bridge.toml."""
    actions.remove(_live(), tools().database, current_actor(), name, tools().clock())
    return on_next_page(redirect(url_for("sources.listing"), 303), Flash.SOURCE_REMOVED)


@source_setup.get("/<name>/shadow")
@needs(Role.VIEWER)
def shadow(name: str) -> str:
    """What would have been written, compared with what the PMS holds. Raises UnknownSourceError."""
    tools().sources[name]
    lists: shadow_mode.HeldLists = current_app.extensions["held_lists"]
    now = tools().clock()
    with tools().database.session() as session:
        compared = shadow_mode.page(
            session, tools().settings, lists, name, current_actor(), now, current_locale()
        )
    only = request.args.get("only") == "different"
    return render_template("sources/shadow.html", shadow=compared, name=name, only=only, now=now)


def _live() -> LiveSources:
    found: LiveSources = current_app.extensions["live_sources"]
    return found


def _document(name: str) -> dict[str, Any]:
    """The table of a stored source. Raises UnknownSourceError."""
    document = actions.document_of(tools().database, name)
    if document is None or name in tools().settings.sources.configured:
        raise UnknownSourceError
    return document
