"""The events of one request, the metadata stored with them, and their delivery ids."""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.errors import AuthFailure, DecodingError, NotAuthenticError
from bridge.keys import key, sanitise
from bridge.mapping.base import Mapping
from bridge.mapping.batches import redact
from bridge.mapping.conversation import CHOSEN_TIME
from bridge.mapping.flattening import MOST_LEAVES, has_too_many_leaves
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.translation import Envelope

STORED_HEADERS = (
    "content-type",
    "idempotency-key",
    "user-agent",
    "webhook-id",
    "x-cal-webhook-version",
    "x-request-id",
)
"""An allow-list: what is not on it (signatures, tokens, cookies, addresses) is stored only where a mapping reads it."""

LARGEST_BATCH = 100
"""Events; each costs a millisecond or two, and the sender waits for the answer."""
LEAST_OF_A_LEAF = 2
"""Bytes: a value takes one, and what parts it from the next another."""
LARGEST_STORED = 16 * 1024 * 1024
"""Bytes of all events of a request together: what surrounds the items of a batch is stored with each of them."""


@dataclass(frozen=True)
class IncomingEvent:
    """One event on its way into the table."""

    body: bytes
    content_type: str | None
    envelope: Envelope
    parked: str | None = None
    """Why it cannot even be decoded, as a sentence; such an event is stored parked and has no job."""
    content: bytes | None = None
    """What the body says, as JSON, for an event without an id: the bytes of a multipart form differ each time."""


@dataclass(frozen=True)
class RequestMetadata:
    """What is stored of the request around the bodies of its events."""

    headers: Dictionary[str, str]
    query: Dictionary[str, str]

    @classmethod
    def of(
        cls,
        mapping: Mapping,
        headers: Dictionary[str, str],
        query: Dictionary[str, str],
        *,
        record: bool = False,
    ) -> "RequestMetadata":
        """Without secrets. `record` keeps the names of all headers, for who is to write a mapping from them."""
        proof = mapping.signature
        secret = {name.lower() for name in proof.header_names} if proof else set()
        names = mapping.read_headers.union(STORED_HEADERS) - secret
        stored = {name: sanitise(headers[name]) or "" for name in sorted(names & headers.keys())}
        left_out = dict.fromkeys(headers.keys() - stored.keys(), NOT_STORED) if record else {}
        parameters = {
            name: text for name, text in query.items() if not proof or name not in proof.query_names
        }
        return cls(
            {**stored, **left_out},
            {sanitise(name) or "": sanitise(text) or "" for name, text in parameters.items()},
        )


NOT_STORED = "(not stored)"


def split_events(
    mapping: Mapping, received: DecodedRequest, body: bytes, tenants: Sequence[str] = ()
) -> list[IncomingEvent]:
    """The events of a decoded request: the body as it came, or each item of a batch as JSON.

    With `tenants`, items of other accounts of this sender are left out: its signature says nothing about whose
    they are.

    Raises:
        NotAuthenticError: nothing is left.
        DecodingError: a batch of more events than one request can store, or an event of more values than any has.
    """
    payload = _without_secrets(mapping, received.payload)
    items = mapping.items(payload)
    if tenants and mapping.tenant:
        items = [
            item
            for item in items
            if mapping.tenant.read(received.with_payload(item, is_part=True)) in tenants
        ]
    if not items:
        reason = ValueError("No event of the request is of an account that `tenants` lists.")
        raise NotAuthenticError(AuthFailure.OTHER_ACCOUNT) from reason
    if len(body) >= LEAST_OF_A_LEAF * MOST_LEAVES and any(map(has_too_many_leaves, items[:LARGEST_BATCH])):
        raise DecodingError(f"An event of the body has more than {MOST_LEAVES} values. Send fewer.")
    if len(items) == 1 and items[0] is received.payload:
        content_type, envelope = received.headers.get("content-type"), mapping.envelope(received)
        content = None if envelope.delivery_id else _as_json(payload)
        if content and (chosen := received.headers.get(CHOSEN_TIME)):
            content += chosen.encode()  # the same number is news where it is that of another time
        return [IncomingEvent(body, content_type, envelope, content=content)]
    if len(items) > LARGEST_BATCH:
        raise DecodingError(
            f"The body is a batch of {len(items)} events, over {LARGEST_BATCH}. Send smaller ones."
        )
    arrivals, size = [], 0
    for item in items:
        content = _as_json(item)
        size += len(content)
        if size > LARGEST_STORED:
            raise DecodingError("The body is a batch whose events repeat too much of it. Send smaller ones.")
        arrivals.append(
            IncomingEvent(
                content, "application/json", mapping.envelope(received.with_payload(item, is_part=True))
            )
        )
    return arrivals


def undecodable(mapping: Mapping, received: DecodedRequest, body: bytes, why: DecodingError) -> IncomingEvent:
    """A request of which no events can be made, as one that is parked; without its secrets."""
    payload = _without_secrets(mapping, received.payload)
    if payload is received.payload:
        return IncomingEvent(body, received.headers.get("content-type"), Envelope(), parked=why.message)
    return IncomingEvent(_as_json(payload), "application/json", Envelope(), parked=why.message)


def _without_secrets(mapping: Mapping, payload: Any) -> Any:
    for path in (*mapping.forgets, *(mapping.signature.body_secrets if mapping.signature else ())):
        payload = redact(payload, path)
    return payload


def _as_json(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


class DuplicatePolicy(StrEnum):
    """Which request counts as a repetition when the sender gives its events no ids."""

    SAME_BODY = "same_body"
    """The same content. The request is signed: anybody who recorded it could send it again at any time."""
    SAME_BODY_UNLESS_INTERLEAVED = "same_body_unless_interleaved"
    """The same content, unless the booking had another event since: cancelled, booked again, cancelled again."""
    NEVER = "never"
    """The content only says that something changed, so every request is a new event."""

    @classmethod
    def of(cls, mapping: Mapping, *, signed: bool) -> "DuplicatePolicy":
        """For a request of this sender; `signed`: its proof holds for this body only."""
        return cls.NEVER if mapping.repeats else cls.SAME_BODY if signed else cls.SAME_BODY_UNLESS_INTERLEAVED


def delivery_ids(
    arrivals: Sequence[IncomingEvent], policy: DuplicatePolicy = DuplicatePolicy.SAME_BODY
) -> list[str]:
    """The sender's ids; a hash of the content where it gives none, and with it where one id covers several events.

    With NEVER, each event gets an id of its own.
    """
    given = [arrival.envelope.delivery_id for arrival in arrivals]
    if len(arrivals) == 1 and given[0] and policy is not DuplicatePolicy.NEVER:
        return [key(given[0]) or _digest(arrivals[0])]
    hashes = [_digest(arrival) for arrival in arrivals]
    if policy is DuplicatePolicy.NEVER:
        return [
            f"{key(given_id) or body_hash}:{uuid.uuid4().hex}"
            for given_id, body_hash in zip(given, hashes, strict=True)
        ]
    events_of = Counter(given_id for given_id, _ in set(zip(given, hashes, strict=True)))
    return [
        key(f"{given_id}|{body_hash}" if given_id and events_of[given_id] > 1 else given_id) or body_hash
        for given_id, body_hash in zip(given, hashes, strict=True)
    ]


def _digest(arrival: IncomingEvent) -> str:
    return f"sha256:{hashlib.sha256(arrival.content or arrival.body).hexdigest()}"
