"""`Token` and `Basic`: the request carries the secret itself."""

import base64
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bridge.errors import AuthFailure, DecodingError
from bridge.inbound.decoding import decode
from bridge.inbound.signatures.algorithms import any_equal
from bridge.inbound.signatures.encodings import text_key
from bridge.inbound.signatures.request import AuthFailureError, Request
from bridge.inbound.signatures.scheme import SecretScheme

LONGEST_WITH_SECRET = 128 * 1024
"""Bytes of a body that is parsed before anything is proven, because it holds the secret."""


class SecretLocation(ABC):
    """Where a secret is."""

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
        """The value there. Raises ValueError where there is none, or more than one."""

    @abstractmethod
    def write(self, request: Request, secret: str) -> Request:
        """The request with the secret in this place. Raises ValueError where it has no such place."""

    def check(self, secret: str) -> None:
        """Raises ValueError for a secret that cannot stand here."""
        del secret


@dataclass(frozen=True)
class InHeader(SecretLocation):
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
        return request.with_headers({self.name: f"{self.word} {secret}" if self.word else secret})

    def check(self, secret: str) -> None:
        if not (secret.isascii() and secret.isprintable()):
            raise ValueError(
                "It contains characters that are not allowed in a header: use letters and digits."
            )


@dataclass(frozen=True)
class InQuery(SecretLocation):
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
class InPath(SecretLocation):
    """The segment of the path after the source's name."""

    def __str__(self) -> str:
        return "the path"

    def read(self, request: Request) -> bytes:
        if not request.token:
            raise AuthFailureError(AuthFailure.MISSING, "The address has no secret behind the source's name.")
        return request.token.encode()

    def write(self, request: Request, secret: str) -> Request:
        return request.with_token(secret)

    def check(self, secret: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", secret):
            raise ValueError("It contains characters that are not allowed in a path: use letters and digits.")


@dataclass(frozen=True)
class InBody(SecretLocation):
    """A value of the body, by its dotted key."""

    key: str

    @property
    def body_secrets(self) -> tuple[str, ...]:
        return (self.key,)

    def __str__(self) -> str:
        return f"`{self.key}` in the body"

    def read(self, request: Request) -> bytes:
        content = request.content(LONGEST_WITH_SECRET)
        try:
            value = decode(content, request.headers.get("content-type"))
        except DecodingError as error:
            raise ValueError(error.message) from error
        for name in self.key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, str) or not value:
            raise AuthFailureError(AuthFailure.MISSING, f"The body has no text at `{self.key}`.")
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


class Token(SecretScheme):
    """The secret in one place: a header (`Authorization`, unless another is named), perhaps behind the word
    `scheme`; the query parameter `query`; the path (/hooks/<source>/<secret>); or the `body`, at a dotted key."""

    def __init__(
        self,
        header: str | None = None,
        scheme: str | None = None,
        *,
        query: str | None = None,
        path: bool = False,
        body: str | None = None,
    ) -> None:
        places: list[SecretLocation] = (
            [InHeader(header or "Authorization", scheme)] if header or scheme else []
        )
        places += [InQuery(query)] if query else []
        places += [InPath()] if path else []
        places += [InBody(body)] if body else []
        if len(places) > 1:
            raise ValueError(f"A token is in one place, not in {places[0]} and {places[1]}.")
        self._place = places[0] if places else InHeader("Authorization")

    @property
    def header_names(self) -> tuple[str, ...]:
        return self._place.header_names

    @property
    def query_names(self) -> tuple[str, ...]:
        return self._place.query_names

    @property
    def body_secrets(self) -> tuple[str, ...]:
        return self._place.body_secrets

    @property
    def where(self) -> str:
        return str(self._place)

    def is_present(self, request: Request) -> bool:
        try:
            self._place.read(request)
        except ValueError:
            return False
        return True

    def _signed_request(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None
    ) -> Request:
        del now, delivery_id
        return self._place.write(request, self._written(self._first(secrets)))

    def _key(self, secret: str) -> bytes:
        key = text_key(secret)
        self._place.check(self._written(secret))
        return key

    def _matches(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        del now, tolerance  # a token has no timestamp
        return any_equal(keys, [self._given(request)])

    def _written(self, secret: str) -> str:
        return secret

    def _given(self, request: Request) -> bytes:
        return self._place.read(request)


class Basic(Token):
    """HTTP Basic (RFC 7617), as UTF-8. The secret is `user:password`; the password may hold colons."""

    def __init__(self) -> None:
        super().__init__(scheme="Basic")

    def _key(self, secret: str) -> bytes:
        key = super()._key(secret)
        if b":" not in key:
            raise ValueError("It has no colon: write it as `user:password`.")
        return key

    def _written(self, secret: str) -> str:
        return base64.b64encode(text_key(secret)).decode()

    def _given(self, request: Request) -> bytes:
        return base64.b64decode(super()._given(request), validate=True)
