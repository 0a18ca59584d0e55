"""Explains the reading of a payload: the origin of each field's value, and the rule that applied.

Everything is asked of the mapping itself: its rules, and `find` and `deserialize` of its fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import marshmallow

from bridge.mapping.actions import When
from bridge.mapping.base import Mapping
from bridge.mapping.details import Fetch, filled
from bridge.mapping.fields import Field, Match, describe
from bridge.mapping.paths import DecodedRequest


@dataclass(frozen=True)
class RejectedValue:
    """A value that the field could not read."""

    path: str
    found: str
    expected: str


@dataclass(frozen=True)
class FieldExplained:
    """What one field of the mapping made of the payload."""

    name: str
    value: Any = None
    """As the booking gets it; `None` where nothing was found or all of it was refused."""
    gave: tuple[str, ...] = ()
    """The path that gave it; several where the value is made of several."""
    empty: tuple[str, ...] = ()
    refused: tuple[RejectedValue, ...] = ()
    unused: tuple[str, ...] = ()
    """Paths that found something which was not needed."""


@dataclass(frozen=True)
class RuleExplained:
    """One rule, and how near it came."""

    rule: When
    event_fits: bool
    where_holds: bool
    decides: bool

    @property
    def came_close(self) -> bool:
        """It names this event, and its `where` does not hold."""
        return bool(self.rule.events) and self.event_fits and not self.where_holds

    def __str__(self) -> str:
        events = " or ".join(self.rule.events) or "any event"
        return f"{events} where {self.rule.condition}" if self.rule.condition else events


@dataclass(frozen=True)
class Question:
    """What would be asked of the sender's API."""

    method: str
    path: str
    into: str
    problem: str | None = None
    """Why it cannot be asked: the payload has no such id."""


@dataclass(frozen=True)
class Explanation:
    """How a mapping reads one event."""

    event: str | None
    root: str
    root_found: bool
    """Where not, no path below it can find anything."""
    rules: tuple[RuleExplained, ...]
    """In their order, up to the one that decides."""
    question: Question | None
    fields: tuple[FieldExplained, ...]

    @property
    def decided(self) -> RuleExplained | None:
        return next((rule for rule in self.rules if rule.decides), None)

    @property
    def close(self) -> list[RuleExplained]:
        """The rules that came close, without having decided."""
        return [rule for rule in self.rules if rule.came_close]


def explain(mapping: Mapping, received: DecodedRequest) -> Explanation:
    """How this mapping reads this event; the request as it is once the sender's API has answered."""
    inner = mapping.inner(received)  # what `translate` reads its fields from
    fetch = mapping.asks_for(received)
    return Explanation(
        mapping.event.read(received),
        mapping.root_expression,
        inner.payload is not None,
        tuple(_rules(mapping, received)),
        _question(fetch, received) if fetch else None,
        tuple(_field(name, field, inner) for name, field in mapping.paths()),
    )


def _rules(mapping: Mapping, received: DecodedRequest) -> list[RuleExplained]:
    event, deciding = mapping.event.read(received), mapping.rule_for(received)
    rules = []
    for rule in mapping.actions:
        event_fits = replace(rule, where=None).applies(event, received)
        where_holds = replace(rule, event=()).applies(event, received)
        rules.append(RuleExplained(rule, event_fits, where_holds, rule is deciding))
        if rule is deciding:
            break
    return rules


def _question(fetch: Fetch, received: DecodedRequest) -> Question:
    try:
        path = filled(fetch.path, fetch.values(received))
    except ValueError as error:
        return Question(fetch.method, fetch.path, fetch.into, str(error))
    return Question(fetch.method, path, fetch.into)


def _field(name: str, field: Field, inner: DecodedRequest) -> FieldExplained:
    found = field.find(inner)
    value, refusal = _read(field, found)
    with_value = {match.path for match in found}
    readings = [(match, *_read(field, [match])) for match in found]
    gave = [reading.path for reading, alone, _ in readings if alone is not None and alone == value][:1]
    if value is not None and not gave:  # it is made of all that was found
        gave = [reading.path for reading, alone, _ in readings if alone is not None]
    refused = [_refused(reading, refusal_of) for reading, _, refusal_of in readings if refusal_of]
    if refusal and not refused:
        refused = [_refused(found[0], refusal)]
    named = {*gave, *(rejected.path for rejected in refused)}
    return FieldExplained(
        name,
        value,
        tuple(gave),
        tuple(path.expression for path in field.paths if path.expression not in with_value),
        tuple(refused),
        tuple(match.path for match in found if match.path not in named),
    )


def _read(field: Field, found: Sequence[Match]) -> tuple[Any, marshmallow.ValidationError | None]:
    if not found:
        return None, None
    try:
        return field.deserialize(list(found)), None
    except marshmallow.ValidationError as refusal:
        return None, refusal


def _refused(match: Match, refusal: marshmallow.ValidationError) -> RejectedValue:
    messages = refusal.messages_dict if isinstance(refusal.messages, dict) else {}
    return RejectedValue(
        match.path,
        _text(messages.get("found")) or describe(match.value),
        _text(messages.get("expected")) or "",
    )


def _text(message: Any) -> str:
    return str(message[0] if isinstance(message, list) else message or "")
