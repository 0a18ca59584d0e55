"""The history of an event: who replayed, edited, dismissed or imported it, when, and what it was before."""

from datetime import datetime
from enum import StrEnum

from bridge.clock import iso
from bridge.models import Event


class OperatorAction(StrEnum):
    """What an operator did."""

    REPLAYED = "replayed"
    """`status` and `reason`: how it had ended before."""
    EDITED = "edited"
    """`changed`: the paths of the payload; their values are not repeated here."""
    DISMISSED = "dismissed"
    """`reason`: what it was parked for."""
    IMPORTED = "imported"
    """`file`, and `verified`: whether its proof was checked."""


def note(event: Event, now: datetime, what: OperatorAction, by: str | None, **more: object) -> None:
    """Add an action to the history of an event. `by` is the operator, if known."""
    details = {name: value for name, value in more.items() if value is not None}
    event.history = [*(event.history or []), {"at": iso(now), "what": what, "by": by, **details}]
