"""`/console/health`: whether the connections run, and what Propexo has switched off."""

from flask import Blueprint, current_app, render_template

from bridge.console.access.guard import needs
from bridge.console.health.published import LatestFindings
from bridge.console.queries import integrations
from bridge.console.tools import tools
from bridge.models import Role

health_pages = Blueprint("health", __name__, url_prefix="/console/health")


@health_pages.get("")
@needs(Role.VIEWER)
def show() -> str:
    with tools().database.session() as session:
        rows = integrations.integrations(session, tools().settings)
    return render_template("health/health.html", rows=rows, now=tools().clock())


@health_pages.get("/propexo")
@needs(Role.VIEWER)
def propexo() -> str:
    """A part of the page: it may take some seconds, so it is loaded after the rest."""
    latest: LatestFindings = current_app.extensions.setdefault("health", LatestFindings())
    findings, at = latest.of(tools().settings, tools().clock())
    bad = [each for each in findings if each.level != "ok"]
    return render_template("health/propexo.html", findings=bad, looked=len(findings), at=at)
