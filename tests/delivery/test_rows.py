"""Rows as the JSON in which they go to PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.delivery.storage.rows import _document

AT = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (AT, "2026-12-03T16:30:00+00:00"),
        ("Zoë 🏠", "Zoë 🏠"),
        ("a\0b", "ab"),
        ("a\ud800b", "a?b"),
        (r"\u0000 as text", r"\u0000 as text"),
        (2**70, 2**70),
        ({"kind": "TOUR", "unit": None}, {"kind": "TOUR", "unit": None}),
    ],
)
def test_what_postgresql_gets(value: Any, kept: Any) -> None:
    rows = [{"value": value, "at": AT}, {"value": None, "at": AT}]
    assert json.loads(_document(rows)) == [
        {"value": kept, "at": "2026-12-03T16:30:00+00:00"},
        {"value": None, "at": "2026-12-03T16:30:00+00:00"},
    ]
