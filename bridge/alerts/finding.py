"""Findings: current problems that someone should be notified of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class FindingKind(StrEnum):
    """What it is about; `heading` is above all findings of a kind."""

    heading: str

    def __new__(cls, value: str, heading: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.heading = heading
        return member

    UNSENT = "unsent", "Tours that start soon and are not in the PMS as booked"
    PARKED = "parked", "Tours that need attention"
    PAUSED = "paused", "Paused connections"
    BUDGET = "budget", "Propexo's rate limit is used up"
    SILENT = "silent", "Silent senders"
    UNKNOWN_EVENT = "unknown_event", "Events that a mapping does not know"
    DRIFT = "drift", "Payloads that have changed"
    REFUSED = "refused", "Requests that failed their verification"


@dataclass(frozen=True)
class Finding:
    """One thing that does not go well."""

    kind: FindingKind
    about: str
    """Which tour, source or integration; empty where there is one for all."""
    level: int
    """How bad it is, from 1 on: the alert is repeated only when this grows."""
    lines: tuple[str, ...]
    """Sentences in the words of a leasing office."""
    page: str
    """The path of the console's page about it."""
    over: str | None = None
    """The message when it is over; `None`: no message."""
    state: dict[str, Any] = field(default_factory=dict)
    """What was reported, for the next check."""

    @property
    def key(self) -> str:
        """By which the next look knows it again."""
        return f"{self.kind}:{self.about}"
