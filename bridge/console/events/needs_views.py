"""`/console/action-needed`: what waits for a decision, and the one decision that settles a group."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import corrections
from bridge.console.audit import BulkEntry
from bridge.console.events.bulk_views import Run, progress
from bridge.console.events.event_views import stored
from bridge.console.events.presenter import ADVICE, explanation_of, known_values, start_as_sent
from bridge.console.masking import mask
from bridge.console.phones import readable_phone
from bridge.console.queries.action_needed import (
    UNREAD_START,
    WaitingEvent,
    WaitingGroup,
    group_heading,
    grouped,
    waiting_events,
)
from bridge.console.queries.events import renter_of
from bridge.console.queries.record_choices import agent_choices, unit_choices
from bridge.console.tools import tools
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.detail import advice_for
from bridge.models import Event, Role

action_needed = Blueprint("action_needed", __name__, url_prefix="/console/action-needed")
SHOWN = 5
"""Events of a group that are shown before somebody asks for all."""
AT_ONCE = 200
"""Events of a group that one press corrects."""
CORRECTED_BY = {Reason.UNKNOWN_AGENT.value: "agent", Reason.UNKNOWN_UNIT.value: "unit"}
"""The field that one choice corrects for a whole group, by its reason."""


@dataclass(frozen=True)
class ShownEvent:
    """A line of a group."""

    waiting: WaitingEvent
    renter: str | None
    phone: str | None
    start_as_sent: str | None


@dataclass(frozen=True)
class ShownGroup:
    """A group as the page shows it."""

    group: WaitingGroup
    heading: str
    advice: str | None
    lines: list[ShownEvent]
    field: str | None
    """What one choice settles: property, agent or unit."""
    choices: list[tuple[str, str]]

    @property
    def size(self) -> int:
        return len(self.group.events)


@action_needed.get("")
@needs(Role.VIEWER)
def listing() -> str:
    with tools().database.session() as session:
        groups = grouped(waiting_events(session, tools().settings, current_actor(), tools().clock()))
        asked = request.args.get("group")
        total = sum(len(group.events) for group in groups)
        chosen = [group for group in groups if asked is None or group.id == asked]
        shown = [_shown(session, group, whole=asked is not None) for group in chosen]
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
    ids = [int(text) for text in request.form.get("ids", "").split(",") if text.isdecimal()][:AT_ONCE]
    if name not in CORRECTED_BY.values() or not value:
        return Response(render_template("events/correction.html", problem="Choose one of the list."))
    refused, bulk = [], BulkEntry()
    for event_id in ids:
        try:
            with tools().database.session() as session:
                event = stored(session, event_id)
                correction = corrections.preview_fields(session, tools().settings, event, {name: value})
                corrections.save(session, current_actor(), correction, tools().clock(), again=True, bulk=bulk)
        except BridgeError as error:
            refused.append(error.message)
    return progress(Run("replay", (), len(ids), refused=tuple(refused)))


def _shown(session: Session, group: WaitingGroup, *, whole: bool) -> ShownGroup:
    first = group.first
    field = "property" if first.reason == Reason.UNKNOWN_PROPERTY else CORRECTED_BY.get(first.reason)
    return ShownGroup(
        group,
        group_heading(first.reason, _as_seen(first.named), first.summary.property_name),
        ADVICE.get(Reason(first.reason)) or advice_for(first.reason) if first.reason else None,
        [_line(session, waiting) for waiting in (group.events if whole else group.events[:SHOWN])],
        field if field != "property" or first.named else None,
        _choices(session, field, first.summary.property),
    )


def _choices(session: Session, field: str | None, key: str | None) -> list[tuple[str, str]]:
    places = tools().settings.properties
    if field == "property":
        return [(place.key, place.name or place.key) for place in places.values()]
    place = places.get(key or "")
    if place is None or field is None:
        return []
    found = agent_choices(session, place) if field == "agent" else unit_choices(session, place)
    return [(choice.value, choice.label) for choice in found]


def _line(session: Session, waiting: WaitingEvent) -> ShownEvent:
    """Of an event without a booking, what can be read of it."""
    summary = waiting.summary
    if summary.booking_id is not None:
        return ShownEvent(waiting, summary.renter, summary.phone, None)
    event = session.get_one(Event, summary.id)
    explanation = explanation_of(event, tools().settings)
    values: dict[str, Any] = known_values(event, explanation)
    renter = renter_of({name: {"value": value} for name, value in values.items()})
    texts = (renter, readable_phone(values.get("phone")), start_as_sent(explanation))
    return ShownEvent(waiting, *map(_as_seen, texts))


def _as_seen(text: str | None) -> str | None:
    """A text of the sender's, which may name the renter."""
    return text if current_actor().sees_people or text == UNREAD_START else mask(text)
