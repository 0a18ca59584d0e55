"""Every error of every route as application/problem+json (RFC 9457)."""

from typing import Any

import psycopg
import structlog
from flask import Flask, Response, current_app, json, request
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from bridge import metrics
from bridge.errors import (
    AuthFailure,
    BodyTooLargeError,
    NotAcceptingError,
    NotAuthenticError,
    NotReadyError,
    OriginNotAllowedError,
    RefusedRequestError,
    UnknownSourceError,
)

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Answer errors of all kinds in one shape."""
    app.register_error_handler(RefusedRequestError, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, database_error)
    app.register_error_handler(Exception, unexpected)


def problem(status: int, title: str, detail: str, code: str, **more: Any) -> Response:
    """One problem document. `detail` is for the person at the other end and carries no data of a third one."""
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return Response(json.dumps(document), status, mimetype="application/problem+json")


def refused(error: RefusedRequestError) -> Response:
    """An answer that the bridge gives on purpose."""
    # Only of a signature the cause is known to be a sentence of ours; that of another may repeat what was sent.
    cause = {"cause": str(error.__cause__)} if isinstance(error, NotAuthenticError) else {}
    if not isinstance(
        error, NotReadyError
    ):  # a probe asks every few seconds: monitoring/readiness.py logs each change
        log.info("refused", code=error.code, source=_source(), **cause)
    _count(error)
    status = _busy_status() if isinstance(error, NotAcceptingError) else error.status
    response = problem(status, error.title, error.message, error.code, **error.members)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def http_error(error: HTTPException) -> Response:
    """Flask's and Werkzeug's own: an unknown address, a method that a hook does not take, a body over the limit."""
    if isinstance(error, RequestEntityTooLarge):
        return refused(BodyTooLargeError())
    metrics.REFUSED.labels("http_error").inc()
    status = error.code or 500
    response = problem(
        status, error.name, error.description or error.name, error.name.lower().replace(" ", "_")
    )
    allowed = dict(error.get_headers()).get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response


def database_error(error: SQLAlchemyError | psycopg.Error) -> Response:
    """Away, locked or full: nothing was stored, so the sender must keep it and come again.

    A value that PostgreSQL cannot take (SQLSTATE class 22) is the caller's fault. Senders are asked to retry all
    the same: an event must not be lost.
    """
    if isinstance(error, DataError) and not request.path.startswith("/hooks/"):
        log.info("refused by the database", cause=type(error.__cause__).__name__)
        return http_error(BadRequest("A value is out of range, or holds a character that no text has."))
    log.error(
        "database error at the webhook endpoint",
        error=type(error).__name__,
        cause=type(error.__cause__).__name__,
        source=_source(),
    )
    return refused(NotAcceptingError())


def unexpected(error: Exception) -> Response:
    """A defect of ours. The sender keeps the event and tries again."""
    metrics.REFUSED.labels("internal_error").inc()
    log.exception("unexpected error at the webhook endpoint", error=type(error).__name__, source=_source())  # noqa: LOG004 - Flask calls this while it handles the exception
    return problem(500, "Internal error", "This is an error in the bridge; see its log.", "internal_error")


def _count(error: RefusedRequestError) -> None:
    """Tell Prometheus; and those who look after a source, where a request to it was not believed."""
    metrics.REFUSED.labels(error.code).inc()
    failure = {
        NotAuthenticError: getattr(error, "failure", None),
        OriginNotAllowedError: AuthFailure.ORIGIN,
    }.get(type(error))
    source = _source()
    if failure and source in current_app.extensions["endpoint"].settings.sources:
        current_app.extensions["monitoring"].failures.note(source, failure)


def _busy_status() -> int:
    """What the sender of this request takes for "come again later"."""
    endpoint = current_app.extensions["endpoint"]
    try:
        return int(endpoint.sources[_source() or ""].mapping.busy_status)
    except UnknownSourceError:
        return NotAcceptingError.status


def _source() -> str | None:
    """The name in the address of a hook."""
    return (request.view_args or {}).get("name")
