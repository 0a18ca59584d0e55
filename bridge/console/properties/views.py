"""`/console/properties`: the properties with the names that senders use for them, which can be added and taken back."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import aliases
from bridge.console.flash import Flash, on_next_page
from bridge.console.status_words import pms_name
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Role

properties_pages = Blueprint("properties", __name__, url_prefix="/console/properties")


@properties_pages.get("")
@needs(Role.VIEWER)
def listing(problem: str | None = None) -> str:
    settings = tools().settings
    with tools().database.session() as session:
        added = aliases.listed(session, settings)
    return render_template(
        "properties/list.html",
        properties=[(place, pms_name(settings, place.key)) for place in settings.properties.values()],
        added=added,
        problem=problem,
        removed=request.args.get("removed"),
        removed_property=request.args.get("property"),
        may_change=current_actor().may(Role.OPERATOR),
    )


@properties_pages.post("/aliases")
@needs(Role.OPERATOR)
def add_alias() -> Response:
    """A name means a property from the next event on."""
    name, key = request.form.get("alias", ""), request.form.get("property", "")
    try:
        with tools().database.session() as session:
            aliases.add(session, tools().settings, current_actor(), name, key, tools().clock())
    except BridgeError as error:
        return make_response(listing(error.message), 422)
    return on_next_page(redirect(url_for("properties.listing"), 303), Flash.ALIAS_ADDED)


@properties_pages.post("/aliases/remove")
@needs(Role.OPERATOR)
def remove_alias() -> Response:
    """A name means nothing any more; the page offers to undo it."""
    name, key = request.form.get("alias", ""), request.form.get("property", "")
    try:
        with tools().database.session() as session:
            aliases.remove(session, current_actor(), name, tools().clock())
    except BridgeError as error:
        return make_response(listing(error.message), 422)
    return redirect(url_for("properties.listing", removed=name, property=key), 303)
