"""The webhook endpoint: POST /hooks/<source>."""

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed

from bridge import metrics, tracing
from bridge.aliases import aliases_of
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import (
    AuthFailure,
    BodyTooLargeError,
    DecodingError,
    InvalidFormError,
    NotAcceptingError,
    NotAuthenticError,
)
from bridge.inbound import answers, inbox, signatures
from bridge.inbound.accepted import log_accepted
from bridge.inbound.committer import Committer
from bridge.inbound.decoding import decode
from bridge.inbound.decoding.compression import decompressed
from bridge.inbound.forms import FormDesk, form_errors
from bridge.inbound.handshakes import ChallengeByGet, ChallengeByPost
from bridge.inbound.inbox import Delivery, DuplicatePolicy, IncomingEvent, RequestMetadata, Stored
from bridge.inbound.incoming import undecodable
from bridge.mapping.conversation import CHOSEN_TIME
from bridge.mapping.corrected import CORRECTED_FIELDS
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource, Sources
from bridge.mapping.translation import Envelope
from bridge.settings import Settings

hooks = Blueprint("hooks", __name__)

TOUR_LINK = "{tour_link}"
"""In `reply_text`: the address at which the renter moves or cancels the tour."""
TEST = "bridge.test"
"""A key of the WSGI environment by which the console marks its own request: no header can set it."""


@dataclass(frozen=True)
class WebhookEndpoint:
    """What the views need; `current_app.extensions["endpoint"]`."""

    settings: Settings
    sources: Sources
    database: Database
    clock: Clock
    committer: Committer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "committer", Committer(self.database))


@hooks.post("/hooks/<name>", strict_slashes=False, provide_automatic_options=False)
@hooks.post("/hooks/<name>/<token>", strict_slashes=False, provide_automatic_options=False)
def receive(name: str, token: str | None = None) -> Response:
    """Take one request of a sender.

    200: stored, the sender forgets it. 401, 403, 404, 413, 422: an operator has to change something at the
    sender. 503 (or what this sender understands): it tries again. No other status is answered, because senders
    act on them: some disable a hook at 404 or 410, none follows a redirect.
    """
    began = perf_counter()
    endpoint, source = open_endpoint(name)  # 404, 503
    body = read_body(endpoint.settings.server.body_limit)  # 413
    sent = signed_request(endpoint, body, token)
    authenticate(endpoint, source, sent)  # 401, 403
    sent, problem = content_of(sent, endpoint.settings.server.body_limit)  # 413
    received = read(source, sent, problem)  # 422 for a form
    if isinstance(received, DecodedRequest) and isinstance(source.mapping.handshake, ChallengeByPost):
        challenge = source.mapping.handshake.answer(received.payload)
        if challenge is not None:
            return Response(challenge, mimetype="text/plain")
    conversation = answers.begin(source, received) if isinstance(received, DecodedRequest) else None
    if conversation:
        received = conversation.received
        sent = replace(sent, headers=received.headers)
    stored, receipt = take(
        endpoint, source, sent, received
    )  # 401 for another tenant, 409, 422, 429 for a form, 503
    readable = received if isinstance(received, DecodedRequest) else None
    # 200, even for a duplicate or a parked event
    response = answers.response(source, stored, receipt, readable, conversation)
    log_accepted(source.name, stored, response.status_code, began)
    return response


def take(
    endpoint: WebhookEndpoint,
    source: MappedSource,
    sent: signatures.Request,
    received: DecodedRequest | DecodingError,
) -> tuple[list[Stored], dict[str, Any]]:
    """Store the events of a request; returns what was stored, and what a visitor gets for a form.

    Raises:
        NotAuthenticError: all of them are of other accounts of this sender.
        InvalidFormError: a visitor's form has wrong values, or its time is not free.
        SubmissionReusedError, ProofOfWorkNeededError, TooManyFormsError: a form is not taken.
        SQLAlchemyError: nothing is stored.
    """
    arrivals = split_events(endpoint, source, sent, received)
    metadata = RequestMetadata.of(source.mapping, sent.headers, sent.query, record=source.settings.record)
    is_test = TEST in request.environ
    delivery = Delivery(
        source.name,
        metadata,
        arrivals,
        endpoint.clock(),
        duplicate_policy(source, sent),
        is_test,
        tracing.current(),
    )
    desk: FormDesk | None = current_app.extensions.get("forms")
    form = (
        received if source.mapping.public and isinstance(received, DecodedRequest) and not is_test else None
    )
    if desk and form:
        desk.admit(source, form, delivery.ids[0])
    stored = endpoint.committer.store(delivery)
    count(source.name, stored)
    needs_receipt = form is not None or TOUR_LINK in repr(
        (source.settings.reply_text, source.settings.replies)
    )
    if desk is None or not needs_receipt or not isinstance(received, DecodedRequest):
        return stored, {}
    return stored, desk.receipt(source, received, arrivals[0].envelope.reference)


@hooks.get("/hooks/<name>", strict_slashes=False, provide_automatic_options=False)
@hooks.get("/hooks/<name>/<token>", strict_slashes=False, provide_automatic_options=False)
def verify_endpoint(name: str, token: str | None = None) -> Response:
    """Answer the challenge by which some senders (Meta) verify the endpoint; the token proves nothing here."""
    del token
    _, source = open_endpoint(name)
    if not isinstance(source.mapping.handshake, ChallengeByGet):
        raise MethodNotAllowed(["OPTIONS", "POST"])  # never a 200: an event sent by GET would be lost
    challenge = source.mapping.handshake.answer(request.args, source.settings.verify_tokens)
    return Response(challenge, mimetype="text/plain")


@hooks.route("/hooks/<name>", strict_slashes=False, methods=["OPTIONS"])
@hooks.route("/hooks/<name>/<token>", strict_slashes=False, methods=["OPTIONS"])
def options(name: str, token: str | None = None) -> Response:
    """CloudEvents' question whether its events are wanted here; a browser's is answered by flask-cors."""
    del token
    open_endpoint(name)
    response = Response(status=200, headers={"Allow": "POST, GET, OPTIONS"})
    origin = request.headers.get("WebHook-Request-Origin")
    if origin:
        response.headers["WebHook-Allowed-Origin"] = origin
        response.headers["WebHook-Allowed-Rate"] = "*"
    return response


def open_endpoint(name: str) -> tuple[WebhookEndpoint, MappedSource]:
    """The configured source. Raises UnknownSourceError, or NotAcceptingError where it is switched off."""
    endpoint: WebhookEndpoint = current_app.extensions["endpoint"]
    source = endpoint.sources[name]
    if not source.settings.enabled:
        raise NotAcceptingError("This source is switched off. Send it again later.")
    return endpoint, source


def read_body(limit: int) -> bytes:
    """The bytes of the request. A length over the limit is refused before reading, by MAX_CONTENT_LENGTH.

    Raises:
        BodyTooLargeError: it came in chunks without a length and is over the limit (bytes) as well.
        ClientDisconnected: it ends before the length that was announced.
    """
    body = request.get_data()
    if len(body) > limit:
        raise BodyTooLargeError
    if len(body) < (request.content_length or 0):
        raise ClientDisconnected
    return body


def signed_request(endpoint: WebhookEndpoint, body: bytes, token: str | None) -> signatures.Request:
    """The request as its sender signed it: under the public address, with path and query as they came."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path
    address = raw[raw.index("/", raw.index("//") + 2) :] if "://" in raw.partition("?")[0] else raw
    url = (endpoint.settings.server.public_url or "http://localhost") + address
    return signatures.Request(_headers(request.environ), body, request.method, url, token)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The headers by lower-case names; Werkzeug's would be capitalised first."""
    sent = {name[5:]: text for name, text in environ.items() if name.startswith("HTTP_")}
    sent |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    headers = {name.replace("_", "-").lower(): text for name, text in sent.items()}
    for ours in (CHOSEN_TIME, CORRECTED_FIELDS):
        headers.pop(ours, None)
    return headers


def authenticate(endpoint: WebhookEndpoint, source: MappedSource, sent: signatures.Request) -> None:
    """Raises NotAuthenticError, or OriginNotAllowedError for a form of a site that is not listed."""
    if source.needs_no_secret(sent.headers.get("origin")):
        return
    if source.verifier is None:
        raise NotAuthenticError(AuthFailure.CONFIGURATION)
    source.verifier.verify(sent, endpoint.clock())


def content_of(sent: signatures.Request, limit: int) -> tuple[signatures.Request, DecodingError | None]:
    """The request with its body decompressed; as it was sent, with the reason, where that cannot be done.

    Raises:
        BodyTooLargeError: the body is over the limit (bytes) once it is decompressed.
    """
    try:
        content = decompressed(sent.body, sent.headers.get("content-encoding"), limit)
    except DecodingError as error:
        return sent, error
    return (sent if content is sent.body else replace(sent, body=content)), None


def read(
    source: MappedSource, sent: signatures.Request, problem: DecodingError | None = None
) -> DecodedRequest | DecodingError:
    """What the body says, or why it cannot be decoded: that is kept as a parked event.

    Raises:
        InvalidFormError: a visitor's form cannot be decoded.
    """
    try:
        if problem is not None:
            raise problem
        payload = decode(sent.body, sent.headers.get("content-type"))
    except DecodingError as error:
        if source.mapping.public:
            raise InvalidFormError({"body": [error.message]}) from error
        return error
    return DecodedRequest(payload, sent.headers, sent.query)


def split_events(
    endpoint: WebhookEndpoint,
    source: MappedSource,
    sent: signatures.Request,
    received: DecodedRequest | DecodingError,
) -> list[IncomingEvent]:
    """The events of a request, without those of accounts that are not ours.

    Raises:
        NotAuthenticError: all of them are of other accounts of this sender.
        InvalidFormError: a visitor's form has wrong values.
    """
    if isinstance(received, DecodingError):
        return [
            IncomingEvent(sent.body, sent.headers.get("content-type"), Envelope(), parked=received.message)
        ]
    if source.mapping.public:
        errors = form_errors(
            source, received, endpoint.settings, aliases_of(endpoint.database), endpoint.clock()
        )
        if errors:
            raise InvalidFormError(errors)
    try:
        return inbox.split_events(source.mapping, received, sent.body, source.settings.tenants)
    except DecodingError as error:
        return [undecodable(source.mapping, received, sent.body, error)]


def duplicate_policy(source: MappedSource, sent: signatures.Request) -> DuplicatePolicy:
    """What it means if this request repeats an earlier one."""
    proof = source.mapping.signature
    signed = proof is not None and source.settings.auth != "none" and proof.signs_body(sent)
    return DuplicatePolicy.of(source.mapping, signed=signed)


def count(name: str, stored: list[Stored]) -> None:
    """Count the events in Prometheus."""
    duplicates = sum(receipt.duplicate for receipt in stored)
    metrics.RECEIVED.labels(name).inc(len(stored) - duplicates)
    if duplicates:
        metrics.DUPLICATES.labels(name).inc(duplicates)
