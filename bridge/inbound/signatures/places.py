"""The places in which a request can carry a secret."""

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bridge.errors import DecodingError, Doubt
from bridge.inbound.decoding import decode
from bridge.inbound.signatures.request import AuthFailureError, Request

LONGEST_WITH_SECRET = 128 * 1024
"""Bytes of a body that is parsed before anything is proven, because it holds the secret."""


class Place(ABC):
    """Where a secret stands."""

    @property
    def header_names(self) -> tuple[str, ...]:
        return ()

    @property
    def query_names(self) -> tuple[str, ...]:
        return ()

    @property
    def body_secrets(self) -> tuple[str, ...]:
        return ()

    @abstractmethod
    def read(self, request: Request) -> bytes:
        """What stands there. Raises ValueError where there is nothing, or no one thing."""

    @abstractmethod
    def write(self, request: Request, secret: str) -> Request:
        """The request with the secret in this place. Raises ValueError where it has no such place."""

    def headers(self, secret: str) -> dict[str, str]:
        """The headers that carry the secret."""
        del secret
        return {}

    def check(self, secret: str) -> None:
        """Raises ValueError for a secret that cannot stand here."""
        del secret


@dataclass(frozen=True)
class InHeader(Place):
    """A header, perhaps behind a word: `Authorization: Bearer <secret>`."""

    name: str
    word: str | None = None

    @property
    def header_names(self) -> tuple[str, ...]:
        return (self.name,)

    def __str__(self) -> str:
        return self.name

    def read(self, request: Request) -> bytes:
        before = f"{re.escape(self.word)} +" if self.word else ""
        match = re.fullmatch(f"{before}(.+)", request.header(self.name), re.IGNORECASE | re.DOTALL)
        if match is None:
            raise ValueError(f"The header {self.name} does not begin with `{self.word}`.")
        return match[1].encode()

    def write(self, request: Request, secret: str) -> Request:
        return request.with_headers(self.headers(secret))

    def headers(self, secret: str) -> dict[str, str]:
        return {self.name: f"{self.word} {secret}" if self.word else secret}

    def check(self, secret: str) -> None:
        if not (secret.isascii() and secret.isprintable()):
            raise ValueError(
                "It contains characters that are not allowed in a header: use letters and digits."
            )


@dataclass(frozen=True)
class InQuery(Place):
    """A parameter of the query."""

    name: str

    @property
    def query_names(self) -> tuple[str, ...]:
        return (self.name,)

    def __str__(self) -> str:
        return f"the query parameter {self.name}"

    def read(self, request: Request) -> bytes:
        return request.parameter(self.name)

    def write(self, request: Request, secret: str) -> Request:
        return request.with_parameter(self.name, secret)


@dataclass(frozen=True)
class InPath(Place):
    """The segment of the path after the source's name."""

    def __str__(self) -> str:
        return "the path"

    def read(self, request: Request) -> bytes:
        if not request.token:
            raise AuthFailureError(Doubt.MISSING, "The address has no secret behind the source's name.")
        return request.token.encode()

    def write(self, request: Request, secret: str) -> Request:
        return request.with_token(secret)

    def check(self, secret: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", secret):
            raise ValueError("It contains characters that are not allowed in a path: use letters and digits.")


@dataclass(frozen=True)
class InBody(Place):
    """A value of the body, by its dotted key."""

    key: str

    @property
    def body_secrets(self) -> tuple[str, ...]:
        return (self.key,)

    def __str__(self) -> str:
        return f"`{self.key}` in the body"

    def read(self, request: Request) -> bytes:
        if len(request.body) > LONGEST_WITH_SECRET:
            raise ValueError(f"The body holds the secret and has over {LONGEST_WITH_SECRET} bytes.")
        try:
            value = decode(request.body, request.headers.get("content-type"))
        except DecodingError as error:
            raise ValueError(error.message) from error
        for name in self.key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, str) or not value:
            raise AuthFailureError(Doubt.MISSING, f"The body has no text at `{self.key}`.")
        return value.encode()

    def write(self, request: Request, secret: str) -> Request:
        if request.is_form:
            fields = {**dict(parse_qsl(request.body.decode(), keep_blank_values=True)), self.key: secret}
            return replace(request, body=urlencode(fields).encode())
        document = json.loads(request.body)
        self._set(document, secret)
        return replace(request, body=json.dumps(document, ensure_ascii=False).encode())

    def _set(self, document: Any, secret: str) -> None:
        *outer, last = self.key.split(".")
        for name in outer:
            document = document.setdefault(name, {}) if isinstance(document, dict) else None
        if not isinstance(document, dict):
            raise ValueError(f"The body has no place for `{self.key}`.")  # noqa: TRY004 - a body, not an argument
        document[last] = secret
