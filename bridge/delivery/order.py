"""The order inside one contact, whatever the priorities: who has overtaken an earlier event of its lock steps back."""

from datetime import datetime

from bridge.delivery import turns
from bridge.delivery.context import Context
from bridge.delivery.outcomes import Ended
from bridge.delivery.reading import received_of
from bridge.delivery.resolve import start_of, target_of
from bridge.errors import BridgeError
from bridge.models import Event


def step_back(context: Context, event: Event) -> None:
    """Lift the earlier event, for which this one has to wait, to where this one belongs."""
    start = _start_seen(context, event)
    priority = turns.priority_of(start, event.action, context.clock()) if start else turns.LAST
    with context.database.single() as session:
        turns.take_place(session, event.queue_id, priority)


def _start_seen(context: Context, event: Event) -> datetime | None:
    """When the tour starts, as far as the payload alone tells."""
    try:
        said = context.sources[event.source].mapping.translate(received_of(event)).booking
        if said is None:
            return None
        return start_of(
            said, target_of(context.settings, event.source, said.property, context.aliases).property
        )
    except (BridgeError, Ended):
        return None  # its own run says what is wrong with it
