"""The door: POST /hooks/<source>."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import ClientDisconnected

from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import (
    BodyTooLarge,
    DecodingError,
    InvalidForm,
    NotAccepting,
    NotAuthentic,
    OriginNotAllowed,
)
from bridge.inbound import inbox, signatures
from bridge.inbound.decoding import decode
from bridge.inbound.forms import form_errors
from bridge.inbound.inbox import Arrival, Stored
from bridge.mapping.base import Envelope
from bridge.mapping.paths import Received
from bridge.mapping.sources import Source, Sources
from bridge.queue import Queue
from bridge.settings import Settings

hooks = Blueprint("hooks", __name__)


@dataclass(frozen=True)
class Door:
    """What the views need; `current_app.extensions["door"]`."""

    settings: Settings
    sources: Sources
    database: Database
    queue: Queue
    clock: Clock


@hooks.post("/hooks/<name>")
def receive(name: str) -> Response:
    """Take one request of a sender.

    200: stored, the sender forgets it. 401, 403, 404, 413, 422: a person has to change something at the
    sender. 503: the sender tries again. No other status is answered, because senders act on them: some disable
    a hook at 404 or 410, none follows a redirect.
    """
    door: Door = current_app.extensions["door"]
    source = door.sources[name]  # 404
    if not source.settings.enabled:
        raise NotAccepting("This source is switched off. Send it again later.")  # 503
    body = whole_body(door.settings.server.body_limit)  # 413
    headers = {key.lower(): value for key, value in request.headers.items()}
    authenticate(door, source, headers, body)  # 401, 403
    arrivals = read(door, source, headers, body)  # 422 for a form
    with door.database.session() as session:  # 503
        stored = inbox.store(session, door.queue, name, headers, arrivals, door.clock())
    return answer(stored)  # 200, whatever a duplicate or a parked event


def whole_body(limit: int) -> bytes:
    """The bytes of the request. A length over the limit is refused before reading, by MAX_CONTENT_LENGTH.

    Raises:
        BodyTooLarge: it came in chunks without a length and is over the limit (bytes) as well.
        ClientDisconnected: it ends before the length that was announced.
    """
    body = request.get_data()
    if len(body) > limit:
        raise BodyTooLarge
    if len(body) < (request.content_length or 0):
        raise ClientDisconnected
    return body


def authenticate(door: Door, source: Source, headers: Mapping[str, str], body: bytes) -> None:
    """Raises NotAuthentic, or OriginNotAllowed for a form of a site that is not listed."""
    if source.mapping.public:
        origin = headers.get("origin")
        if origin is not None and origin not in source.settings.origins:
            raise OriginNotAllowed
        return
    if source.mapping.signature is None:
        raise NotAuthentic
    signed = signatures.Request(headers, body)
    source.mapping.signature.verify(signed, source.settings.secrets, door.clock(), source.settings.tolerance)


def read(door: Door, source: Source, headers: Mapping[str, str], body: bytes) -> list[Arrival]:
    """The events of a request. A body that cannot be decoded is kept as one parked event.

    Raises:
        InvalidForm: a visitor's form has wrong values, or cannot be decoded.
    """
    content_type = headers.get("content-type")
    try:
        payload = decode(body, content_type)
        arrivals = inbox.arrivals_of(source.mapping, payload, body, headers)
    except DecodingError as error:
        if source.mapping.public:
            raise InvalidForm({"body": [error.message]}) from error
        return [Arrival(body, content_type, Envelope(), parked=error.message)]
    if source.mapping.public:
        errors = form_errors(source, Received(payload, headers), door.settings, door.clock())
        if errors:
            raise InvalidForm(errors)
    return arrivals


def answer(stored: list[Stored]) -> Response:
    """`{"id", "status"}` for one event; for a batch the same for each under `events`."""
    told = [
        {"id": one.id, "status": one.status, **({"duplicate": True} if one.duplicate else {})}
        for one in stored
    ]
    return jsonify(told[0] if len(told) == 1 else {"status": "received", "events": told})
