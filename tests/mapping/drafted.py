"""Drafts of mappings, and what they make of the payload that they were written from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.inbound.decoding import decode
from bridge.mapping.catalogue import load_file
from bridge.mapping.drafting import draft
from bridge.mapping.drafting.writing import text_of
from bridge.mapping.paths import Received
from bridge.mapping.samples import Sample
from bridge.mapping_checks.preview import Posted, preview

ROOT = Path(__file__).parents[2]
BEFORE = {"event": "tour.booked", "id": "evt_1", "created_at": "2026-11-24T15:00:00Z"}


def written(
    payload: Any, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
) -> str:
    return text_of(draft(Received(payload, headers or {}, query or {})), "acme", "https://acme.example/docs")


def read(folder: Path, payload: Any, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the drafted mapping makes of the payload from which it was written: the only event."""
    file = folder / "acme.py"
    file.write_text(written(payload, headers), encoding="utf-8")
    posted = Posted(json.dumps(payload).encode(), {"content-type": "application/json", **(headers or {})})
    [event] = preview(load_file(file).schema(), posted)
    told = event.as_json()
    assert told["errors"] == []
    return told


def of_sample(sample: Sample) -> str | None:
    """The draft of a recorded request; `None` where a mapping cannot point at what it holds."""
    payload = decode(sample.body, sample.headers.get("content-type"))
    try:
        return written(payload, sample.headers, sample.query)
    except ValueError:
        return None
