"""What every mapping must keep to; `bridge mappings test` and the tests ask it.

The samples of a mapping are its tests: each event and each rule has one, each gives the booking that stands
beside it, and each is authentic when the sender signs it and no longer when a bit of it changes.
"""

import inspect
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.errors import ConfigurationError, DecodingError, NotAuthentic
from bridge.forwarding.preview import Preview, preview
from bridge.inbound.decoding import decode
from bridge.inbound.signatures import Request, Signature
from bridge.mapping.actions import When
from bridge.mapping.base import Authentication, Mapping
from bridge.mapping.booking import Action
from bridge.mapping.catalogue import MappingFile
from bridge.mapping.paths import Received
from bridge.mapping.samples import Sample, strays_in

LONGEST_SENDER = 60
"""Characters of the sender's name: it heads a column."""
SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "user:password")
"""Invented secrets, of which each scheme takes one."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def check(file: MappingFile) -> list[str]:
    """All that is wrong with a mapping and its samples, as sentences; none when it keeps to the contract."""
    mapping = file.schema()
    findings = [*_documentation(file), *_coverage(file, mapping)]
    for sample in file.samples:
        findings += [f"{sample.path.name}: {told}" for told in check_sample(mapping, sample)]
    findings += [f"{stray.name} belongs to no sample." for stray in strays_in(file.samples_folder)]
    return findings


def check_sample(mapping: Mapping, sample: Sample) -> Iterator[str]:
    """What is wrong with one sample."""
    try:
        headers = sample.headers
        yield from _bookings(preview(mapping, sample.body, headers), sample.expected())
    except ConfigurationError as error:
        yield str(error)
        return
    if mapping.signature:
        yield from _authenticity(mapping.signature, sample.body, headers)


def signed_headers(signature: Authentication, request: Request, secret: str, now: datetime) -> dict[str, str]:
    """The headers with which the sender would post a request; a delivery id that it has already is kept."""
    id_header = signature.id_header if isinstance(signature, Signature) else None
    delivery_id = request.headers.get(id_header.lower()) if id_header else None
    proof = signature.sign(request, secret, now, delivery_id)
    return {**request.headers, **{name.lower(): text for name, text in proof.items()}}


def expected_of(events: list[Preview]) -> Any:
    """What has to stand in `<name>.booking.json`."""
    bookings = [
        {"action": event.action, "reason": event.reason}
        if event.action is Action.IGNORE
        else event.as_json()["booking"]
        for event in events
    ]
    return bookings[0] if len(bookings) == 1 else bookings


def _documentation(file: MappingFile) -> Iterator[str]:
    told = inspect.cleandoc(file.schema.__doc__ or "")
    first_line = told.partition("\n")[0]
    if not 0 < len(first_line) <= LONGEST_SENDER or "://" in first_line:
        yield f"The first line of its docstring has to be the sender's name, in {LONGEST_SENDER} characters."
    if "https://" not in told and not file.schema.public:
        yield "Its docstring has to link the page (https://...) on which the sender describes the payload."


def _coverage(file: MappingFile, mapping: Mapping) -> Iterator[str]:
    met = [meeting for sample in file.samples for meeting in _meetings(mapping, sample)]
    events = {meeting.event for meeting in met}
    folder = file.samples_folder
    for event in mapping.event_names():
        if event not in events:
            yield f"No sample of the event {event}: record one in {folder}."
    for rule in mapping.actions:
        if not any(meeting.rule is rule for meeting in met):
            yield f"No sample meets the rule {_in_words(rule)}: record one in {folder}."


@dataclass(frozen=True)
class _Meeting:
    event: str | None
    rule: When | None


def _meetings(mapping: Mapping, sample: Sample) -> Iterator[_Meeting]:
    """Which rule decides about each event of a sample."""
    try:
        headers = sample.headers
        items = mapping.items(decode(sample.body, headers.get("content-type")))
    except (DecodingError, ConfigurationError):
        return  # `check_sample` tells why
    for received in (Received(item, headers) for item in items):
        yield _Meeting(mapping.event.read(received), mapping.rule_for(received))


def _in_words(rule: When) -> str:
    events = " or ".join(rule.events) or "any event"
    return f"`{events}{f' where {rule.where}' if rule.where else ''}`"


def _bookings(events: list[Preview], expected: Any) -> Iterator[str]:
    for event in events:
        yield from (_error_in_words(error) for error in event.errors)
    yield from (f"{told}." for told in differences(expected, expected_of(events)))


def _error_in_words(error: Dictionary[str, str | None]) -> str:
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


def _authenticity(signature: Authentication, body: bytes, headers: dict[str, str]) -> Iterator[str]:
    secret = next(secret for secret in SECRETS if not signature.check_secrets([secret]))
    signed = signed_headers(signature, Request(headers, body), secret, NOW)
    if not _is_authentic(signature, Request(signed, body), secret):
        yield "it is not authentic although it is signed as the sender signs."
    proof = signature.header_names[0].lower()
    forged = {**signed, proof: signed[proof][:-1] + chr(ord(signed[proof][-1]) ^ 1)}
    if _is_authentic(signature, Request(forged, body), secret):
        yield f"it is authentic although a bit of {proof} has changed."
    changed = bytes([*body[:-1], body[-1] ^ 1]) if body else b"?"
    signs_body = isinstance(signature, Signature)
    if signs_body and _is_authentic(signature, Request(signed, changed), secret):
        yield "it is authentic although a bit of the body has changed."


def _is_authentic(signature: Authentication, request: Request, secret: str) -> bool:
    try:
        signature.verify(request, [secret], NOW)
    except NotAuthentic:
        return False
    return True
