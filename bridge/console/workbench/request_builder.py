"""Requests in the workbench's form: shown there, read from there, and taken from what is stored."""

import json
import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from bridge.console.workbench.tasks import StoredEvent
from bridge.errors import DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.incoming import RequestMetadata
from bridge.mapping.catalogue import MappingFile
from bridge.mapping.samples import BESIDE, Sample
from bridge.mapping_checks.preview import Posted
from bridge.mapping_checks.recorded_requests import RecordedRequest
from bridge.models import Event

JSON = "application/json"
LARGEST_ID = 2**63 - 1
MOST_PAYLOADS = 8
"""Payloads that are read side by side."""
SAMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
NOT_AS_NAME = tuple(ending.removesuffix(".json") for ending in BESIDE)
"""What the name of a sample does not end in: the files beside it do."""


@dataclass(frozen=True)
class Shown:
    """A request as its form fields have it."""

    body: str = ""
    content_type: str = JSON
    headers: str = ""
    """A `name: value` a line."""
    query: str = ""
    details: str = ""
    name: str = ""
    """Of the sample that it becomes when the mapping is saved; without one it is not kept."""
    origin: str = ""
    """Where it was taken from: `sample:booked`, `event:17`."""

    def heading(self, number: int) -> str:
        """What a result calls it, of which the first has the number 1."""
        return self.name or self.origin.replace(":", " ") or f"payload {number}"

    def is_same(self, other: "Shown") -> bool:
        """Whether it is the same request; a browser changes the ends of lines."""
        return _plain(self) == _plain(other)


class FormNotReadableError(DecodingError):
    """A field of the form is not valid."""

    code = "form_not_readable"


def shown_sample(file: MappingFile, name: str) -> Shown:
    """A sample of a mapping; nothing where it has none of this name. Raises ConfigurationError."""
    found = sample_named(file, name)
    if found is None:
        return Shown()
    request = of_sample(found)
    return replace(shown_request(request), name=name, origin=f"sample:{name}")


def sample_named(file: MappingFile, name: str) -> Sample | None:
    """The sample of this name, if there is one."""
    return next((sample for sample in file.samples if sample.name == name), None)


def of_sample(sample: Sample) -> RecordedRequest:
    """The request that a sample keeps. Raises ConfigurationError."""
    return RecordedRequest(sample.name, sample.body, sample.headers, sample.query, sample.details)


def shown_event(event: Event) -> Shown:
    """What is stored of an event."""
    headers = {**event.headers, **({"content-type": event.content_type} if event.content_type else {})}
    request = RecordedRequest(None, event.body, headers, event.query, event.answers or {})
    return replace(shown_request(request), origin=f"event:{event.id}")


def shown_request(request: RecordedRequest) -> Shown:
    """A request as the form shows it."""
    content_type = request.headers.get("content-type")
    lines = (f"{name}: {value}" for name, value in request.headers.items() if name != "content-type")
    details = request.details
    return Shown(
        _pretty(request.body, content_type),
        content_type or JSON,
        "\n".join(lines),
        urlencode(request.query),
        json.dumps(details, ensure_ascii=False, indent=2, default=str) if details else "",
        request.name or "",
    )


def payloads_in(form: MultiDict[str, str]) -> list[Shown]:
    """The payloads of the form, in their order; each field is there once for each. Raises FormNotReadableError."""
    columns = [
        form.getlist(name)
        for name in ("body", "content_type", "headers", "query", "details", "payload", "origin")
    ]
    if len(columns[0]) > MOST_PAYLOADS:
        raise FormNotReadableError(f"Payloads: found {len(columns[0])}, expected {MOST_PAYLOADS} at most.")
    rows = zip_longest(*(column[: len(columns[0])] for column in columns), fillvalue="")
    return [Shown(*row) for row in rows]


def name_problems(names: Sequence[str]) -> list[str]:
    """What is wrong with the names of samples, as sentences."""
    problems = []
    for index, name in enumerate(names):
        if not SAMPLE_NAME.fullmatch(name) or name.endswith(NOT_AS_NAME):
            problems.append(
                f"Payload {index + 1}: found the name {name!r}, expected letters, digits, `_`, `-` and `.`, "
                "such as booked."
            )
        elif name in names[:index]:
            problems.append(f"Two payloads have the name {name!r}; give each another.")
    return problems


def posted(shown: Shown) -> Posted:
    """The request in these fields. Raises FormNotReadableError."""
    headers = {"content-type": shown.content_type.strip()} if shown.content_type.strip() else {}
    for line in shown.headers.splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise FormNotReadableError(f"Headers: found {line.strip()!r}, expected `Name: value`.")
        if line.strip():
            headers[name.strip().lower()] = value.strip()
    return Posted(_lines(shown.body).encode(), headers, dict(parse_qsl(shown.query)), _details(shown.details))


@dataclass(frozen=True)
class FormPayload:
    """A payload of the form, and the request that it was taken from."""

    shown: Shown
    original: RecordedRequest | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether the form still shows the request as it was taken."""
        return self.original is not None and shown_request(self.original).is_same(self.shown)

    @property
    def is_sample(self) -> bool:
        """Whether it is a sample of the mapping, as it is."""
        return self.shown.origin == f"sample:{self.shown.name}" and self.is_unchanged

    def recorded(self) -> RecordedRequest:
        """The request to keep: byte for byte as it was sent, unless it was edited. Raises FormNotReadableError."""
        if self.original is not None and self.is_unchanged:
            return replace(self.original, name=self.shown.name)
        request = posted(self.shown)
        return RecordedRequest(self.shown.name, request.body, request.headers, request.query, request.details)


def stored_event(session: Session, event_id: int) -> Event | None:
    """The event of this id, if there is one."""
    return session.get(Event, event_id) if event_id <= LARGEST_ID else None


def stored_events(session: Session, sources: Sequence[str], most: int) -> tuple[StoredEvent, ...]:
    """The newest events of these sources whose payload is still stored."""
    kept = select(Event).where(
        Event.source.in_(sources), Event.blanked_at.is_(None), Event.removed_at.is_(None)
    )
    return tuple(
        StoredEvent(
            event.id,
            event.body,
            event.content_type,
            RequestMetadata(event.headers, event.query),
            event.answers or {},
            event.delivery_id,
        )
        for event in session.scalars(kept.order_by(Event.id.desc()).limit(most))
    )


def _plain(shown: Shown) -> tuple[str, ...]:
    texts = (shown.body, shown.content_type, shown.headers, shown.query, shown.details)
    return tuple(map(_lines, texts))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _pretty(body: bytes, content_type: str | None) -> str:
    """JSON on lines; all else as it is."""
    text = body.decode("utf-8", "replace")
    if content_type and "json" not in content_type:
        return text
    try:
        return json.dumps(decode(body, content_type), ensure_ascii=False, indent=2)
    except DecodingError:
        return text


def _details(text: str) -> Dictionary[str, Any]:
    if not text.strip():
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
