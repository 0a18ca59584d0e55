"""`Mapping`: the marshmallow schema that every mapping file extends."""

import difflib
import inspect
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

import marshmallow
from marshmallow.schema import SchemaMeta

from bridge.errors import FieldError, MappingError
from bridge.mapping.actions import CHOOSES_NONE, Decision, When
from bridge.mapping.authentication import Authentication, Handshake
from bridge.mapping.batches import BatchSplitter
from bridge.mapping.booking import Action, BookingRequest
from bridge.mapping.conversation import CHOSEN_TIME, OfferedTimes, TimesQuestion
from bridge.mapping.corrected import CorrectedFields
from bridge.mapping.details import Api, Fetch
from bridge.mapping.fields import Field, LocalTime, Match, Phone, String, describe
from bridge.mapping.moments import Conventions
from bridge.mapping.paths import DecodedRequest, Expression, Path, Reader
from bridge.mapping.replies import Reply
from bridge.mapping.translation import (
    BOOKING_FIELDS,
    END,
    IDS,
    REFERENCES,
    START,
    Envelope,
    Translation,
    build,
    in_their_fields,
    missing_fields,
    optional_fields,
    person_reference,
    resolve_start,
    unparsed_note,
)

UNKNOWN_EVENT = "this mapping knows no event named {}"
"""Why an event is ignored that no rule knows."""


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
    part of the booking is.
    """

    category: ClassVar[str] = "own software"
    """`scheduler`, `form`, `rental`, `CRM`, `chat`, `automation` or `own software`."""
    maturity: ClassVar[Literal["documented", "inferred"]] = "documented"
    """Whether the vendor documents what is read here, or parts of it are inferred from what was seen."""

    signature: ClassVar[Authentication | None] = None
    """`None` only together with `public`."""
    public: ClassVar[bool] = False
    """A form in a browser: no secret, CORS for the listed origins, and errors are answered per field."""
    handshake: ClassVar[Handshake | None] = None
    """What the sender asks before it sends."""
    tenant: ClassVar[Reader | None] = None
    """The account that an event is of; it must be one of `tenants` of the source, where that lists any."""
    tenant_required: ClassVar[bool] = False
    """The sender signs for all its customers with one key: the source has to list its `tenants`."""

    split: ClassVar[str | None] = None
    """Where a batch carries its events: keys joined by dots, `[]` after a list on the way (`entry[].messages`)."""
    forgets: ClassVar[Sequence[str]] = ()
    """Dotted keys of the body that are never stored, such as a live token of the sender's user."""
    root: ClassVar[Expression] = "@"
    """Where the fields' paths begin (`data || @`), or a function that makes this part of the whole payload."""
    event: ClassVar[Reader]
    """The sender's name of what happened."""
    delivery_id: ClassVar[Reader | None] = None
    """Equal for every delivery of one event. `None`: a hash of the body."""
    repeats: ClassVar[bool] = False
    """The sender gives no id, and the same bytes again are news: each request is an event of its own."""
    coalesce: ClassVar[bool] = False
    """Events say only that a booking changed: of those that wait, the newest speaks for all."""
    changed_by: ClassVar[Reader | None] = None
    """Who made the change; what `ignore_changes_by` of the source lists is ignored, so that nothing goes in circles."""
    actions: ClassVar[Sequence[When]] = ()
    """Rules; the first that applies decides. An event that no rule knows is ignored; see `unknown_event`."""
    has_agent_time_zone: ClassVar[bool] = False
    """A bot's agent puts the offset of its own zone behind times; `agent_time_zone` of the source names that zone."""
    on_request: ClassVar[Literal["book", "hold", "lead_only"]] = "hold"
    """What becomes of a `REQUEST`, unless the source says it."""

    api: ClassVar[Api | None] = None
    """Where the details are that the hook leaves out."""
    details: ClassVar[Sequence[Fetch]] = ()
    """What to ask there, in this order."""

    reply: ClassVar[Reply | None] = None
    """The body of a 200; `None`: the bridge's own JSON."""
    language: ClassVar[Reader | None] = None
    """The language of the person at the other end, such as `es` or `es-MX`; else `reply_language` of the source."""
    day: ClassVar[Reader | None] = None
    """The day (2026-12-03) whose free times are asked for. It begins at `root`, as the fields do."""
    choice: ClassVar[Reader | None] = None
    """The number of the offered time that is chosen, from 1. It begins at `root`, as the fields do."""
    busy_status: ClassVar[int] = 503
    """The answer while nothing can be stored; another one for a sender that tries again only after that."""

    def __init__(self, *, phone_region: str = "US", conventions: Conventions | None = None) -> None:
        super().__init__()
        self._root = Path(inspect.getattr_static(self, "root"))
        self._split = BatchSplitter(self.split) if self.split else None
        for name, field in self.paths():
            if isinstance(field, Phone):
                field.region = phone_region
            elif isinstance(field, LocalTime):
                field.conventions = conventions or Conventions()
                field.is_start = name in START
                field.is_tour_time = name in (*START, *END)
            elif isinstance(field, String):
                field.is_id = name in IDS
                field.is_reference = name in REFERENCES

    @classmethod
    def sender(cls) -> str:
        """The first line of the docstring: the sender's name."""
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
        bodies = payload if isinstance(payload, list) and payload else [payload]
        if self._split is None:
            return bodies
        found = [item for body in bodies for item in self._split.items(body)]
        return found or bodies

    @cached_property
    def read_headers(self) -> frozenset[str]:
        """The headers that this mapping reads, by lower-case names."""
        readers = [self.event, self.delivery_id, self.tenant, self.changed_by, self._root, *self.actions]
        for _, field in self.paths():
            readers += field.paths
        chosen = {CHOSEN_TIME} if any(rule.then.chooses for rule in self.actions) else set()
        return frozenset(chosen).union(*(reader.headers for reader in readers if reader))

    def envelope(self, received: DecodedRequest) -> Envelope:
        """What is needed to store, deduplicate and order an event; never raises."""
        inner, fields = self.inner(received), self._envelope_fields

        def peek(name: str) -> Any:
            field = fields.get(name)
            found = field.find(inner) if field else None
            try:
                return field.choose(found) if field and found else None
            except marshmallow.ValidationError:
                return None

        corrected = CorrectedFields.of(received.headers).values
        email, reference = corrected.get("email", peek("email")), peek("reference")
        if reference is None and self._updates_contacts and self.decide(received).action is Action.REMEMBER:
            contact_id = peek("contact_id")
            reference = person_reference(contact_id) if contact_id else None
        return Envelope(
            event=self.event.read(received),
            delivery_id=self.delivery_id.read(received) if self.delivery_id else None,
            occurred_at=peek("occurred_at"),
            reference=reference,
            previous_reference=peek("previous_reference"),
            email=email,
            phone=None if email else corrected.get("phone", peek("phone")),
        )

    @cached_property
    def _envelope_fields(self) -> dict[str, Field]:
        """The declared fields that `envelope` reads, without marshmallow around them."""
        names = ("email", "phone", "reference", "previous_reference", "contact_id", "occurred_at")
        return {name: field for name, field in self.paths() if name in names}

    @cached_property
    def _updates_contacts(self) -> bool:
        return any(rule.then.action is Action.REMEMBER for rule in self.actions)

    def rule_for(self, received: DecodedRequest) -> When | None:
        """The first rule that applies."""
        return self._rule_for(self.event.read(received), received)

    def _rule_for(self, event: str | None, received: DecodedRequest) -> When | None:
        return next((rule for rule in self.actions if rule.applies(event, received)), None)

    def decide(self, received: DecodedRequest) -> Decision:
        """What that rule says."""
        event = self.event.read(received)
        return self._decide(event, self._rule_for(event, received), received)

    def _decide(self, event: str | None, rule: When | None, received: DecodedRequest) -> Decision:
        if rule:
            is_without_time = rule.then.chooses and CHOSEN_TIME not in received.headers
            return CHOOSES_NONE if is_without_time else rule.then
        return self.unknown_event(event, received) or Decision(
            Action.IGNORE, UNKNOWN_EVENT.format(describe(event)), is_unknown=True
        )

    def unknown_event(self, event: str | None, received: DecodedRequest) -> Decision | None:  # noqa: ARG002 - for subclasses
        """What becomes of an event that no rule knows; `None`: it is ignored."""
        return None

    def question(self, received: DecodedRequest) -> TimesQuestion:
        """What a request says about the times that it asks for or chooses; what cannot be read is left out."""
        inner = self.inner(received)
        found = {name: hits for name, field in self.paths() if (hits := field.find(inner))}
        fields = dict(self.paths())
        values, _ = self._load(found)
        values = in_their_fields(values, found, fields)
        return TimesQuestion(
            property=values.get("property"),
            kind=values.get("kind"),
            starts_at=values.get("starts_at"),
            starts_at_local=values.get("starts_at_local"),
            day=self.day.read(inner) if self.day else None,
            choice=self.choice.read(inner) if self.choice else None,
            language=self.language.read(received) if self.language else None,
        )

    def asks_for(self, received: DecodedRequest) -> Fetch | None:
        """The next question to the sender's API that this event needs an answer to."""
        decision = self.decide(received)
        if decision.held or decision.action not in (Action.BOOK, Action.RESCHEDULE):
            return None
        return next((fetch for fetch in self.details if fetch.applies(received)), None)

    def translate(self, received: DecodedRequest) -> Translation:
        """Read a payload as a booking. Errors are part of the answer; nothing is raised for bad input."""
        event = self.event.read(received)
        rule = self._rule_for(event, received)
        decision = self._decide(event, rule, received)
        delivery_id = self.delivery_id.read(received) if self.delivery_id else None
        if decision.held:
            held = FieldError("event", "event", describe(event), decision.held)
            return Translation(event, delivery_id, decision.action, errors=(held,))
        if event is None and rule is None:
            # Not an event of another kind, which may be ignored: perhaps a tour that lacks one word.
            nameless = FieldError("event", "event", "nothing", "the name of an event that this mapping knows")
            return Translation(event, delivery_id, decision.action, errors=(nameless,))
        if decision.action is Action.IGNORE:
            return Translation(
                event, delivery_id, decision.action, decision.reason, is_unknown=decision.is_unknown
            )
        try:
            booking = self._booking(decision, self.inner(received))
        except MappingError as error:
            return Translation(event, delivery_id, decision.action, errors=tuple(error.errors))
        return Translation(event, delivery_id, decision.action, booking=booking)

    @property
    def root_expression(self) -> str:
        """The path of `root` as text."""
        return self._root.expression

    def inner(self, received: DecodedRequest) -> DecodedRequest:
        """The request as the fields see it: their paths begin at `root`."""
        return received.below(self._root.search(received), is_part=self._root.only_steps)

    def _booking(self, decision: Decision, inner: DecodedRequest) -> BookingRequest:
        fields = dict(self.paths())
        found = {name: hits for name, field in fields.items() if (hits := field.find(inner))}
        values, errors = self._load(found)
        values = in_their_fields(values, found, fields)
        errors = resolve_start(values, errors, fields)
        takes_time = decision.action in (Action.BOOK, Action.RESCHEDULE)
        if takes_time and (chosen := OfferedTimes.from_text(inner.headers.get(CHOSEN_TIME))):
            values, errors = chosen.fill_in(values, errors)
        values, errors = CorrectedFields.of(inner.headers).fill_in(values, errors)
        without = optional_fields(decision)
        unread = {} if self.public else {name: errors.pop(name) for name in without & errors.keys()}
        errors |= missing_fields(decision, values, fields, errors.keys(), unread)
        if errors:
            raise MappingError([*errors.values()])
        remarks = [unparsed_note(name, fields[name], found[name]) for name in sorted(unread.keys() & found)]
        return build(decision, values, remarks)

    def _load(self, found: dict[str, list[Match]]) -> tuple[dict[str, Any], dict[str, FieldError]]:
        try:
            return cast("dict[str, Any]", self.load(found)), {}
        except marshmallow.ValidationError as error:
            messages = cast("dict[str, Any]", error.messages)
            fields = dict(self.paths())
            errors = {name: _field_error(name, fields[name], messages) for name, messages in messages.items()}
            return cast("dict[str, Any]", error.valid_data), errors


def _field_error(name: str, field: Field, message: Any) -> FieldError:
    if isinstance(message, dict):
        return FieldError(name, field.where, _first_text(message["found"]), _first_text(message["expected"]))
    return FieldError(name, field.where, "nothing", field.expected)


def _first_text(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)
