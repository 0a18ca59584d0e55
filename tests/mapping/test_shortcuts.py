"""What is read at once where it looks plain is read as the whole parser reads it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from effort import examples
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.errors import DecodingError
from bridge.mapping import absent, documents
from bridge.mapping.fields import people
from bridge.mapping.moments import Conventions, Moment, MomentError, reading

# JSON: orjson, and the standard library for what it refuses.


def outcome(text: str) -> Any:
    try:
        return repr(documents.read_json(text))
    except (ValueError, DecodingError) as error:
        return str(error)


def standard(text: str) -> Any:
    """As `outcome`, without orjson."""
    try:
        return repr(documents._DECODER.decode(text))
    except RecursionError:
        return documents.too_deep().message
    except (ValueError, DecodingError) as error:
        return str(error)


NUMBERS = [
    "0", "-0", "-0.0", "1.0", "1E5", "1e-7", "0.1", "123456789012345678", "-999999999999999999", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" * 40, "1" * 41,
    "1e308", "1e309", "-1e400", "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "5.", "1e", "2.2250738585072011e-308",
    "5e-324", "1e-400", "0.30000000000000004", "1.7976931348623157e308", "8.41", "1e22", "1e23", "0x10", "1_000",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers(number: str) -> None:
    for text in (number, f"[{number}]", f'{{"a": {number}, "b": 1}}'):
        assert outcome(text) == standard(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": 2, "a": 3}',
        '{"a": {"x": 1}, "a": {"y": 2}}',
        '"line\nbreak"', '"tab\there"', '"\x00"', r'"\u0000"', r'"\ud83d"', r'"\ude00\ud83d"', r'"\ud83d\ude00"',
        '"\ud800"',
        r'"\x"', "'a'", "", " ", "\ufeff1", "[1,]", '{"a":1,}', "[1] x", "\xa01", "\u20281", "\x0b1", " \t\r\n1\n",
        "nul", "True",
        "[" * 99 + "]" * 99, "[" * 101 + "]" * 101, "[" * 400 + "]" * 400, "[" * 1025 + "]" * 1025,
        "[" * 200_000, '{"a":' * 50_000,
    ],
)  # fmt: skip
def test_texts(text: str) -> None:
    assert outcome(text) == standard(text)


def test_too_many_values_are_refused_before_they_are_read() -> None:
    with pytest.raises(DecodingError, match="60000 values"):
        documents.read_json("[" + "1," * 60_001 + "1]")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES, ascii_only=st.booleans())
def test_any_document(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert outcome(text) == standard(text)


@given(text=st.text(alphabet='{}[]":,\\/ \n\ru0dD8-+.eE19tfn', max_size=30))
def test_any_text_of_its_signs(text: str) -> None:
    assert outcome(text) == standard(text)


# E-mail addresses: one pattern, and the validator for all others.


def validated(text: str) -> str | None:
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower()


LABELS = st.from_regex(r"[A-Za-z0-9-]{1,12}", fullmatch=True)
ADDRESSES = st.builds(
    lambda local, labels, last: f"{local}@{'.'.join([*labels, last])}",
    st.from_regex(r"[A-Za-z0-9._+'-]{1,66}", fullmatch=True),
    st.lists(LABELS | st.just("xn--bcher-kva") | st.just("a" * 64), min_size=0, max_size=12),
    st.sampled_from(
        ["com", "test", "invalid", "local", "onion", "arpa", "localhost", "c0m", "x", "museum", "COM"]
    )
    | LABELS,
)


@settings(max_examples=examples(1000))
@given(text=ADDRESSES)
@example("maya@example.com")
@example("Maya.O+tour@Example.COM")
@example("a@b--c.com")
@example("a@example.invalid")
@example("a@example.com\n")
def test_a_plain_address_is_one_for_the_validator(text: str) -> None:
    if people._PLAIN_ADDRESS.fullmatch(text):
        assert validated(text) == text.lower()


@pytest.mark.parametrize(
    "text", ["maya@example.com", "Maya.O+tour@mail.example.co.uk", "renter-1-2@example.com"]
)
def test_what_most_write_is_plain(text: str) -> None:
    assert people._PLAIN_ADDRESS.fullmatch(text)


# Moments: RFC 3339, and the parser of dates for all else.


def parsed(text: str) -> Moment | str:
    """What `read` gives without the shortcut."""
    try:
        return reading.read(f" {text}", Conventions())
    except (MomentError, ValueError) as error:
        return type(error).__name__


MOMENTS = st.builds(
    lambda wall, minutes, digits: wall.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat(
        timespec=digits
    ),
    st.datetimes(datetime(1950, 1, 1), datetime(2250, 1, 1)),  # noqa: DTZ001 - the zone follows
    st.integers(-15 * 60, 15 * 60) | st.sampled_from([-300, -360, 0, 120]),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)


@settings(max_examples=examples(500))
@given(text=MOMENTS)
@example("2026-12-03T10:30:00Z")
@example("2026-12-03T10:30:00-11:00")
@example("2026-12-03T10:30:00-00:00")
@example("2026-12-03T00:00:00+05:00")
@example("2026-02-30T10:30:00Z")
@example("2026-12-03T24:00:00Z")
@example("2026-12-03T10:30:60Z")
@example("1970-01-01T00:30:00+10:00")
def test_an_instant_is_what_the_parser_reads(text: str) -> None:
    if instant := reading._instant(text):
        assert instant == parsed(text)
        assert instant.start.tzinfo is UTC


def test_what_programs_write_is_read_at_once() -> None:
    for text in ("2026-12-03T10:30:00Z", "2026-12-03T10:30:00.000Z", "2026-12-03T10:30:00.123456-06:00"):
        assert reading._instant(text) is not None


# Absent values.


@given(text=st.text(alphabet="{}$%@#<>*|[]() \tunNdefilaO_-.:/0\u2013", max_size=14) | st.text(max_size=6))
@example("undefined")
@example(" \u00a0{{name}}")
@example("\u2003null")
def test_the_first_character_is_looked_at_first(text: str) -> None:
    is_unset = not text.strip() or bool(absent._UNSET.fullmatch(text))
    is_absent = is_unset or bool(absent._NO_ANSWER.fullmatch(text))
    assert absent.is_unset(text) == is_unset
    assert absent.is_absent(text) == is_absent
    assert absent.is_no_value(text) == (is_absent or bool(absent._ZERO.fullmatch(text)))
    cleaned = None if text.strip() and is_unset and text.strip().casefold() != "none" else text
    assert absent.without_unset(text) == cleaned
    assert absent.without_unset([text, {"a": text}, 1]) == [cleaned, {"a": cleaned}, 1]
