"""`/console/health`: the state of the integrations, and what Propexo has switched off."""

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import integrations as actions
from bridge.console.flash import Flash, on_next_page
from bridge.console.health.published import latest_findings
from bridge.console.queries import integrations
from bridge.console.tools import tools
from bridge.models import Role

health_pages = Blueprint("health", __name__, url_prefix="/console/health")


@health_pages.get("")
@needs(Role.VIEWER)
def show(problem: str | None = None) -> str:
    with tools().database.session() as session:
        rows = integrations.integrations(session, tools().settings)
    return render_template(
        "health/health.html",
        rows=rows,
        now=tools().clock(),
        problem=problem,
        may_change=current_actor().may(Role.OPERATOR),
    )


@health_pages.post("/<integration_id>/pause")
@needs(Role.OPERATOR)
def pause(integration_id: str) -> Response:
    """Its events wait until an operator resumes it."""
    _check_known(integration_id)
    reason = request.form.get("reason", "").strip()
    if not reason:
        return make_response(show("Say why it is paused: the reason is shown to everybody."), 422)
    actions.pause(tools().database, current_actor(), integration_id, reason, tools().clock())
    return on_next_page(redirect(url_for("health.show"), 303), Flash.INTEGRATION_PAUSED)


@health_pages.post("/<integration_id>/resume")
@needs(Role.OPERATOR)
def resume(integration_id: str) -> Response:
    """The events that wait for it continue."""
    _check_known(integration_id)
    if actions.resume(tools().database, current_actor(), integration_id, tools().clock()) is None:
        return make_response(show("It was not paused any more."), 422)
    return on_next_page(redirect(url_for("health.show"), 303), Flash.INTEGRATION_RESUMED)


@health_pages.post("/propexo")
@needs(Role.OPERATOR)
def check_again() -> Response:
    """Query Propexo again when the page is shown."""
    latest_findings().forget()
    return on_next_page(redirect(url_for("health.show"), 303), Flash.PROPEXO_CHECKED)


def _check_known(integration_id: str) -> None:
    if integration_id not in {place.integration_id for place in tools().settings.properties.values()}:
        abort(404, f"No property has the integration {integration_id}.")


@health_pages.get("/propexo")
@needs(Role.VIEWER)
def propexo() -> str:
    """A part of the page: it may take some seconds, so it is loaded after the rest."""
    findings, at = latest_findings().of(tools().settings, tools().clock())
    bad = [each for each in findings if each.level != "ok"]
    return render_template("health/propexo.html", findings=bad, looked=len(findings), at=at)
