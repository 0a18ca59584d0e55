"""Replay or dismiss many events: first a preview, then a few at a time, with a progress bar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import events as people
from bridge.console.audit import BulkEntry
from bridge.console.dates import office_zone
from bridge.console.events.filters import EventFilter
from bridge.console.events.presenter import CALLS
from bridge.console.queries.searching import events_found
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.events.query import find_ids
from bridge.models import Event, Role, Status

bulk = Blueprint("bulk", __name__, url_prefix="/console/events/bulk")
MOST = 5_000
"""Events of one go."""
SHOWN = 10
"""Events of which is shown what would go out."""
STEP = 20
"""Events between two updates of the progress bar."""
REPLAY, DISMISS = "replay", "dismiss"


@dataclass(frozen=True)
class Run:
    """What is left to do of a go; it travels in the form, so that it ends when its page is closed."""

    action: str
    ids: tuple[int, ...]
    total: int
    note: str = ""
    refused: tuple[str, ...] = ()
    """Why some could not be changed."""
    entry: int | None = None
    """The audit entry of this go, once it has one."""

    @classmethod
    def of_form(cls) -> "Run":
        form = request.form
        ids = _numbers(form.get("ids", "").split(","))
        action = DISMISS if form.get("action") == DISMISS else REPLAY
        total = form.get("total", len(ids), type=int)
        refused, entry = tuple(form.getlist("refused")), form.get("entry", type=int)
        return cls(action, ids, total, form.get("note", "").strip(), refused, entry)

    @property
    def done(self) -> int:
        return self.total - len(self.ids)


@bulk.post("")
@needs(Role.OPERATOR)
def plan() -> str:
    """What would become of the chosen events."""
    action = DISMISS if request.form.get("action") == DISMISS else REPLAY
    with tools().database.session() as session:
        try:
            ids, refused = (
                _all_that_match(session, action) if request.form.get("all") else _ticked(session, action)
            )
            shown = ids[:SHOWN] if action == REPLAY else []
            runs = people.dry_runs(session, tools().settings, shown, tools().clock())
        except BridgeError as error:
            return render_template("events/correction.html", problem=error.message)
        run = Run(action, tuple(ids[:MOST]), min(len(ids), MOST), refused=tuple(refused))
        return render_template("events/bulk_plan.html", run=run, runs=runs, more=len(ids) > MOST, calls=CALLS)


@bulk.post("/run")
@needs(Role.OPERATOR)
def run() -> Response:
    """The next few, in one transaction; the answer asks for those after them. The whole go is one audit entry."""
    going = Run.of_form()
    refused, entry = list(going.refused), BulkEntry(going.entry)
    is_alone = going.total == 1 and going.entry is None
    with tools().database.session() as session:
        for event_id in going.ids[:STEP]:
            try:
                with session.begin_nested():
                    _change(session, going, event_id, None if is_alone else entry)
            except BridgeError as error:
                refused.append(error.message)
    left = replace(going, ids=going.ids[STEP:], refused=tuple(refused), entry=entry.id)
    return progress(left)


def _change(session: Session, going: Run, event_id: int, entry: BulkEntry | None) -> None:
    actor, now = current_actor(), tools().clock()
    if going.action == REPLAY:
        people.replay(session, actor, [event_id], now, entry)
    else:
        people.dismiss(session, actor, [event_id], going.note, now, entry)


def progress(run: Run) -> Response:
    """The progress of a run. The page reads changes immediately."""
    return Response(render_template("events/bulk_run.html", run=run), headers={"HX-Trigger": "changed"})


def _ticked(session: Session, action: str) -> tuple[list[int], list[str]]:
    """Those of the ticked events that can be changed so, and why the others cannot."""
    problem_of = people.replay_problem if action == REPLAY else people.dismiss_problem
    ticked = select(Event).where(Event.id.in_(_numbers(request.form.getlist("id")))).order_by(Event.id)
    problems = {event.id: problem_of(event) for event in session.scalars(ticked)}
    return [event_id for event_id, why in problems.items() if why is None], [
        why for why in problems.values() if why
    ]


def _all_that_match(session: Session, action: str) -> tuple[list[int], list[str]]:
    """What the filters stand for, as far as it can be changed so. Raises BridgeError."""
    settings, asked = tools().settings, EventFilter.of(request.form)
    wanted = asked.selection(office_zone(settings))
    possible = people.ENDED if action == REPLAY else (Status.PARKED,)
    if wanted.statuses and not set(wanted.statuses) & set(possible):
        return [], []
    if asked.q:
        wanted = replace(wanted, ids=events_found(session, settings, asked.q, people=True))
    if action == DISMISS:
        return find_ids(session, settings, replace(wanted, statuses=(Status.PARKED.value,))), []
    chosen = people.choose(session, settings, wanted)
    left_out = [
        f"Event {event_id} is ambiguous: check the PMS, then replay it alone." for event_id in chosen.left_out
    ]
    return chosen.ids, left_out


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts if text.isdecimal())
