"""How a sender proves who it is, declared in its mapping file.

    Signature(header="Calendly-Webhook-Signature", parse="t={t},v1={signature}", signs="{t}.{body}")
    Signature(header="X-Signature", parse="sha256={signature}", encoding="base64")
    Signature(header="webhook-signature", parse="v1,{signature}", separator=" ", signs="{id}.{t}.{body}",
              id_header="webhook-id", timestamp_header="webhook-timestamp", key="whsec", encoding="base64")
    Token(scheme="Bearer")
    Token(header="X-Api-Key")
    Basic()

Everything here works on the bytes as they came, before anything parses them, and fails closed. A mistake in
a declaration is a `ValueError` when the mapping file is imported; a mistake of a sender is a `NotAuthentic`.
"""

import base64
import binascii
import hmac
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bridge.errors import NotAuthentic


@dataclass(frozen=True)
class Request:
    """What is authenticated: a request of which nothing has been parsed."""

    headers: Mapping[str, str]
    """By name in any case; a repeated header is joined with commas, as WSGI does."""
    body: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {name.lower(): text for name, text in self.headers.items()})

    def header(self, name: str) -> str:
        """The text of a header. Raises ValueError where it is missing, empty or not ASCII."""
        text = self.headers.get(name.lower(), "").strip(" \t")
        if not text:
            raise ValueError(f"The request has no header {name}.")
        if not text.isascii():
            raise ValueError(f"The header {name} holds characters other than ASCII.")
        return text


class Scheme(ABC):
    """One way of a sender to prove who it is; the secrets come from the source's configuration."""

    @property
    @abstractmethod
    def header_names(self) -> tuple[str, ...]:
        """The headers that carry secrets or signatures: they are never stored and never logged."""

    @abstractmethod
    def sign(
        self, request: Request, secret: str, now: datetime, delivery_id: str | None = None
    ) -> dict[str, str]:
        """The headers with which this sender would send `request`. Raises ValueError for an unfit secret."""

    @abstractmethod
    def _key(self, secret: str) -> bytes:
        """The bytes that the secret stands for. Raises ValueError, which does not repeat the secret."""

    @abstractmethod
    def _is_genuine(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        """Whether the request fits one of the keys. Raises ValueError where it cannot be read."""

    def check_secrets(self, secrets: Sequence[str]) -> list[str]:
        """What is wrong with the secrets of a source, as sentences; none of them repeats a secret."""
        if not secrets:
            return ["There is no secret: without one, anybody could send bookings. Copy it from the sender."]
        problems = []
        for number, secret in enumerate(secrets, start=1):
            try:
                self._key(secret)
            except ValueError as problem:
                problems.append(f"Secret {number} of {len(secrets)}: {problem}")
        return problems

    def verify(
        self, request: Request, secrets: Sequence[str], now: datetime, tolerance: int | None = None
    ) -> None:
        """Accept the request silently, or raise NotAuthentic and nothing else, whatever its bytes are.

        Any of the secrets will do, so that two are live during a rotation; with none, or with an unfit one,
        nothing is authentic. `tolerance` (seconds) replaces the one of the declaration. The `__cause__` of
        the error is a sentence for the operator's log. It holds no secret and must not reach the sender.
        """
        try:
            if not self._is_genuine(request, self._keys(secrets), now, tolerance):
                raise ValueError(f"What {', '.join(self.header_names)} holds fits none of the secrets.")
        except ValueError as reason:
            raise NotAuthentic from reason

    def _keys(self, secrets: Sequence[str]) -> list[bytes]:
        if problems := self.check_secrets(secrets):
            raise ValueError(" ".join(problems))
        return [self._key(secret) for secret in secrets]


@dataclass(frozen=True)
class Signature(Scheme):
    """A signature over the body, made with a secret that both sides know."""

    header: str
    """The header with the signature."""
    parse: str = "{signature}"
    """How an item of that header looks, or the several items: `t={t},v1={signature}`. They may come in any
    order, among items that are not ours; the signature may come repeatedly, and any match wins."""
    separator: str = ","
    """What stands between items, in `parse` and in the header. Spaces around an item do not matter."""
    signs: str = "{body}"
    """The signed bytes: text around `{body}`, `{t}` (the timestamp as it was sent) and `{id}`."""
    algorithm: str = "hmac-sha256"
    encoding: str = "hex"
    """How the signature is written: `hex` of any case, or `base64`."""
    key: str = "text"
    """What the secret is: `text`, or `whsec`, the base64 of Standard Webhooks."""
    timestamp_header: str | None = None
    """Where the timestamp is, unless `parse` finds it: Unix seconds."""
    id_header: str | None = None
    """Where the sender's id of the delivery is."""
    tolerance: int = 300
    """Seconds by which a signed timestamp may be off, both ways."""
    missing: tuple[str, ...] = ()
    """What the sender writes when it has no secret to sign with (Cal.com: `no-secret-provided`)."""

    def __post_init__(self) -> None:
        _require_known("algorithm", self.algorithm, _ALGORITHMS)
        _require_known("encoding", self.encoding, _DECODERS)
        _require_known("key", self.key, _KEYS)
        if not self.separator:
            raise ValueError("`separator` is empty: say what stands between the items, or leave it out.")
        if self.tolerance <= 0:
            raise ValueError(f"`tolerance` is {self.tolerance}: it must be a positive number of seconds.")
        parsed = _placeholders("parse", self.parse, known=("signature", "t"), needed="signature")
        signed = _placeholders("signs", self.signs, known=("body", "t", "id"), needed="body")
        if self.timestamp_header and "t" in parsed:
            raise ValueError("`parse` and `timestamp_header` both say where {t} is: keep one of them.")
        _require_agreement("t", "timestamp_header", "t" in parsed or bool(self.timestamp_header), signed)
        _require_agreement("id", "id_header", bool(self.id_header), signed)
        _ = self._items  # reads `parse` now, so that a mistake in it shows at import

    @property
    def header_names(self) -> tuple[str, ...]:
        return (self.header,)

    def sign(
        self, request: Request, secret: str, now: datetime, delivery_id: str | None = None
    ) -> dict[str, str]:
        """The headers with which this sender would send `request`; without `delivery_id`, with a new one."""
        timestamp, delivery_id = str(int(now.timestamp())), delivery_id or f"msg_{uuid.uuid4().hex}"
        values = {"body": request.body, "t": timestamp.encode(), "id": delivery_id.encode()}
        signature = self._mac(self._key(secret), _fill(self.signs, values))
        values["signature"] = _ENCODERS[self.encoding](signature)
        headers = {self.header: _fill(self.parse, values).decode()}
        if self.id_header:
            headers[self.id_header] = delivery_id
        if self.timestamp_header:
            headers[self.timestamp_header] = timestamp
        return headers

    def _key(self, secret: str) -> bytes:
        return _KEYS[self.key](secret)

    def _is_genuine(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        found = self._read(request.header(self.header))
        values = {"body": request.body}
        if self.id_header:
            values["id"] = request.header(self.id_header).encode()
        if self.timestamp_header:
            found["t"] = [request.header(self.timestamp_header)]
        if "t" in found:
            timestamp = _only(found["t"])
            _require_recent(timestamp, now, self.tolerance if tolerance is None else tolerance)
            values["t"] = timestamp.encode()
        message = _fill(self.signs, values)
        given = [self._decoded(text) for text in found["signature"]]
        return _any_equal([self._mac(key, message) for key in keys], given)

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, _ALGORITHMS[self.algorithm])

    def _decoded(self, text: str) -> bytes:
        try:
            return _DECODERS[self.encoding](text)
        except ValueError:
            return b""  # fits nothing; the other signatures of the header still count

    @cached_property
    def _items(self) -> list[tuple[str, re.Pattern[str]]]:
        items = []
        for item in self.parse.split(self.separator):
            match = re.fullmatch(r"([^{]*)\{(\w+)\}([^{]*)", item.strip())
            if match is None:
                raise ValueError(
                    f"`parse` has the item {item!r}: each item holds exactly one placeholder, "
                    f"and `separator` ({self.separator!r}) stands between items."
                )
            before, name, after = match.groups()
            items.append((name, re.compile(f"{re.escape(before)}(.+){re.escape(after)}", re.DOTALL)))
        return items

    def _read(self, text: str) -> dict[str, list[str]]:
        """The values behind each placeholder of `parse`; items that look different are skipped."""
        if text in self.missing:
            raise ValueError(f"{self.header} is `{text}`: the sender has no secret. Set one at the sender.")
        found: dict[str, list[str]] = {name: [] for name, _ in self._items}
        for item in text.split(self.separator):
            for name, pattern in self._items:
                if match := pattern.fullmatch(item.strip()):
                    found[name].append(match[1])
        return found


@dataclass(frozen=True)
class Token(Scheme):
    """The secret itself in a header: `Authorization: Bearer <secret>`, or alone in a header of its own."""

    header: str = "Authorization"
    scheme: str | None = None
    """The word before the secret, in any case."""

    @property
    def header_names(self) -> tuple[str, ...]:
        return (self.header,)

    def sign(
        self, request: Request, secret: str, now: datetime, delivery_id: str | None = None
    ) -> dict[str, str]:
        del request, now, delivery_id  # a token is the same for every request
        credentials = self._key(secret).decode()
        return {self.header: f"{self.scheme} {credentials}" if self.scheme else credentials}

    def _key(self, secret: str) -> bytes:
        key = _text_key(secret)
        if not (secret.isascii() and secret.isprintable()):
            raise ValueError("It holds characters that cannot stand in a header: use letters and digits.")
        return key

    def _is_genuine(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        del now, tolerance  # a token has no timestamp
        before = f"{re.escape(self.scheme)} +" if self.scheme else ""
        match = re.fullmatch(f"{before}(.+)", request.header(self.header), re.IGNORECASE | re.DOTALL)
        if match is None:
            raise ValueError(f"The header {self.header} does not begin with `{self.scheme}`.")
        return _any_equal(keys, [match[1].encode()])


class Basic(Token):
    """HTTP Basic (RFC 7617), as UTF-8. The secret is `user:password`."""

    def __init__(self) -> None:
        super().__init__(header="Authorization", scheme="Basic")

    def _key(self, secret: str) -> bytes:
        key = _text_key(secret)
        if b":" not in key:
            raise ValueError("It has no colon: write it as `user:password`.")
        return base64.b64encode(key)


def _any_equal(expected: list[bytes], given: list[bytes]) -> bool:
    # A list, not a generator: every pair is compared, so that time does not tell which secret fits.
    return any([hmac.compare_digest(one, other) for one in expected for other in given])  # noqa: C419


def _require_known(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f"`{option}` is {value!r}: it must be one of {', '.join(known)}.")


def _require_agreement(name: str, option: str, is_read: bool, signed: list[str]) -> None:
    if is_read and name not in signed:
        raise ValueError(f"{{{name}}} is read but `signs` leaves it out: anybody could change it.")
    if name in signed and not is_read:
        raise ValueError(f"`signs` has {{{name}}}, but nothing says where it is: set `{option}`.")


def _placeholders(option: str, template: str, known: tuple[str, ...], needed: str) -> list[str]:
    found: list[str] = re.findall(r"\{(\w*)\}", template)
    if unknown := [name for name in found if name not in known]:
        choice = ", ".join(f"{{{name}}}" for name in known)
        raise ValueError(f"`{option}` is {template!r}: {{{unknown[0]}}} is not one of {choice}.")
    if needed not in found:
        raise ValueError(f"`{option}` is {template!r}: it needs {{{needed}}}.")
    return found


def _fill(template: str, values: Mapping[str, bytes]) -> bytes:
    return re.sub(rb"\{(\w+)\}", lambda match: values[match[1].decode()], template.encode())


def _only(timestamps: list[str]) -> str:
    if len(timestamps) > 1 or not timestamps:
        raise ValueError(f"There must be one timestamp; the request has {len(timestamps)}.")
    return timestamps[0]


def _require_recent(timestamp: str, now: datetime, tolerance: int) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise ValueError("The timestamp is not a number of Unix seconds.")
    age = now.timestamp() - int(timestamp)
    if abs(age) > tolerance:
        raise ValueError(f"The timestamp is {age:.0f} s old; {tolerance} s are allowed. Check both clocks.")


def _text_key(secret: str) -> bytes:
    if not secret:
        raise ValueError("It is empty.")
    if secret[0].isspace() or secret[-1].isspace():
        raise ValueError("It begins or ends with white space, which was probably copied along.")
    try:
        return secret.encode()
    except UnicodeEncodeError:
        raise ValueError("It holds bytes that are not UTF-8 text.") from None


def _whsec_key(secret: str) -> bytes:
    """Standard Webhooks 1.0: base64 after `whsec_`. As in its libraries, prefix and padding may lack."""
    encoded = _text_key(secret).removeprefix(b"whsec_")
    try:
        key = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError("It is not base64: copy the whole `whsec_...` from the sender.")
    return key


_KEYS = {"text": _text_key, "whsec": _whsec_key}
_ALGORITHMS = {"hmac-sha256": "sha256"}
_DECODERS: dict[str, Callable[[str], bytes]] = {
    "hex": binascii.unhexlify,
    "base64": lambda text: base64.b64decode(text, validate=True),
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {"hex": binascii.hexlify, "base64": base64.b64encode}
