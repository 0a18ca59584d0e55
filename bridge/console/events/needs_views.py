"""`/console/action-needed`: the groups of events that wait for a decision."""

from flask import Blueprint, Response, render_template, request

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import groups
from bridge.console.events.bulk_views import Run, progress
from bridge.console.events.groups import shown_groups
from bridge.console.tools import tools
from bridge.models import Role

action_needed = Blueprint("action_needed", __name__, url_prefix="/console/action-needed")


@action_needed.get("")
@needs(Role.VIEWER)
def listing() -> str:
    asked = request.args.get("group")
    with tools().database.session() as session:
        shown, total = shown_groups(session, tools().settings, current_actor(), tools().clock(), asked)
    return render_template(
        "events/action_needed.html",
        groups=shown,
        total=total,
        is_part=asked is not None,
        now=tools().clock(),
        may_change=current_actor().may(Role.OPERATOR),
    )


@action_needed.post("/correct")
@needs(Role.OPERATOR)
def correct_group() -> Response:
    """Give all events of a group the same agent or unit, and run them again."""
    name, value = request.form.get("field", ""), request.form.get("value", "").strip()
    ids = [int(text) for text in request.form.get("ids", "").split(",") if text.isdecimal()][: groups.AT_ONCE]
    if name not in groups.CORRECTED_BY.values() or not value:
        return Response(render_template("events/correction.html", problem="Choose one of the list."))
    done = groups.correct(
        tools().database, tools().settings, current_actor(), ids, {name: value}, tools().clock()
    )
    return progress(Run("replay", (), len(ids), refused=tuple(done.refused.values())))
