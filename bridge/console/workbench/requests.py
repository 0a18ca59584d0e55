"""Requests in the workbench's form: shown there, read from there, and taken from what is stored."""

import json
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console.workbench.tasks import StoredEvent
from bridge.errors import DecodingError
from bridge.inbound.arrivals import Kept
from bridge.inbound.decoding import decode
from bridge.mapping.catalogue import MappingFile
from bridge.mapping_checks.preview import Posted
from bridge.models import Event

JSON = "application/json"


@dataclass(frozen=True)
class Shown:
    """A request as its form fields have it."""

    body: str = ""
    content_type: str = JSON
    headers: str = ""
    """A `name: value` a line."""
    query: str = ""
    details: str = ""


class FormNotReadableError(DecodingError):
    """A field of the form is not valid."""

    code = "form_not_readable"


def shown_sample(file: MappingFile, name: str) -> Shown:
    """A sample of a mapping; nothing where it has none of this name. Raises ConfigurationError."""
    found = next((sample for sample in file.samples if sample.name == name), None)
    if found is None:
        return Shown()
    return _shown(found.body, found.headers, found.query, found.details)


def shown_event(event: Event) -> Shown:
    """What is stored of an event."""
    headers = {**event.headers, **({"content-type": event.content_type} if event.content_type else {})}
    return _shown(event.body, headers, event.query, event.answers or {})


def posted(form: Dictionary[str, str]) -> Posted:
    """The request in the form. Raises FormNotReadableError."""
    headers = {"content-type": form["content_type"].strip()} if form.get("content_type", "").strip() else {}
    for line in form.get("headers", "").splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise FormNotReadableError(f"Headers: found {line.strip()!r}, expected `Name: value`.")
        if line.strip():
            headers[name.strip().lower()] = value.strip()
    return Posted(
        form.get("body", "").strip().encode(), headers, dict(parse_qsl(form.get("query", ""))), _details(form)
    )


def stored_events(session: Session, sources: Sequence[str], most: int) -> tuple[StoredEvent, ...]:
    """The newest events of these sources of which is kept what they said."""
    kept = select(Event).where(
        Event.source.in_(sources), Event.blanked_at.is_(None), Event.removed_at.is_(None)
    )
    return tuple(
        StoredEvent(
            event.id,
            event.body,
            event.content_type,
            Kept(event.headers, event.query),
            event.answers or {},
            event.delivery_id,
        )
        for event in session.scalars(kept.order_by(Event.id.desc()).limit(most))
    )


def _shown(
    body: bytes, headers: Dictionary[str, str], query: Dictionary[str, str], details: Dictionary[str, Any]
) -> Shown:
    lines = (f"{name}: {value}" for name, value in headers.items() if name != "content-type")
    return Shown(
        _pretty(body, headers.get("content-type")),
        headers.get("content-type", JSON),
        "\n".join(lines),
        urlencode(query),
        json.dumps(details, ensure_ascii=False, indent=2) if details else "",
    )


def _pretty(body: bytes, content_type: str | None) -> str:
    """JSON on lines; all else as it is."""
    text = body.decode("utf-8", "replace")
    if content_type and "json" not in content_type:
        return text
    try:
        return json.dumps(decode(body, content_type), ensure_ascii=False, indent=2)
    except DecodingError:
        return text


def _details(form: Dictionary[str, str]) -> dict[str, Any]:
    text = form.get("details", "").strip()
    if not text:
        return {}
    try:
        document = json.loads(text)
    except ValueError as error:
        raise FormNotReadableError(f"What the sender's API answered is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise FormNotReadableError(
            "What the sender's API answered: found no object, expected one with the names of `details`."
        )
    return document
