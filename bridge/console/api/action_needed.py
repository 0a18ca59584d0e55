"""The groups of events that wait for a decision, and their resolution."""

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import aliases, groups
from bridge.console.api import schemas_groups as shown
from bridge.console.api.answers import answer_problems
from bridge.console.api.events import ONE, one_event
from bridge.console.api.idempotency import idempotent
from bridge.console.events.groups import ShownEvent, shown_groups
from bridge.console.tools import tools
from bridge.models import Role

action_needed = Blueprint("api_action_needed", __name__, url_prefix="/api/v1")
answer_problems(action_needed)


@action_needed.route("/action-needed")
@needs(Role.VIEWER)
@action_needed.arguments(shown.GroupArguments, location="query", unknown=RAISE)
@action_needed.response(200, shown.WaitingGroups)
def list_action_needed(query: dict[str, Any]) -> Any:
    """List the events that wait for a decision, in groups that one decision settles; the soonest tour comes first."""
    settings, asked = tools().settings, query.get("group")
    with tools().database.session() as session:
        found, total = shown_groups(session, settings, current_actor(), tools().clock(), asked)
    listed = [
        {
            **{
                name: getattr(group, name)
                for name in ("id", "reason", "heading", "advice", "field", "choices", "ids")
            },
            "events": list(map(_line, group.lines)),
        }
        for group in found
    ]
    return {"total": total, "groups": listed}


@action_needed.route("/action-needed/correct", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@action_needed.doc(**{"x-once": True})
@action_needed.arguments(shown.GroupCorrectionBody)
@action_needed.response(200, shown.SettledGroupSchema)
def correct_group(body: dict[str, Any]) -> Any:
    """Give all events of a group the same agent or unit, and run them again; each that cannot be changed is named."""
    fields = {body["field"]: body["value"]}
    return groups.correct(
        tools().database, tools().settings, current_actor(), body["ids"], fields, tools().clock()
    )


@action_needed.route(f"{ONE}/property", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@action_needed.doc(**{"x-once": True})
@action_needed.arguments(shown.ChosenPropertyBody)
@action_needed.response(200, shown.ChosenPropertySchema)
def choose_property(body: dict[str, Any], event_id: int) -> Any:
    """Let what an event calls its property mean this one; answers all parked events like it, and runs them again."""
    actor, now = current_actor(), tools().clock()
    with one_event(event_id) as (session, event):
        chosen = aliases.choose_property(session, tools().settings, actor, event, body["property"], now)
    queued = groups.release(tools().database, actor, chosen, now) if body["replay"] else []
    return {**asdict(chosen), "queued": queued}


def _line(shown_event: ShownEvent) -> SimpleNamespace:
    """As the page shows it: of an event without a booking, what can be read of it."""
    more = {name: getattr(shown_event, name) for name in ("renter", "phone", "start_as_sent")}
    return SimpleNamespace(**vars(shown_event.waiting.summary) | more)
