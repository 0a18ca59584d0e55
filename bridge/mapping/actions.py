"""The rules by which a mapping decides what an event asks for."""

from dataclasses import dataclass, field

from bridge.mapping.booking import Action
from bridge.mapping.event_words import Meaning, meaning
from bridge.mapping.flattening import snake
from bridge.mapping.paths import DecodedRequest, Expression, Path


@dataclass(frozen=True)
class Decision:
    """What to do with an event and, where nothing is forwarded, why."""

    action: Action
    reason: str | None = None
    requested: bool = False
    """Whether the booking is tentative, that is not confirmed yet; `on_request` of the source says what to do."""
    held: str | None = None
    """Why an operator has to check the event: what was expected instead."""
    is_unknown: bool = False
    """Whether it is ignored because no rule knows the event."""
    asks_times: bool = False
    """Whether the renter asks for free times: nothing is forwarded, the answer lists them."""
    chooses: bool = False
    """Whether it names one of the times that were offered, by its number."""


BOOK = Decision(Action.BOOK)
REQUEST = Decision(Action.BOOK, requested=True)
RESCHEDULE = Decision(Action.RESCHEDULE)
"""Also for a sender that only says "changed": compared with what is written, the same start is no move."""
CANCEL = Decision(Action.CANCEL)
NO_SHOW = Decision(Action.NO_SHOW)
REMEMBER = Decision(Action.REMEMBER)
ASK_TIMES = Decision(Action.IGNORE, "the renter asks for free times", asks_times=True)
"""The answer to the request lists free times, where the mapping has a `reply`."""
CHOOSE_TIME = Decision(Action.BOOK, chooses=True)
"""Books the offered time whose number `choice` of the mapping reads."""
CHOOSES_NONE = Decision(Action.IGNORE, "the number is that of no free time that was offered", chooses=True)


def IGNORE(reason: str) -> Decision:  # noqa: N802 - reads as one of the actions in a rule list
    """Nothing to forward; `reason` is kept with the event."""
    return Decision(Action.IGNORE, reason)


def HOLD(expected: str) -> Decision:  # noqa: N802 - as IGNORE
    """Nothing to forward before an operator has looked; `expected` says what the sender should send instead."""
    return Decision(Action.BOOK, held=expected)


@dataclass(frozen=True, kw_only=True)
class When:
    """One rule. `event` names one event or several, `means` is what the event's words ask for, `where` is a path as a
    condition; all that are given must hold.

    A name fits in any spelling: `tour.booked` is also `tour_booked` and `Tour booked`.
    """

    event: str | tuple[str, ...] = ()
    means: Meaning | None = None
    """For names that customers choose: `cancel` also holds for `Tour cancelled` and `cancel_appointment`."""
    where: Expression | None = None
    then: Decision
    _condition: Path | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if self.where:
            object.__setattr__(self, "_condition", Path(self.where))

    @property
    def events(self) -> tuple[str, ...]:
        """The event names that it applies to; none means all."""
        return (self.event,) if isinstance(self.event, str) else self.event

    @property
    def condition(self) -> str | None:
        """The condition as text."""
        return self._condition.expression if self._condition else None

    @property
    def headers(self) -> frozenset[str]:
        """The headers that the condition reads."""
        return self._condition.headers if self._condition else frozenset()

    def applies(self, event: str | None, received: DecodedRequest) -> bool:
        if self.events and snake(event or "") not in map(snake, self.events):
            return False
        if self.means and meaning(event) != self.means:
            return False
        return self._condition is None or bool(self._condition.search(received))
