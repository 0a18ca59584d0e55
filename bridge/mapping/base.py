"""`Mapping`: the marshmallow schema that every mapping file extends."""

import difflib
import inspect
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, cast

import marshmallow
from marshmallow.schema import SchemaMeta

from bridge.errors import FieldError, MappingError
from bridge.mapping.actions import Decision, When
from bridge.mapping.booking import Action, Booking, Contact
from bridge.mapping.fields import Field, Found, Phone, describe, minutes_between
from bridge.mapping.paths import Path, Reader, Received

SUFFICIENT_WITHOUT = frozenset(
    {
        "email", "phone", "first_name", "last_name", "full_name", "ends_at", "duration_minutes", "occurred_at",
        "title", "notes", "agent", "lead_source",
    }
)  # fmt: skip
"""Fields whose unreadable value does not cost the tour: it goes out without, and the notes say what stood there.

A cancel needs only the reference: the booking that it names knows the rest.
"""

_NAMES = (
    frozenset(Booking.__dataclass_fields__)
    | frozenset(Contact.__dataclass_fields__)
    | {"full_name", "ends_at"}
)
BOOKING_FIELDS = _NAMES - {"action", "contact"}
"""What a mapping may declare."""


class Authentication(Protocol):
    """How a sender proves who it is; `bridge.inbound.signatures` has the schemes."""

    def check_secrets(self, secrets: Sequence[str]) -> list[str]: ...

    def verify(
        self, request: Any, secrets: Sequence[str], now: datetime, tolerance: int | None = None
    ) -> None: ...

    def sign(
        self, request: Any, secret: str, now: datetime, delivery_id: str | None = None
    ) -> dict[str, str]: ...

    @property
    def header_names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Envelope:
    """What the door reads of an event, without judging the rest. All of it may be absent."""

    event: str | None = None
    delivery_id: str | None = None
    occurred_at: datetime | None = None
    reference: str | None = None
    previous_reference: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Translation:
    """What a payload means."""

    event: str | None
    delivery_id: str | None
    action: Action
    reason: str | None = None
    """Why nothing is forwarded, when `action` is ignore."""
    booking: Booking | None = None
    errors: tuple[FieldError, ...] = ()


class _Declaration(SchemaMeta):
    """Checks a mapping file when it is imported. `__init_subclass__` would run before marshmallow knows the fields."""

    def __init__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> None:  # noqa: N805 - a metaclass
        super().__init__(name, bases, attributes)  # type: ignore[no-untyped-call]
        for field_name, field in cls._declared_fields.items():
            if field_name not in BOOKING_FIELDS:
                close = difflib.get_close_matches(field_name, BOOKING_FIELDS, n=1)
                hint = (
                    f"; did you mean `{close[0]}`?"
                    if close
                    else f"; there are {', '.join(sorted(BOOKING_FIELDS))}"
                )
                raise TypeError(f"{name}: a booking has no field `{field_name}`{hint}")
            if not isinstance(field, Field):
                raise TypeError(
                    f"{name}.{field_name}: take the field from `bridge.mapping.fields`; it needs a `path`"
                )


class Mapping(marshmallow.Schema, metaclass=_Declaration):
    """How one sender authenticates and what its payload means.

    A mapping file declares one subclass: its docstring begins with the sender's name and links the vendor's
    payload page, class attributes describe the request, and fields (`bridge.mapping.fields`) say where each
    part of the booking stands.
    """

    signature: ClassVar[Authentication | None] = None
    """`None` only together with `public`."""
    public: ClassVar[bool] = False
    """A form in a browser: no secret, CORS for the listed origins, and errors are answered per field."""
    event: ClassVar[Reader]
    """The sender's name of what happened."""
    delivery_id: ClassVar[Reader | None] = None
    """Equal for every delivery of one event. `None`: a hash of the body."""
    actions: ClassVar[Sequence[When]] = ()
    """Rules; the first that applies decides. An event that no rule knows is ignored."""
    split: ClassVar[str | None] = None
    """Path of the list in which a batch carries its events. A body that is a list is a batch anyway."""
    root: ClassVar[str] = "@"
    """Where the fields' paths begin (`data || @`)."""

    def __init__(self, *, phone_region: str = "US") -> None:
        super().__init__()
        self._root = Path(self.root)
        self._split = Path(self.split) if self.split else None
        for _, field in self.paths():
            if isinstance(field, Phone):
                field.region = phone_region

    @classmethod
    def sender(cls) -> str:
        """The first line of the docstring: the sender's name in words."""
        return inspect.cleandoc(cls.__doc__ or cls.__name__).splitlines()[0]

    @classmethod
    def event_names(cls) -> list[str]:
        """Every event that a rule names; each has a sample."""
        return list(dict.fromkeys(event for rule in cls.actions for event in rule.events))

    def paths(self) -> Iterator[tuple[str, Field]]:
        """The declared fields."""
        for name, field in self.fields.items():
            yield name, cast("Field", field)

    def where(self, name: str) -> str:
        """The paths of a field as text; its own name where the mapping does not declare it."""
        field = dict(self.paths()).get(name)
        return field.where if field else name

    def items(self, payload: Any) -> list[Any]:
        """The events of a request body: one, unless it is a batch."""
        found = self._split.search(payload) if self._split else None
        if isinstance(found, list):
            return found
        return payload if isinstance(payload, list) and payload else [payload]

    def envelope(self, received: Received) -> Envelope:
        """What is needed to store, deduplicate and order an event; never raises."""
        root = self._root.search(received.payload)

        def peek(name: str) -> Any:
            field = cast("Field | None", self.fields.get(name))
            found = field.find(root) if field else []
            try:
                return field.deserialize(found) if field and found else None
            except marshmallow.ValidationError:
                return None

        return Envelope(
            event=self.event.read(received),
            delivery_id=self.delivery_id.read(received) if self.delivery_id else None,
            occurred_at=peek("occurred_at"),
            reference=peek("reference"),
            previous_reference=peek("previous_reference"),
            email=peek("email"),
            phone=peek("phone"),
        )

    def rule_for(self, received: Received) -> When | None:
        """The first rule that applies."""
        event = self.event.read(received)
        return next((rule for rule in self.actions if rule.applies(event, received)), None)

    def decide(self, received: Received) -> Decision:
        """What that rule says."""
        rule = self.rule_for(received)
        if rule:
            return rule.then
        told = describe(self.event.read(received))
        return Decision(Action.IGNORE, f"this mapping knows no event named {told}")

    def translate(self, received: Received) -> Translation:
        """Read a payload as a booking. Errors are part of the answer; nothing is raised for bad input."""
        decision = self.decide(received)
        event = self.event.read(received)
        delivery_id = self.delivery_id.read(received) if self.delivery_id else None
        if event is None and self.rule_for(received) is None:
            # Not an event of another kind, which may be ignored: perhaps a tour that lacks one word.
            nameless = FieldError("event", "event", "nothing", "the name of an event that this mapping knows")
            return Translation(event, delivery_id, decision.action, errors=(nameless,))
        if decision.action is Action.IGNORE:
            return Translation(event, delivery_id, decision.action, decision.reason)
        try:
            booking = self._booking(decision.action, self._root.search(received.payload))
        except MappingError as error:
            return Translation(event, delivery_id, decision.action, errors=tuple(error.errors))
        return Translation(event, delivery_id, decision.action, booking=booking)

    def _booking(self, action: Action, root: Any) -> Booking:
        found = {name: hits for name, field in self.paths() if (hits := field.find(root))}
        values, errors = self._load(found)
        without = BOOKING_FIELDS - {"reference"} if action is Action.CANCEL else SUFFICIENT_WITHOUT
        unread = {} if self.public else {name: errors.pop(name) for name in without & errors.keys()}
        errors |= _missing_for(action, values, dict(self.paths()), errors.keys(), unread)
        if errors:
            raise MappingError([*errors.values()])
        return build(action, values, [_as_given(name, found) for name in sorted(unread.keys() & found)])

    def _load(self, found: dict[str, list[Found]]) -> tuple[dict[str, Any], dict[str, FieldError]]:
        try:
            return cast("dict[str, Any]", self.load(found)), {}
        except marshmallow.ValidationError as error:
            messages = cast("dict[str, Any]", error.messages)
            fields = dict(self.paths())
            errors = {name: _field_error(name, fields[name], told) for name, told in messages.items()}
            return cast("dict[str, Any]", error.valid_data), errors


def _field_error(name: str, field: Field, told: Any) -> FieldError:
    if isinstance(told, dict):
        return FieldError(name, field.where, _one(told["found"]), _one(told["expected"]))
    return FieldError(name, field.where, "nothing", field.expected)


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


def _as_given(name: str, found: Dictionary[str, list[Found]]) -> str:
    return f"{name.replace('_', ' ').capitalize()} as given: {describe(found[name][0].value)}"


def build(action: Action, values: Dictionary[str, Any], remarks: Sequence[str] = ()) -> Booking:
    """A Booking from loaded fields: names split, the length computed, remarks appended to the notes."""
    full = values.get("full_name") or {}
    first, last = values.get("first_name") or None, values.get("last_name") or None
    if not (first and last):
        # A sender that fills only one of the two often puts the whole name into `full_name` as well.
        first, last = (first or full.get("first")), (last or full.get("last"))
    contact = Contact(first, last, values.get("email"), values.get("phone"))
    start, end = values.get("starts_at"), values.get("ends_at")
    minutes = values.get("duration_minutes") or (minutes_between(start, end) if start and end else None)
    notes = "\n".join(line for line in [values.get("notes"), *remarks] if line) or None
    plain: dict[str, Any] = {
        name: values.get(name) for name in BOOKING_FIELDS & Booking.__dataclass_fields__.keys()
    }
    return Booking(
        **{**plain, "action": action, "contact": contact, "duration_minutes": minutes, "notes": notes}
    )


def _missing_for(
    action: Action,
    values: Dictionary[str, Any],
    fields: Dictionary[str, Field],
    wrong: Collection[str],
    unread: Dictionary[str, FieldError],
) -> dict[str, FieldError]:
    """What this action cannot do without and the payload does not have; what is there and `wrong` is not missing."""
    errors: dict[str, FieldError] = {}
    given = {name for name, value in values.items() if value} | set(wrong)
    start = ("starts_at", "starts_at_local")
    if action in (Action.BOOK, Action.RESCHEDULE) and given.isdisjoint(start):
        errors["starts_at"] = _nothing("starts_at", start, fields, "the start of the tour")
    if action is Action.BOOK and given.isdisjoint(("email", "phone", "lead_id")):
        known = [unread[name] for name in ("email", "phone") if name in unread]
        expected = "an e-mail address or a phone number"
        errors["contact"] = _nothing("contact", ("email", "phone"), fields, expected)
        errors.update({error.field: error for error in known})
    return errors


def _nothing(
    name: str, candidates: Sequence[str], fields: Dictionary[str, Field], expected: str
) -> FieldError:
    where = " | ".join(fields[candidate].where for candidate in candidates if candidate in fields)
    return FieldError(name, where or "no path of this mapping", "nothing", expected)
