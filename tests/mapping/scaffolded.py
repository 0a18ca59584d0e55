"""Scaffolds of mappings, and what they make of the payloads that they were written from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.inbound.decoding import decode
from bridge.mapping.catalogue import load_file
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import Sample
from bridge.mapping.scaffold import scaffold
from bridge.mapping.scaffold.writing import text_of
from bridge.mapping_checks.preview import Posted, preview

ROOT = Path(__file__).parents[2]


def written(headers: Mapping[str, str] | None = None, **payloads: Any) -> str:
    """The text of a mapping from samples by their names."""
    samples = [(name, DecodedRequest(payload, headers or {})) for name, payload in payloads.items()]
    return text_of(scaffold(samples), "acme", "https://acme.example/docs")


def lines(text: str) -> list[str]:
    """The lines of the class, without the list of paths and without indents."""
    return [line.strip() for line in text.partition("# The samples side by side")[0].splitlines()]


def read(folder: Path, text: str, payload: Any) -> dict[str, Any]:
    """What this mapping makes of a payload: its only event."""
    file = folder / "acme.py"
    file.write_text(text, encoding="utf-8")
    [event] = preview(load_file(file).schema(), Posted(json.dumps(payload).encode()))
    return event.as_json()


def of_samples(*samples: Sample) -> str:
    """The text of a mapping from recorded requests. Raises ValueError where they hold nothing."""
    received = [
        (
            sample.name,
            DecodedRequest(
                decode(sample.body, sample.headers.get("content-type")), sample.headers, sample.query
            ),
        )
        for sample in samples
    ]
    return text_of(scaffold(received), "acme", "https://acme.example/docs")
