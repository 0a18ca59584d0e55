"""The types of the values that senders give. Each field of a mapping is one of these, with a `path`.

`path` is one JMESPath expression or a list of them: the first that finds something wins. A field that is
`required` and finds nothing, or finds something of another kind, becomes an error that names the path, what
was found and what was expected.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any, ClassVar

import dateutil.parser
import marshmallow
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from nameparser import HumanName

from bridge.mapping.paths import Path, as_text, digest, is_absent

EPOCH_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie after the year 5138."""

YEARS = range(1970, 2200)
"""What a sender's clock or a tour can show; also far from the ends of the calendar, where arithmetic overflows."""

LONGEST_NAME, LONGEST_TIME = 200, 60
"""Characters. Their parsers are slow on long text, and a public form takes anything."""


@dataclass(frozen=True)
class Found:
    """What stands at one of a field's paths."""

    path: str
    value: Any


class Field(marshmallow.fields.Field[Any]):
    """A value at a path. Subclasses say in `expected` what they take and turn it into ours with `convert`."""

    expected: ClassVar[str] = "a value"

    def __init__(self, *, path: str | Sequence[str], required: bool = False) -> None:
        super().__init__(required=required, load_default=marshmallow.missing if required else None)
        self.paths = tuple(Path(one) for one in ([path] if isinstance(path, str) else path))
        if not self.paths:
            raise ValueError("a field needs at least one path")

    @property
    def where(self) -> str:
        """The paths as text, for an error."""
        return " | ".join(path.expression for path in self.paths)

    def find(self, payload: Any) -> list[Found]:
        """All that stands at the paths, in their order; absent values left out."""
        searched = ((path.expression, path.search(payload)) for path in self.paths)
        return [Found(expression, value) for expression, value in searched if value is not None]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        found: list[Found] = value
        return self.choose(found)

    def choose(self, found: list[Found]) -> Any:
        """The value made of what was found; the first of the candidates unless a subclass knows better."""
        return self.convert(found[0].value)

    def convert(self, value: Any) -> Any:
        return value

    def refuse(self, value: Any, hint: str = "") -> marshmallow.ValidationError:
        """The error for a value of another kind."""
        return marshmallow.ValidationError({"found": describe(value), "expected": hint or self.expected})


def describe(value: Any) -> str:
    """A value in an error message: short, and in quotes where it is text."""
    text = repr(value) if isinstance(value, str) else as_text(value) or "nothing"
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - one line of a terminal


class String(Field):
    """Text; a number is taken as its digits."""

    expected = "text"

    def convert(self, value: Any) -> str:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        return as_text(value) or ""


class Name(String):
    """A part of a person's name, without invisible characters and with single spaces."""

    expected = f"a name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> str:
        text = super().convert(value)
        if len(text) > LONGEST_NAME:
            raise self.refuse(value)
        kept = (" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
        return " ".join("".join(kept).split())


class PersonName(Name):
    """A full name, split into first and last name: `{"first": ..., "last": ...}`.

    One word alone is the first name. Titles and suffixes are left out.
    """

    expected = f"a person's name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> Any:
        text = super().convert(value).strip(" ,")
        if " " not in text:
            return {"first": text or None, "last": None}
        name = HumanName(text)
        if not (name.first or name.last):
            return {"first": text, "last": None}
        return {"first": name.first or None, "last": name.last or None}


class Email(Field):
    """An e-mail address, in lower case. Deliverability is not checked: no look-up happens here."""

    expected = "an e-mail address such as maya@example.com"

    def convert(self, value: Any) -> str:
        text = (as_text(value) or "").removeprefix("mailto:").strip("<> ")
        try:
            validated = validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise self.refuse(value) from error
        return validated.normalized.lower()


E164 = phonenumbers.PhoneNumberFormat.E164
LONGEST_SENTENCE = 300
"""Characters that are searched for a phone number."""


class Phone(Field):
    """A phone number in E.164, read in the source's `phone_region` where it has no country code.

    The first candidate that is a possible number wins, also of a list of them: an answer such as "call me"
    hides no number after it. A number inside a sentence is found ("call 512-555-0142 after five").
    """

    expected = "a phone number such as +1 512-555-0142"
    region: str = "US"

    def choose(self, found: list[Found]) -> str:
        values = [one.value if isinstance(one.value, list) else [one.value] for one in found]
        texts = [as_text(value) or "" for value in itertools.chain.from_iterable(values)]
        numbers = itertools.chain(map(self._parse, texts), map(self._find, texts))
        number = next(filter(None, numbers), None)
        if number is None:
            raise self.refuse(found[0].value)
        return number

    def _find(self, text: str) -> str | None:
        matches = phonenumbers.PhoneNumberMatcher(text[:LONGEST_SENTENCE], self.region)
        return next((phonenumbers.format_number(one.number, E164) for one in matches), None)

    def _parse(self, text: str) -> str | None:
        try:
            number = phonenumbers.parse(text.removeprefix("whatsapp:").removeprefix("tel:"), self.region)
        except phonenumbers.NumberParseException:
            return None
        # Not "possible, but only locally": seven digits without an area code.
        possible = phonenumbers.is_possible_number_with_reason(number)
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        return phonenumbers.format_number(number, E164)


class Integer(Field):
    """A whole number above zero."""

    expected = "a whole number above 0"

    def convert(self, value: Any) -> int:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        try:
            number = float(as_text(value) or "")
        except ValueError as error:
            raise self.refuse(value) from error
        if not number.is_integer() or not 0 < number < 1_000_000:  # noqa: PLR2004 - far above any tour, below any overflow
            raise self.refuse(value)
        return int(number)


class Instant(Field):
    """A moment: ISO 8601 with `Z` or an offset, or seconds or milliseconds since 1970. Aware, in UTC."""

    expected = "a date and time with its offset, such as 2026-12-03T16:00:00Z"

    def convert(self, value: Any) -> datetime:
        try:
            moment = self._parse(value)
        except (ValueError, OverflowError, OSError) as error:
            raise self.refuse(value) from error
        if moment.tzinfo is None or moment.year not in YEARS:
            raise self.refuse(value)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise self.refuse(value) from error

    def _parse(self, value: Any) -> datetime:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        text = as_text(value) or ""
        if text.isascii() and text.isdigit() and len(text) >= 9:  # noqa: PLR2004 - seconds since 1973
            number = int(text)
            return datetime.fromtimestamp(number / 1000 if number >= EPOCH_MILLISECONDS_FROM else number, UTC)
        return datetime.fromisoformat(text.upper())


class LocalTime(Field):
    """Wall time at the property: one text, or a date and a time in two fields. Naive.

    `path` finds text with both; `date` and `time` are the paths of the two parts. Takes ISO 8601 and the
    spellings of forms (`12/03/2026`, `Dec 3, 2026`, `10:30 AM`); month before day, as in the United States.
    """

    expected = "a date and a time, such as 2026-12-03 10:30"

    def __init__(
        self, *, path: str | Sequence[str] = (), date: str = "", time: str = "", required: bool = False
    ) -> None:
        whole = [path] if isinstance(path, str) else list(path)
        super().__init__(path=[*whole, *([f"[{date}, {time}]"] if date else [])], required=required)
        self._parts = (date, time)

    @property
    def where(self) -> str:
        whole = [path.expression for path in self.paths if path.expression != "[{}, {}]".format(*self._parts)]
        return " | ".join([*whole, *(part for part in self._parts if part)])

    def find(self, payload: Any) -> list[Found]:
        return [found for found in super().find(payload) if not _all_absent(found.value)]

    def convert(self, value: Any) -> datetime:
        parts = value if isinstance(value, list) else [value]
        text = " ".join(as_text(part) or "" for part in parts).strip()
        if len(text) > LONGEST_TIME:
            raise self.refuse(text)
        # What is missing is filled from a default: two defaults that give different results tell it.
        try:
            one, other = (dateutil.parser.parse(text, default=day, tzinfos=_any_zone) for day in _DEFAULTS)
        except (ValueError, OverflowError) as error:
            raise self.refuse(text) from error
        if one != other or one.tzinfo is not None or one.year not in YEARS:
            raise self.refuse(text)
        return one


_DEFAULTS = (datetime(2000, 1, 1, 3), datetime(2011, 12, 28, 4))  # noqa: DTZ001 - wall time has no zone


def _any_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """A text that names a zone is no wall time, whichever it is."""
    return None if name is None and offset is None else UTC


def _all_absent(value: Any) -> bool:
    return isinstance(value, list) and all(is_absent(part) for part in value)


class Choice(Field):
    """One of a sender's words, translated by a table. A word that the table does not have counts as absent.

    Keys are compared without regard to case; a key ending in `*` matches what begins with it.
    """

    def __init__(
        self, *, path: str | Sequence[str], table: Mapping[str, Enum], required: bool = False
    ) -> None:
        super().__init__(path=path, required=required)
        self.table = {word.casefold(): meaning for word, meaning in table.items()}

    def choose(self, found: list[Found]) -> Enum | None:
        meanings = (self._meaning((as_text(candidate.value) or "").casefold()) for candidate in found)
        return next((meaning for meaning in meanings if meaning), None)

    def _meaning(self, word: str) -> Enum | None:
        for key, meaning in self.table.items():
            if word == key or (key.endswith("*") and word.startswith(key[:-1])):
                return meaning
        return None


class Lines(Field):
    """Text of several lines, made of all that its paths find. A pair becomes `label: value`."""

    expected = "text or a list of texts"

    def choose(self, found: list[Found]) -> str | None:
        lines = [line for candidate in found for line in self._lines(candidate.value)]
        return "\n".join(dict.fromkeys(lines)) or None

    def _lines(self, value: Any) -> list[str]:
        items = value if isinstance(value, list) else [value]
        lines = (
            self._pair(*item) if _is_pair(item) else as_text(item) for item in items if not is_absent(item)
        )
        return [line for line in lines if line]

    def _pair(self, label: Any, value: Any) -> str | None:
        if is_absent(value) or is_absent(label):
            return None if is_absent(value) else as_text(value)
        return f"{(as_text(label) or '').rstrip(': ')}: {as_text(value)}"


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2  # noqa: PLR2004 - label and value


class Fingerprint(Field):
    """An id made of all values at its paths, for senders that give none: the same values, the same id."""

    expected = "at least one value"

    def choose(self, found: list[Found]) -> str:
        return digest([[item.path, item.value] for item in found])


def minutes_between(start: datetime, end: datetime) -> int | None:
    """The length of a tour in whole minutes; `None` where the end is not after the start."""
    minutes = round((end - start) / timedelta(minutes=1))
    return minutes if minutes > 0 else None
