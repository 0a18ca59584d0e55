"""Events of one booking, or of one person, that came earlier and are still on their way.

They can name different contacts, or none: then their jobs have different locks, and may run side by side.
"""

from typing import Literal

from sqlalchemy import or_, select

from bridge.delivery.calls import Calls
from bridge.delivery.outcomes import WAIT_FOR_EARLIER, NotYet, Reason
from bridge.models import UNFINISHED, Event, Status

WAITS_FOR_US = (Reason.UNKNOWN_BOOKING, Reason.UNKNOWN_CONTACT, Reason.REQUESTED)
"""What an earlier event waits for, and a later one brings."""


def wait_for_earlier(calls: Calls, same: Literal["booking", "person"], references: list[str]) -> None:
    """Let an event go on only when none of the same booking or person, by these references, is on its way before it.

    Raises:
        NotYet: one is.
    """
    event = calls.event
    earlier = select(Event.id, Event.next_attempt_at).where(
        Event.source == event.source,
        Event.id != event.id,
        Event.queue_id < event.queue_id,
        Event.status.in_(UNFINISHED),
        or_(Event.reference.in_(references), Event.previous_reference.in_(references)),
        # They wait for us, not we for them.
        or_(Event.reason.is_(None), Event.reason.not_in(WAITS_FOR_US)),
    )
    with calls.context.database.single() as session:
        found = session.execute(earlier.limit(1)).first() if references else None
    if found is not None:
        detail = f"Event {found.id} of the same {same} is still on its way."
        after = max(filter(None, (calls.now(), found.next_attempt_at))) + WAIT_FOR_EARLIER
        raise NotYet(after, Status.WAITING, Reason.EARLIER_EVENT, detail)
