"""The rules by which a mapping decides what an event asks for."""

from dataclasses import dataclass, field

from bridge.mapping.booking import Action
from bridge.mapping.paths import Path, Received


@dataclass(frozen=True)
class Decision:
    """What to do with an event and, where nothing is forwarded, why."""

    action: Action
    reason: str | None = None


BOOK = Decision(Action.BOOK)
RESCHEDULE = Decision(Action.RESCHEDULE)
CANCEL = Decision(Action.CANCEL)


def IGNORE(reason: str) -> Decision:  # noqa: N802 - reads as one of the four actions in a rule list
    """Nothing to forward; `reason` is kept with the event."""
    return Decision(Action.IGNORE, reason)


@dataclass(frozen=True, kw_only=True)
class When:
    """One rule. `event` names one event or several, `where` is a JMESPath condition; both must hold."""

    event: str | tuple[str, ...] = ()
    where: str | None = None
    then: Decision
    _condition: Path | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if self.where:
            object.__setattr__(self, "_condition", Path(self.where))

    @property
    def events(self) -> tuple[str, ...]:
        """The event names that it applies to; none means all."""
        return (self.event,) if isinstance(self.event, str) else self.event

    def applies(self, event: str | None, received: Received) -> bool:
        if self.events and event not in self.events:
            return False
        return self._condition is None or bool(self._condition.search(received.payload))
