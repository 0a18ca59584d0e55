"""Bookings, sources, integrations, properties, aliases, and the figures of today."""

from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import RAISE

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import aliases as alias_actions
from bridge.console.actions import integrations as integration_actions
from bridge.console.api import schemas
from bridge.console.api import schemas_properties as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems, linked
from bridge.console.api.fields import LARGEST
from bridge.console.api.idempotency import idempotent
from bridge.console.queries import appointments, bookings, integrations
from bridge.console.queries.paging import Page
from bridge.console.queries.tour_days import TourDays, tours_on
from bridge.console.sources import presenter
from bridge.console.today import figures
from bridge.console.tools import tools
from bridge.errors import UnknownSourceError
from bridge.events.pms_appointments import own_bookings
from bridge.events.query import configured
from bridge.models import Role

properties = Blueprint("api_properties", __name__, url_prefix="/api/v1")
answer_problems(properties)


@properties.route("/bookings")
@needs(Role.VIEWER)
@properties.arguments(schemas.BookingArguments, location="query", unknown=RAISE)
@properties.response(200, schemas.BookingPage)
def list_bookings(wanted: dict[str, Any]) -> Any:
    """List tours, the newest first; with days, all tours of these days, the soonest first, without further pages."""
    named = wanted.pop("property", None)
    first, last = wanted.pop("tour_from", None), wanted.pop("tour_to", None)
    with tools().database.session() as session:
        if first or last:
            days = TourDays.between(*(day.isoformat() if day else "" for day in (first, last)))
            rows = tours_on(session, tools().settings, current_actor(), days, named)
            chosen = {name: wanted.get(name) for name in ("source", "state", "written_state", "search")}
            return Page(bookings.matching(session, tools().settings, current_actor(), rows, **chosen), None)
        found = bookings.page(session, tools().settings, current_actor(), property_name=named, **wanted)
    return linked(found)


@properties.route(f"/bookings/<int(min=1, max={LARGEST}):booking_id>")
@needs(Role.VIEWER)
@properties.response(200, schemas.BookingLine)
def show_booking(booking_id: int) -> Any:
    """Show one tour."""
    with tools().database.session() as session:
        found = bookings.booking(session, tools().settings, current_actor(), booking_id)
    if found is None:
        raise NoSuchRowError
    return found


@properties.route("/appointments")
@needs(Role.VIEWER)
@properties.arguments(shown.AppointmentArguments, location="query", unknown=RAISE)
@properties.response(200, shown.AppointmentList)
def list_appointments(wanted: dict[str, Any]) -> Any:
    """List what the PMS of a property holds, matched to our bookings: ours, theirs, missing. Asks Propexo."""
    named = wanted.pop("property")
    with tools().database.session() as session:
        place = configured(session, tools().settings, named)
        own = own_bookings(session, place)
    return {"appointments": appointments.page(tools().settings, current_actor(), place, own, **wanted)}


@properties.route("/sources")
@needs(Role.VIEWER)
@properties.response(200, shown.SourceList)
def list_sources() -> Any:
    """List the configured sources."""
    with tools().database.session() as session:
        return {"sources": presenter.lines(session, tools().sources, tools().clock())}


@properties.route("/sources/<name>")
@needs(Role.VIEWER)
@properties.response(200, shown.SourceStory)
def show_source(name: str) -> Any:
    """Show a source: its address and set-up, refused requests, changed fields, what it has recorded."""
    try:
        source = tools().sources[name]
    except UnknownSourceError as error:
        raise NoSuchRowError from error
    here, now = request.host_url.rstrip("/"), tools().clock()
    with tools().database.session() as session:
        return presenter.page(session, tools().settings, source, current_actor(), now, here)


@properties.route("/integrations")
@needs(Role.VIEWER)
@properties.response(200, shown.IntegrationList)
def list_integrations() -> Any:
    """List the connections to PMSs, with what keeps them from working."""
    with tools().database.session() as session:
        return {"integrations": integrations.integrations(session, tools().settings)}


@properties.route("/integrations/<name>/pause", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@properties.doc(**{"x-once": True})
@properties.arguments(shown.PauseBody)
@properties.response(200, shown.IntegrationLine)
def pause_integration(given: dict[str, Any], name: str) -> Any:
    """Let the events of an integration wait until it is resumed."""
    found = integrations.integration_named(tools().settings, name)
    integration_actions.pause(tools().database, current_actor(), found, given["reason"], tools().clock())
    return _integration(found)


@properties.route("/integrations/<name>/resume", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@properties.doc(**{"x-once": True})
@properties.response(200, shown.IntegrationLine)
def resume_integration(name: str) -> Any:
    """End a pause; if there is none, nothing changes."""
    found = integrations.integration_named(tools().settings, name)
    integration_actions.resume(tools().database, current_actor(), found, tools().clock())
    return _integration(found)


def _integration(found: str) -> integrations.IntegrationRow:
    with tools().database.session() as session:
        return integrations.integration(session, tools().settings, found)


@properties.route("/properties")
@needs(Role.VIEWER)
@properties.response(200, shown.PropertyList)
def list_properties() -> Any:
    """List the properties of bridge.toml."""
    return {"properties": tools().settings.properties.values()}


@properties.route("/aliases")
@needs(Role.VIEWER)
@properties.response(200, shown.AliasList)
def list_aliases() -> Any:
    """List the names of properties that were added at the console; bridge.toml has the others."""
    with tools().database.session() as session:
        return {"aliases": alias_actions.listed(session, tools().settings)}


@properties.route("/aliases", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@properties.doc(**{"x-once": True})
@properties.arguments(shown.AliasBody)
@properties.response(201, shown.AliasLine)
def add_alias(given: dict[str, Any]) -> Any:
    """Let a name mean a property from the next event on."""
    settings, now = tools().settings, tools().clock()
    with tools().database.session() as session:
        row = alias_actions.add(session, settings, current_actor(), given["alias"], given["property"], now)
        return {**vars(row), "problem": None}


@properties.route("/aliases/<path:alias>", methods=["DELETE"])
@needs(Role.OPERATOR)
@idempotent
@properties.doc(**{"x-once": True})
@properties.response(204)
def remove_alias(alias: str) -> None:
    """Let a name mean nothing any more."""
    with tools().database.session() as session:
        alias_actions.remove(session, current_actor(), alias, tools().clock())


@properties.route("/today")
@needs(Role.VIEWER)
@properties.response(200, shown.TodaySchema)
def show_today() -> Any:
    """Show how the day goes."""
    with tools().database.session() as session:
        return figures.today(session, tools().settings, current_actor(), tools().clock())
