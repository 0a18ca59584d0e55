"""Every spelling of a time, put into the samples of every mapping: read as that time or held, never as another."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from effort import is_thorough

from bridge.inbound.decoding import decode
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.details import with_details
from bridge.mapping.fields import LocalTime
from bridge.mapping.paths import DecodedRequest
from bridge.mapping_checks.preview import Posted

INSTANT = datetime(2031, 3, 5, 16, 30, tzinfo=UTC)
WALL = datetime(2031, 3, 5, 10, 30)  # noqa: DTZ001 - wall time has no zone
SPELLINGS = [
    "2031-03-05T10:30:00-06:00",
    "2031-03-05T16:30:00.000Z",
    "2031-03-05 10:30:00 -0600",
    "2031-03-05T10:30:00-06:00[America/Chicago]",
    "Wed Mar 05 2031 10:30:00 GMT-0600 (Central Standard Time)",
    "Wed, 05 Mar 2031 16:30:00 GMT",
    "2031-03-05 10:30 GMT -06:00",
    "03/05/2031 10:30 AM UTC-06:00",
    "1930494600",
    "1930494600000",
    "2031-03-05T10:30:00",
    "2031-03-05 10:30",
    "03/05/2031 10:30 AM",
    "03/05/2031 10:30 a.m.",
    "3/5/31 10:30\u202fAM",
    "March 5th, 2031 at 10:30am",
    "5 de marzo de 2031 a las 10:30",
    "05.03.2031 10.30",
    "2031-03-05 10:30-11:00",
    "03/05/2031 10:30 AM - 11:00 AM",
    "2031-03-05",
    "2031-03-05 00:00",
    "tomorrow at 2",
]
IN_FULL, TURNS = 1, 12
NAMES = sorted(Catalogue().paths)


def _replaced(value: Any, old: str, new: str) -> Any:
    """The payload with one text in place of another, also inside JSON in a text."""
    if isinstance(value, dict):
        return {key: _replaced(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, old, new) for inner in value]
    if isinstance(value, str) and old in value:
        return value.replace(json.dumps(old)[1:-1], new)
    return new if str(value) == old else value


def _starts(mapping: Mapping, received: DecodedRequest) -> Iterator[str]:
    """The texts of the start in a payload, of one field."""
    inner = mapping.inner(received)
    for name, field in mapping.paths():
        if name.startswith("starts_at") and isinstance(field, LocalTime):
            for found in field.find(inner)[:1]:
                if isinstance(found.value, (str, int)) and len(str(found.value)) > 9:
                    yield str(found.value)


def _payloads(name: str) -> Iterator[tuple[Mapping, DecodedRequest]]:
    file = Catalogue().get(name)
    mapping = file.schema()
    for sample in file.samples:
        posted = Posted.of(sample)
        try:
            items = mapping.items(decode(posted.body, posted.headers.get("content-type")))
        except Exception:  # noqa: BLE001 - a sample of a body that cannot be read
            continue
        for item in items:
            yield mapping, with_details(DecodedRequest(item, posted.headers, posted.query), posted.details)


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_is_read_as_another_hour(name: str) -> None:
    """Each sender's first text of a start meets every spelling, the others some in turn."""
    places = [
        (mapping, received, old)
        for mapping, received in _payloads(name)
        for old in dict.fromkeys(_starts(mapping, received))
    ]
    for number, (mapping, received, old) in enumerate(places):
        for spelling in (
            SPELLINGS if number < IN_FULL or is_thorough() else SPELLINGS[number % TURNS :: TURNS]
        ):
            changed = received.with_payload(_replaced(received.payload, old, spelling))
            if changed.payload == received.payload:
                break  # made of several values
            translation = mapping.translate(changed)
            booking = translation.booking
            if booking is None or booking.action not in (Action.BOOK, Action.RESCHEDULE):
                continue
            reported = f"{name} reads {spelling!r} in place of {old!r}"
            local = booking.starts_at_local
            assert local in (None, WALL, INSTANT), f"{reported} as {local}"
            if spelling.endswith(" 00:00") and booking.starts_at:
                continue  # beside a zone that is UTC it is an evening at the property
            if booking.starts_at is not None and booking.starts_at != INSTANT:
                # Wall time in the zone beside it in the sample.
                assert booking.starts_at.minute == WALL.minute, f"{reported} as {booking.starts_at}"
                assert booking.starts_at.hour in (10, 15, 16), f"{reported} as {booking.starts_at}"
