"""`/console/alerts`: the current alerts, and who is notified."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from bridge.alerts.test_message import SentTest
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import alerts as actions
from bridge.console.flash import Flash, on_next_page
from bridge.console.queries.alerts import alert_overview
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Role

alerts_pages = Blueprint("alerts", __name__, url_prefix="/console/alerts")


@alerts_pages.get("")
@needs(Role.VIEWER)
def show(problem: str | None = None, results: list[SentTest] | None = None) -> str:
    """The current alerts as `bridge alerts list` prints them; a viewer sees no sentence that may name a renter."""
    actor = current_actor()
    with tools().database.session() as session:
        overview = alert_overview(session, tools().settings, actor, tools().clock())
    return render_template(
        "alerts/alerts.html",
        overview=overview,
        problem=problem or overview.problem,
        results=results or [],
        sees_people=actor.sees_people,
        may_test=actor.may(Role.ADMIN),
    )


@alerts_pages.post("/test")
@needs(Role.ADMIN)
def test() -> Response:
    """Send a test to each address; where one does not work the page that answers shows which."""
    try:
        results = actions.send_test_alert(
            tools().settings, tools().database, current_actor(), tools().clock()
        )
    except BridgeError as error:
        return make_response(show(error.message), 422)
    if all(result.is_sent for result in results):
        return on_next_page(redirect(url_for("alerts.show"), 303), Flash.ALERT_SENT)
    return make_response(show(results=results), 502)
