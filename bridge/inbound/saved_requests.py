"""Saved requests, read from a file: JSON, JSON lines, or just a body."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from bridge.errors import BridgeError


class FileFormat(StrEnum):
    """How a file holds requests."""

    REQUESTS = "requests"
    """A JSON object per request, in lines or in one list: `source` or `url`, `headers`, `query`, `received_at`, and
    `body` (text as it came) or `body_base64`."""
    BODY = "body"
    """The body of one request and nothing else."""


@dataclass(frozen=True)
class SavedRequest:
    """One request."""

    where: str
    """The file, and its line or number in it."""
    source: str | None
    """To whose hook it was sent; `None`: nothing says."""
    address: str = field(repr=False)
    """Path and query as they came, which may hold a secret; empty where the file does not say."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """The segment of the path after the source's name."""
    method: str = "POST"
    received_at: datetime | None = None


class UnreadableFileError(BridgeError):
    """It contains no readable request."""

    code = "unreadable"

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where


def requests_in(
    name: str, content: bytes, kind: FileFormat | None = None
) -> Iterator[SavedRequest | UnreadableFileError]:
    """The requests of a file, and what is none; without `kind` the format is detected from the content."""
    try:
        match kind or format_of(name, content):
            case FileFormat.REQUESTS:
                yield from _requests(name, content)
            case FileFormat.BODY:
                yield SavedRequest(name, None, "", {}, content)
    except UnreadableFileError as error:
        yield error


def format_of(name: str, content: bytes) -> FileFormat:
    """What a file looks like.

    Raises:
        UnreadableFileError: it is an export in a format of others.
    """
    if _REQUEST_LINE.match(content):
        raise UnreadableFileError(name, RAW_HTTP)
    document = _json(content) or _json(content.lstrip().partition(b"\n")[0])
    if name.lower().endswith(".har") or (
        isinstance(document, dict) and isinstance(document.get("log"), dict)
    ):
        raise UnreadableFileError(name, HAR)
    first = document[0] if isinstance(document, list) and document else document
    return FileFormat.REQUESTS if _is_request(first) else FileFormat.BODY


HAR = (
    "A HAR export is not read. Write its requests as JSON lines: "
    "`jq -c '.log.entries[].request | {url, method, headers, body: .postData.text}' export.har > saved.jsonl`."
)
RAW_HTTP = (
    "A raw HTTP request is not read. Save its body alone, and import that with --source and a --header "
    '\'NAME: VALUE\' for each header; or write a JSON line {"url": ..., "headers": {...}, "body": "..."}.'
)
_REQUEST_LINE = re.compile(rb"\s*[A-Z]{3,10} \S+(?: HTTP/[\d.]+)?\r?\n")
_HOOK = re.compile(r"/hooks/(?P<source>[^/?#]+)(?:/(?P<token>[^/?#]+))?/?$")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _is_request(document: Any) -> bool:
    if not isinstance(document, dict) or document.keys().isdisjoint(("body", "body_base64")):
        return False
    return not document.keys().isdisjoint(("source", "url", "headers"))


def _or_error(where: str, read: Any) -> SavedRequest | UnreadableFileError:
    """What `read` gives, or why it gives nothing."""
    try:
        saved: SavedRequest = read()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        return UnreadableFileError(where, f"It is no saved request: {missing}.")
    return saved


def _requests(name: str, content: bytes) -> Iterator[SavedRequest | UnreadableFileError]:
    whole = _json(content)
    if isinstance(whole, (dict, list)):
        documents = whole if isinstance(whole, list) else [whole]
        for number, document in enumerate(documents, 1):
            where = f"{name}:{number}" if len(documents) > 1 else name
            yield _or_error(where, lambda where=where, document=document: _request(where, document))
        return
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            where = f"{name}:{number}"
            yield _or_error(where, lambda where=where, line=line: _request(where, json.loads(line)))


def _request(where: str, document: Any) -> SavedRequest:
    if not _is_request(document):
        raise ValueError("there must be `body` or `body_base64`, and `source`, `url` or `headers`")
    source, token, address = _place(document.get("url") or "")
    source = document.get("source") or source
    if not address and source:
        query = document.get("query") or ""
        encoded = query if isinstance(query, str) else urlencode(query, doseq=True)
        address = f"/hooks/{quote(source, safe='')}" + (f"?{encoded.lstrip('?')}" if encoded else "")
    return SavedRequest(
        where,
        source,
        address,
        _headers(document.get("headers") or {}),
        _body(document.get("body"), document.get("body_base64")),
        token,
        document.get("method") or "POST",
        _moment(document.get("received_at")),
    )


def _place(url: str) -> tuple[str | None, str | None, str]:
    """Source, token, and the address without scheme and host."""
    parts = urlsplit(url)
    address = f"{parts.path}?{parts.query}" if parts.query else parts.path
    hook = _HOOK.search(parts.path)
    if hook is None:
        return None, None, address
    return unquote(hook["source"]), unquote(hook["token"]) if hook["token"] else None, address


def _headers(given: Any) -> dict[str, str]:
    """By lower-case names; a repeated header is joined as a web server does it."""
    pairs = (
        given.items() if isinstance(given, dict) else [(header["name"], header["value"]) for header in given]
    )
    headers: dict[str, str] = {}
    for name, value in pairs:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        lower = str(name).strip().lower()
        if lower and not lower.startswith(":"):  # HTTP/2 writes the request line so
            headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
    return headers


def _body(text: Any, encoded: Any) -> bytes:
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError("`body_base64` is not base64") from error
    return text.encode() if isinstance(text, str) else json.dumps(text, ensure_ascii=False).encode()


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError("`received_at` is not ISO 8601, such as 2026-11-24T15:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
