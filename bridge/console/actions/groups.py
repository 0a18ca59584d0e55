"""Resolve a group of events that wait for the same decision, with one choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.console.actions import corrections
from bridge.console.actions import events as actions
from bridge.console.actor import Actor
from bridge.console.audit import BulkEntry
from bridge.database import Database
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.query import kept_event
from bridge.models import Role, Status
from bridge.settings import Settings

AT_ONCE = 200
"""Most events of a group that one request corrects."""
CORRECTED_BY = {Reason.UNKNOWN_AGENT.value: "agent", Reason.UNKNOWN_UNIT.value: "unit"}
"""The field that one choice corrects for a whole group, by its reason."""


@dataclass(frozen=True)
class SettledGroup:
    """What has become of the events of a group."""

    queued: list[int]
    """Those that run again."""
    refused: dict[int, str]
    """Why the others could not be changed."""


def correct(
    database: Database,
    settings: Settings,
    actor: Actor,
    ids: Sequence[int],
    fields: Mapping[str, str | None],
    now: datetime,
) -> SettledGroup:
    """Give each of these events the same values, and run it again; one that cannot be changed keeps back no other.

    It is one entry of the audit log.

    Raises NotAllowedError.
    """
    actions.must_be(actor, Role.OPERATOR)
    done, bulk = SettledGroup([], {}), BulkEntry()
    for event_id in ids:
        try:
            with database.session() as session:
                event = kept_event(session, event_id)
                if event is None:
                    done.refused[event_id] = f"There is no event {event_id}."
                    continue
                correction = corrections.preview_fields(session, settings, event, fields)
                corrections.save(session, actor, correction, now, again=True, bulk=bulk)
            done.queued.append(event_id)
        except BridgeError as error:
            done.refused[event_id] = error.message
    return done


def release(database: Database, actor: Actor, chosen: actions.Chosen, now: datetime) -> list[int]:
    """Run those of these events again that are still parked. Raises NotAllowedError."""
    ids = chosen.ids
    queued: list[int] = []
    for first in range(0, len(ids), actions.BATCH):
        with database.session() as session:
            batch = ids[first : first + actions.BATCH]
            queued += actions.replay_chosen(session, actor, batch, (Status.PARKED.value,), now, chosen.bulk)
    return queued
