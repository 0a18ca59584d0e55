"""The contract of mapping files, used by `bridge mappings test` and by the tests.

The samples of a mapping are its tests: each event and each rule has one, each gives the booking that is
beside it, each is authentic when the sender signs it and no longer when a bit of it changes, and no two of them
share an id that should be different in each.
"""

import inspect
import json
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from bridge.errors import ConfigurationError, DecodingError
from bridge.inbound.decoding import decode
from bridge.mapping.actions import When
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action
from bridge.mapping.catalogue import MappingFile
from bridge.mapping.details import with_details
from bridge.mapping.flattening import snake
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import Sample, orphans_in
from bridge.mapping_checks.pairs import Seen, check_pairs
from bridge.mapping_checks.preview import Posted, Preview, preview
from bridge.mapping_checks.signatures import signature_problems

LONGEST_SENDER = 60
"""Characters of the sender's name: it heads a column."""


def check(file: MappingFile) -> list[str]:
    """All that is wrong with a mapping and its samples, as sentences; none when it keeps to the contract."""
    mapping = file.schema()
    findings = [*_documentation(file), *_coverage(file, mapping)]
    for sample in file.samples:
        findings += [f"{sample.path.name}: {text}" for text in check_sample(mapping, sample)]
    findings += check_pairs(mapping, _seen(file, mapping))
    findings += [f"{stray.name} belongs to no sample." for stray in orphans_in(file.samples_folder)]
    return findings


def _seen(file: MappingFile, mapping: Mapping) -> Iterator[Seen]:
    for sample in file.samples:
        try:
            yield from (Seen(sample, event) for event in preview(mapping, Posted.of(sample)))
        except ConfigurationError:
            continue  # `check_sample` tells why


def check_sample(mapping: Mapping, sample: Sample) -> Iterator[str]:
    """What is wrong with one sample."""
    try:
        posted = Posted.of(sample)
        events = preview(mapping, posted)
        if not sample.has_booking:
            yield from (error_in_words(error) for event in events for error in event.errors)
        yield from _bookings(events, sample.expected())
    except ConfigurationError as error:
        yield str(error)
        return
    if mapping.signature:
        yield from signature_problems(mapping.signature, posted)


def accept(file: MappingFile) -> list[Path]:
    """Write the booking that each sample gives beside it; the files that changed.

    A sample that cannot be read keeps the existing file: an author must not accept an error unseen.
    """
    mapping, changed = file.schema(), []
    for sample in file.samples:
        text = accepted_text(mapping, sample)
        if text is not None:
            sample.booking.write_text(text, encoding="utf-8")
            changed.append(sample.booking)
    return changed


def accepted_text(mapping: Mapping, sample: Sample) -> str | None:
    """What `accept` writes beside a sample; `None`: the existing content stays. Raises ConfigurationError."""
    events = preview(mapping, Posted.of(sample))
    text = json.dumps(expected_of(events), ensure_ascii=False, indent=2, default=str) + "\n"
    if any(event.errors for event in events) or _is_same(sample.content(sample.booking), text):
        return None
    return text


def _is_same(content: bytes | None, text: str) -> bool:
    """Whether this is the same document, however it is laid out."""
    try:
        return content is not None and bool(json.loads(content) == json.loads(text))
    except ValueError:
        return False


def expected_of(events: list[Preview]) -> Any:
    """What has to stand in `<name>.booking.json`: `{"errors": [...]}` with field names for what is to be parked."""
    bookings = [_expected(event) for event in events]
    return bookings[0] if len(bookings) == 1 else bookings


def _expected(event: Preview) -> Any:
    if event.errors:
        return {"errors": [error["field"] for error in event.errors]}
    if event.action is Action.IGNORE:
        return {"action": event.action, "reason": event.reason}
    return event.as_json()["booking"]


def _documentation(file: MappingFile) -> Iterator[str]:
    text = inspect.cleandoc(file.schema.__doc__ or "")
    first_line = text.partition("\n")[0]
    if not 0 < len(first_line) <= LONGEST_SENDER or "://" in first_line:
        yield f"The first line of its docstring has to be the sender's name, in {LONGEST_SENDER} characters."
    if "https://" not in text and not file.schema.public:
        yield "Its docstring has to link the page (https://...) on which the sender describes the payload."


def _coverage(file: MappingFile, mapping: Mapping) -> Iterator[str]:
    met = [meeting for sample in file.samples for meeting in _meetings(mapping, sample)]
    events = {snake(meeting.event or "") for meeting in met}
    folder = file.samples_folder
    inherited = cast("type[Mapping]", file.schema.__mro__[1]).actions
    own = [rule for rule in mapping.actions if rule not in inherited]  # the others have samples of their own
    if not (met or own):
        yield f"No sample: record one in {folder}."
    for event in dict.fromkeys(event for rule in own for event in rule.events):
        if snake(event) not in events:
            yield f"No sample of the event {event}: record one in {folder}."
    for rule in own:
        if not any(meeting.rule is rule for meeting in met):
            yield f"No sample meets the rule {_in_words(rule)}: record one in {folder}."


@dataclass(frozen=True)
class _Meeting:
    event: str | None
    rule: When | None


def _meetings(mapping: Mapping, sample: Sample) -> Iterator[_Meeting]:
    """Which rule decides about each event of a sample, before and after the sender's API has answered."""
    try:
        posted = Posted.of(sample)
        items = mapping.items(decode(posted.body, posted.headers.get("content-type")))
    except (DecodingError, ConfigurationError):
        return  # `check_sample` tells why
    for item in items:
        bare = DecodedRequest(item, posted.headers, posted.query)
        for received in (bare, with_details(bare, posted.details)):
            yield _Meeting(mapping.event.read(received), mapping.rule_for(received))


def _in_words(rule: When) -> str:
    events = " or ".join(rule.events) or "any event"
    return f"`{events}{f' where {rule.condition}' if rule.condition else ''}`"


def _bookings(events: list[Preview], expected: Any) -> Iterator[str]:
    wanted = expected if isinstance(expected, list) else [expected]
    for event, booking in zip_longest(events, wanted):
        if event and event.errors and not (isinstance(booking, dict) and "errors" in booking):
            yield from (error_in_words(error) for error in event.errors)
    yield from (f"{text}." for text in differences(expected, expected_of(events)))


def error_in_words(error: Dictionary[str, str | None]) -> str:
    """An error of a preview as a sentence."""
    if error["field"] is None:
        return str(error["message"])
    return f"{error['field']}: found {error['found']} at `{error['path']}`, expected {error['expected']}."


def differences(expected: Any, given: Any, at: str = "booking") -> Iterator[str]:
    """Where two documents differ, by path."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for name in [*expected, *(name for name in given if name not in expected)]:
            yield from differences(expected.get(name, "nothing"), given.get(name, "nothing"), f"{at}.{name}")
    elif expected != given:
        yield f"{at} is {given!r}, expected {expected!r}"
