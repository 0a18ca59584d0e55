"""`Signature`: a signature over the body, and perhaps over more of the request."""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bridge.errors import AuthFailure
from bridge.inbound.signatures.algorithms import ALGORITHMS, Algorithm, any_equal
from bridge.inbound.signatures.encodings import ENCODINGS, KEYS, Encoding
from bridge.inbound.signatures.items import HeaderFormat
from bridge.inbound.signatures.request import AuthFailureError, Request
from bridge.inbound.signatures.scheme import SecretScheme
from bridge.inbound.signatures.template import COVERING_BODY, SIGNED, SIGNING_URL, Template
from bridge.inbound.signatures.timestamps import NOTATIONS, require_recent


@dataclass(frozen=True)
class Signature(SecretScheme):
    """A signature that only the sender can make, with a secret that both sides know or with a private key."""

    header: str
    """The header with the signature."""
    parse: str = "{signature}"
    """How an item of that header looks, or the several items: `t={t},v1={signature}`. They may come in any
    order, among items that are not ours; the signature may come up to five times, and any match wins."""
    separator: str = ","
    """The separator of items, in `parse` and in the header. Spaces around an item do not matter."""
    signs: str | tuple[str, ...] = "{body}"
    """The signed bytes: text around `{body}`, `{body:base64}`, `{t}` (the timestamp as it was sent), `{id}`,
    `{method}`, `{url}`, `{form}` (Twilio's sorted fields) and `{secret}`. Several templates: any may fit.
    `{url:decoded}` has the escapes decoded that HubSpot decodes; `{url:port}` names the default port of
    `https` or `http`, and `{url:portless}` leaves it out."""
    algorithm: str = "hmac-sha256"
    encoding: str = "hex"
    """How the signature is written: `hex` of any case, or `base64`."""
    key: str = "text"
    """What the secret is: `text`, `hex`, `base64`, `whsec` (the base64 of Standard Webhooks) or `pem`."""
    timestamp_header: str | None = None
    """Where the timestamp is, unless `parse` finds it."""
    timestamp: str = "s"
    """How the timestamp is written: Unix seconds (`s`), Unix milliseconds (`ms`) or ISO 8601 (`iso`)."""
    id_header: str | None = None
    """Where the sender's id of the delivery is."""
    tolerance: int | None = 300
    """Seconds by which a signed timestamp may be off, both ways. `None`: it is signed, but may be of any age
    (a sender that repeats a delivery later with the same signature)."""
    missing: tuple[str, ...] = ()
    """What the sender writes when it has no secret to sign with (Cal.com: `no-secret-provided`)."""
    body_digest: str | None = None
    """The query parameter with the SHA-256 of a body that is no form, in hex, where `{form}` is signed."""
    public_keys: tuple[str, ...] = ()
    """The sender's own public keys in PEM, where it signs for all customers with one key pair. No secret is
    needed then; a public key in the configuration replaces them."""

    def __post_init__(self) -> None:
        _require_known("algorithm", self.algorithm, ALGORITHMS)
        _require_known("encoding", self.encoding, ENCODINGS)
        _require_known("key", self.key, KEYS)
        _require_known("timestamp", self.timestamp, NOTATIONS)
        if not self.separator:
            raise ValueError("`separator` is empty: set the separator of the items, or leave it out.")
        if self.tolerance is not None and self.tolerance <= 0:
            raise ValueError(f"`tolerance` is {self.tolerance}: it must be a positive number of seconds.")
        if not self._templates:
            raise ValueError("`signs` is empty: set what the sender signs.")
        self._require_readable_header()
        for template in self._templates:
            self._require_sound(template)
        self._require_sound_keys()

    @property
    def header_names(self) -> tuple[str, ...]:
        return (self.header,)

    @property
    def where(self) -> str:
        return self.header

    def signs_body(self, request: Request) -> bool:
        return self.is_present(request)

    @property
    def signs_url(self) -> bool:
        return any(name in SIGNING_URL for template in self._templates for name in template.names)

    @property
    def needs_secret(self) -> bool:
        return not self.public_keys

    def is_present(self, request: Request) -> bool:
        return request.headers.get(self.header.lower(), "").strip(" \t") not in {"", *self.missing}

    def _signed_request(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None
    ) -> Request:
        if self.body_digest and not request.is_form:
            request = request.with_parameter(self.body_digest, hashlib.sha256(request.body).hexdigest())
        timestamp = NOTATIONS[self.timestamp].write(now)
        delivery_id = delivery_id or self._delivery_id(request) or f"msg_{uuid.uuid4().hex}"
        values = {"t": timestamp.encode(), "id": delivery_id.encode()}
        key = self._key(self._first(secrets))
        signature = self._algorithm.sign(key, self._message(self._templates[0], request, key, values))
        values["signature"] = self._encoding.write(signature)
        headers = {self.header: Template(self.parse).filled(values).decode()}
        if self.id_header:
            headers[self.id_header] = delivery_id
        if self.timestamp_header:
            headers[self.timestamp_header] = timestamp
        return request.with_headers(headers)

    def _key(self, secret: str) -> bytes:
        key = KEYS[self.key](secret)
        self._algorithm.check_key(key)
        return key

    def _keys(self, secrets: Sequence[str]) -> list[bytes]:
        return super()._keys(secrets or self.public_keys)

    def _matches(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        text = request.header(self.header)
        if text in self.missing:
            message = f"{self.header} is `{text}`: the sender has no secret. Set one at the sender."
            raise AuthFailureError(AuthFailure.MISSING, message)
        found = self._items.read(text)
        values = {"id": request.header(self.id_header).encode()} if self.id_header else {}
        if self.timestamp_header:
            found["t"] = [request.header(self.timestamp_header)]
        if "t" in found:
            timestamp = _only(found["t"])
            tolerance = self.tolerance if tolerance is None else tolerance
            if tolerance is not None:
                require_recent(NOTATIONS[self.timestamp], timestamp, now, tolerance)
            values["t"] = timestamp.encode()
        self._require_covered(request)
        given = [self._encoding.read(text) for text in dict.fromkeys(found["signature"])]
        # A list, not a generator: each is tried, so that the time taken does not reveal which secret fits.
        return any([self._fits(request, key, values, given) for key in keys])  # noqa: C419

    def _fits(self, request: Request, key: bytes, values: dict[str, bytes], given: list[bytes]) -> bool:
        length = self._algorithm.signature_length(key)
        candidates = [signature for signature in given if len(signature) == length]
        if not candidates:  # nothing is hashed for what can be no signature
            return False
        messages = [self._message(template, request, key, values) for template in self._templates]
        return any([self._algorithm.fits(key, message, candidates) for message in messages])  # noqa: C419

    def _message(self, template: Template, request: Request, key: bytes, values: dict[str, bytes]) -> bytes:
        of_request = {name: SIGNED[name](request) for name in template.names if name in SIGNED}
        return template.filled({**values, **of_request, "secret": key})

    def _require_covered(self, request: Request) -> None:
        """A body that is no form is not among the signed fields of a form: its digest has to be signed."""
        if not self._signs_form or request.is_form or not request.body:
            return
        if not self.body_digest:
            raise ValueError("The body is not a form, so that it is not signed.")
        digest = hashlib.sha256(request.body).hexdigest().encode()
        if not any_equal([digest], [request.parameter(self.body_digest).lower()]):
            message = f"The query's {self.body_digest} is not the SHA-256 of the body."
            raise AuthFailureError(AuthFailure.MISMATCH, message)

    def _delivery_id(self, request: Request) -> str | None:
        return request.headers.get(self.id_header.lower()) if self.id_header else None

    @property
    def _algorithm(self) -> Algorithm:
        return ALGORITHMS[self.algorithm]

    @property
    def _encoding(self) -> Encoding:
        return ENCODINGS[self.encoding]

    @cached_property
    def _signs_form(self) -> bool:
        return any("form" in template.names for template in self._templates)

    @cached_property
    def _templates(self) -> list[Template]:
        return [Template(text) for text in ((self.signs,) if isinstance(self.signs, str) else self.signs)]

    @cached_property
    def _items(self) -> HeaderFormat:
        return HeaderFormat(self.parse, self.separator)

    def _require_readable_header(self) -> None:
        Template(self.parse).require("parse", known=("signature", "t"), needed=("signature",))
        if self.timestamp_header and "t" in self._items.names:
            raise ValueError("`parse` and `timestamp_header` both define {t}: keep one of them.")

    def _require_sound(self, template: Template) -> None:
        """That a template signs the body, what the header carries, and nothing that no sender sends."""
        template.require("signs", known=("body", "t", "id", "secret", *SIGNED), needed=COVERING_BODY)
        reads_timestamp = "t" in self._items.names or bool(self.timestamp_header)
        _require_agreement("t", "timestamp_header", reads_timestamp, template.names)
        _require_agreement("id", "id_header", bool(self.id_header), template.names)
        if self._algorithm.signs_secret and "secret" not in template.names:
            raise ValueError(f"{self.algorithm} has no key: `signs` needs {{secret}}, or anybody could sign.")
        if not self._algorithm.signs_secret and "secret" in template.names:
            raise ValueError(f"The secret is the key of {self.algorithm}: leave {{secret}} out of `signs`.")
        if self.body_digest and "form" not in template.names:
            raise ValueError("`body_digest` stands in for {form}, which `signs` does not have.")
        if self.body_digest and not set(SIGNING_URL) & set(template.names):
            raise ValueError(
                "`body_digest` is part of the address: `signs` needs {url}, or anybody could change it."
            )

    def _require_sound_keys(self) -> None:
        if self._algorithm.in_pem is not self.key.startswith("pem"):
            other = "is in PEM: say" if self._algorithm.in_pem else "is not in PEM: leave out"
            raise ValueError(f'The key of {self.algorithm} {other} `key="pem"`.')
        if self.public_keys and not self._algorithm.in_pem:
            raise ValueError(f"`public_keys` are of no use to {self.algorithm}, which has no key pairs.")
        for public_key in self.public_keys:
            if error := self._secret_error(public_key):
                raise ValueError(f"One of `public_keys` cannot be used. {error}")


def _require_known(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f"`{option}` is {value!r}: it must be one of {', '.join(known)}.")


def _require_agreement(name: str, option: str, is_read: bool, signed: list[str]) -> None:
    if is_read and name not in signed:
        raise ValueError(f"{{{name}}} is read but `signs` leaves it out: anybody could change it.")
    if name in signed and not is_read:
        raise ValueError(f"`signs` has {{{name}}}, but nothing says where it is: set `{option}`.")


def _only(timestamps: list[str]) -> str:
    if len(timestamps) > 1 or not timestamps:
        raise ValueError(f"There must be one timestamp; the request has {len(timestamps)}.")
    return timestamps[0]
