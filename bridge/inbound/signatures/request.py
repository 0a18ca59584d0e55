"""The request to authenticate; nothing of it has been parsed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import quote, unquote_to_bytes

from bridge.errors import AuthFailure, BodyTooLargeError, DecodingError
from bridge.inbound.decoding.compression import decompressed

FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 64 * 1024
"""Bytes, and fields below, of a form that is taken apart before anything is proven, because its fields are signed."""
MOST_FIELDS = 1000


class AuthFailureError(ValueError):
    """What speaks against a request: a sentence for the log, and a word for counting."""

    def __init__(self, failure: AuthFailure, sentence: str) -> None:
        self.failure = failure
        super().__init__(sentence)


@dataclass(frozen=True)
class Request:
    """A request as the sender sent it. Its `repr` shows nothing of it, because any part may hold a secret."""

    headers: Mapping[str, str] = field(repr=False)
    """By name in any case; a repeated header is joined with commas, as WSGI does."""
    body: bytes = field(repr=False)
    method: str = "POST"
    url: str = field(default="", repr=False)
    """The whole address as the sender called it: the configured public address, path and query as they were
    escaped. Never put together from the Host header, which anybody can set."""
    token: str | None = field(default=None, repr=False)
    """The segment of the path after the source's name: /hooks/<source>/<token>."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {name.lower(): text for name, text in self.headers.items()})

    def header(self, name: str) -> str:
        """The text of a header. Raises ValueError where it is missing, empty or not ASCII."""
        text = self.headers.get(name.lower(), "").strip(" \t")
        if not text:
            raise AuthFailureError(AuthFailure.MISSING, f"The request has no header {name}.")
        if not text.isascii():
            raise ValueError(f"The header {name} holds characters other than ASCII.")
        return text

    def content(self, limit: int) -> bytes:
        """The body, decompressed: for what is read before anything is proven.

        Raises:
            ValueError: it has over `limit` bytes, or cannot be decompressed.
        """
        try:
            content = decompressed(self.body, self.headers.get("content-encoding"), limit)
        except DecodingError as error:
            raise ValueError(error.message) from error
        except BodyTooLargeError:
            content = None
        if content is None or len(content) > limit:
            raise ValueError(
                f"The body has over {limit} bytes, too many to look into before it is authentic."
            )
        return content

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters, to read and to store: of a repeated name the first value."""
        return {_as_text(name): _as_text(values[0]) for name, values in self._parameters.items()}

    def parameter(self, name: str) -> bytes:
        """The exact value of a query parameter. Raises ValueError where it is missing, empty or repeated."""
        values = self._parameters.get(name.encode(), [])
        if len(values) > 1:
            raise ValueError(f"The query has the parameter {name} {len(values)} times.")
        if not values or not values[0]:
            raise AuthFailureError(AuthFailure.MISSING, f"The query has no parameter {name}.")
        return values[0]

    @cached_property
    def _parameters(self) -> dict[bytes, list[bytes]]:
        named: dict[bytes, list[bytes]] = {}
        for name, value in form_fields(self.url.partition("?")[2].encode()):
            named.setdefault(name, []).append(value)
        return named

    @property
    def is_form(self) -> bool:
        """Whether the content type says that the body is a URL-encoded form."""
        content_type = self.headers.get("content-type", "").lower()
        return bool(re.match(rf"\s*{re.escape(FORM)}\s*(;|$)", content_type))

    @cached_property
    def sorted_form(self) -> bytes:
        """Twilio: the fields of a form sorted by name, each name directly followed by its value.

        Raises:
            ValueError: it is larger than any that a sender signs so, or cannot be decompressed.
        """
        if not self.is_form:
            return b""
        content = self.content(LONGEST_FORM)
        if content.count(b"&") >= MOST_FIELDS:
            raise ValueError(f"The signed form has over {MOST_FIELDS} fields.")
        return b"".join(name + value for name, value in sorted(set(form_fields(content))))

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """The same request with these headers besides, or instead."""
        return replace(self, headers={**self.headers, **{key.lower(): text for key, text in headers.items()}})

    def with_parameter(self, name: str, value: str) -> "Request":
        """The same request with this query parameter; the rest of its address stays as it is."""
        address, _, query = self.url.partition("?")
        query = re.sub(rf"(^|(?<=&)){re.escape(name)}=[^&]*(&|$)", "", query).rstrip("&")
        written = f"{quote(name, safe='')}={quote(value, safe='')}"
        return replace(self, url=f"{address}?{query}&{written}" if query else f"{address}?{written}")

    def with_token(self, token: str) -> "Request":
        """The same request with `token` behind the source's name."""
        address, mark, query = self.url.partition("?")
        if self.token is not None:
            address = address.removesuffix(f"/{quote(self.token, safe='')}")
        url = f"{address}/{quote(token, safe='')}{mark}{query}" if address else ""
        return replace(self, token=token, url=url)


def form_fields(text: bytes) -> list[tuple[bytes, bytes]]:
    """The names and values of a URL-encoded form, as bytes: nothing is trimmed, replaced or left out."""
    pairs = [part.partition(b"=") for part in text.split(b"&") if part]
    return [(_unescaped(name), _unescaped(value)) for name, _, value in pairs]


def _unescaped(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _as_text(value: bytes) -> str:
    return value.decode("utf-8", "replace").replace("\0", "\ufffd")
