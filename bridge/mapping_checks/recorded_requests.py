"""Recorded requests as the samples of a new mapping: how each can be read, and the files that keep it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.errors import BridgeError, DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.inbox import NOT_STORED
from bridge.mapping.base import Mapping as MappingSchema
from bridge.mapping.flattening import snake
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import CONTENT_TYPES
from bridge.mapping.scaffold import Scaffold, scaffold
from bridge.models import Event

MULTIPART = "multipart/form-data"
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
"""What a mapping can be called: its file and its source have that name as well."""
NAME_HINT = "use small letters, digits and _, such as acme_tours"


class NothingToReadError(BridgeError):
    """There is nothing to write a mapping from."""

    code = "nothing_to_read"


@dataclass(frozen=True)
class RecordedRequest:
    """A request to write a mapping from."""

    name: str | None
    """Of the sample; `None`: as the event is called."""
    body: bytes
    headers: Mapping[str, str]
    """By lower-case names."""
    query: Mapping[str, str]
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the sender's API answered."""

    @property
    def received(self) -> DecodedRequest:
        """Raises DecodingError."""
        return DecodedRequest(decode(self.body, self.headers.get("content-type")), self.headers, self.query)

    @property
    def file_ending(self) -> str:
        """The ending of the file that holds its body."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        endings = {known: ending for ending, known in CONTENT_TYPES.items()} | {MULTIPART: ".form"}
        is_xml = content_type.endswith(("/xml", "+xml")) or self.body.lstrip().startswith(b"<")
        return endings.get(content_type, ".xml" if is_xml else ".json")


def of_event(event: Event) -> RecordedRequest:
    """The request of a stored event. Raises NothingToReadError."""
    if not event.body:
        raise NothingToReadError(f"The body of event {event.id} is empty or no longer kept.")
    typed = {"content-type": event.content_type} if event.content_type else {}
    return RecordedRequest(None, event.body, {**event.headers, **typed}, event.query, event.answers or {})


def readable(request: RecordedRequest) -> RecordedRequest:
    """The request with the content type with which it can be read. Raises NothingToReadError."""
    problems = []
    for content_type in _content_types(request):
        headers = {**request.headers, **({"content-type": content_type} if content_type else {})}
        typed = replace(request, headers=headers)
        try:
            typed.received  # noqa: B018 - raises where it cannot be read
        except DecodingError as error:
            problems.append(error.message)
        else:
            return typed
    raise NothingToReadError(f"There is nothing to write a mapping from. {problems[0]}")


def draft_of(requests: Sequence[RecordedRequest]) -> Scaffold:
    """What these requests show of a mapping. Raises NothingToReadError."""
    try:
        draft = scaffold([(request.name or "", request.received) for request in requests])
    except ValueError as error:
        raise NothingToReadError(f"There is nothing to write a mapping from. {error}") from error
    draft.table = replace(draft.table, names=tuple(sample_names(requests, draft)))
    return draft


def sample_names(requests: Sequence[RecordedRequest], draft: Scaffold) -> list[str]:
    """A name for the sample of each: its own, or that of its event; each another."""
    names: list[str] = []
    for index, request in enumerate(requests):
        name = request.name or snake(draft.event_of(index)) or "request"
        names.append(free_name(re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip("."), names))
    return names


def free_name(stem: str, taken: Iterable[str]) -> str:
    """The stem, with a number where that name is taken."""
    used = {*taken}
    number = next(number for number in range(1, len(used) + 2) if _numbered(stem, number) not in used)
    return _numbered(stem, number)


def files_beside(mapping: MappingSchema, request: RecordedRequest) -> dict[str, str]:
    """The text of each file beside the body, by its ending; no secret is among them."""
    proof = mapping.signature
    secret = {name.lower() for name in proof.header_names} if proof else set()
    known = {
        name: text for name, text in request.headers.items() if text != NOT_STORED and name not in secret
    }
    needed = {name: text for name, text in known.items() if name in mapping.read_headers}
    content_type = known.get("content-type")
    if content_type and content_type != CONTENT_TYPES.get(request.file_ending):
        needed["content-type"] = content_type
    query = {name: text for name, text in request.query.items() if not proof or name not in proof.query_names}
    tables = {".headers.json": needed, ".query.json": query, ".details.json": request.details}
    return {ending: _as_json(table) for ending, table in tables.items() if table}


def _content_types(request: RecordedRequest) -> list[str | None]:
    """What the body is: as it says, or what it looks like."""
    if "content-type" in request.headers:
        return [request.headers["content-type"]]
    start = request.body.lstrip()[:200]
    boundary = re.match(rb"--([^\r\n]{1,70})\r?\n", start)
    if boundary:
        return [f"{MULTIPART}; boundary={boundary[1].decode('ascii', 'replace')}"]
    is_form = re.match(rb"[^\s<{\[=&]+=", start)
    return [CONTENT_TYPES[".form"]] if is_form else [None]


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}.{number}"


def _as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n"
