"""`Token` and `Basic`: the secret itself stands in the request."""

import base64
from collections.abc import Sequence
from datetime import datetime

from bridge.inbound.signatures.algorithms import any_equal
from bridge.inbound.signatures.encodings import text_key
from bridge.inbound.signatures.places import InBody, InHeader, InPath, InQuery, Place
from bridge.inbound.signatures.request import Request
from bridge.inbound.signatures.scheme import Proof


class Token(Proof):
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
        places: list[Place] = [InHeader(header or "Authorization", scheme)] if header or scheme else []
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

    def is_in(self, request: Request) -> bool:
        try:
            self._place.read(request)
        except ValueError:
            return False
        return True

    def sign(
        self, request: Request, secret: str, now: datetime, delivery_id: str | None = None
    ) -> dict[str, str]:
        del request, now, delivery_id  # a token is the same for every request
        self._key(secret)
        return self._place.headers(self._written(secret))

    def _prepared(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None
    ) -> Request:
        del now, delivery_id
        return self._place.write(request, self._written(self._first(secrets)))

    def _key(self, secret: str) -> bytes:
        key = text_key(secret)
        self._place.check(self._written(secret))
        return key

    def _is_genuine(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
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
