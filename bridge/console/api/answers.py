"""Errors of the API as application/problem+json, and the link to the next page."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from bridge import problems
from bridge.console.access.accounts import MissingUserNameError, NameTakenError, UnknownUserError
from bridge.console.access.passwords import WeakPasswordError
from bridge.console.actions.aliases import AliasTakenError, MissingNameError, UnknownAliasError
from bridge.console.actions.corrections import UnreadableCorrectionError
from bridge.console.actions.events import ActionNotPossibleError
from bridge.console.api.idempotency import (
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
    RequestInProgressError,
)
from bridge.console.api.limits import TooManyRequestsError
from bridge.console.queries.integrations import UnknownIntegrationError
from bridge.console.queries.paging import Page, UnknownCursorError
from bridge.console.workbench.new_mapping import UnusableNameError
from bridge.console.workbench.saving import ContractNotKeptError, FilesReplacedError
from bridge.errors import BridgeError, ConfigurationError, RefusedRequestError
from bridge.events.detail import SourceRemovedError
from bridge.events.edit import NotRepairableError
from bridge.events.query import UnknownPropertyError
from bridge.propexo.errors import PropexoError


class NoSuchRowError(BridgeError):
    """Nothing has this id."""

    code = "no_such_row"


STATUSES: dict[type[BridgeError], int] = {
    AliasTakenError: 409,
    IdempotencyKeyReusedError: 422,
    ConfigurationError: 409,
    ContractNotKeptError: 422,
    NameTakenError: 409,
    MissingNameError: 409,
    MissingUserNameError: 422,
    NoSuchRowError: 404,
    ActionNotPossibleError: 409,
    UnreadableCorrectionError: 409,
    NotRepairableError: 409,
    SourceRemovedError: 409,
    RequestInProgressError: 409,
    TooManyRequestsError: 429,
    UnknownAliasError: 404,
    UnknownCursorError: 404,
    UnknownIntegrationError: 404,
    UnknownPropertyError: 404,
    UnknownUserError: 404,
    UnusableNameError: 409,
    InvalidIdempotencyKeyError: 422,
    WeakPasswordError: 422,
}
"""What each finding is answered with; an error of Propexo with 502, any other is a conflict."""
TITLES = {
    404: "Not found",
    409: "Not possible",
    422: "Not understood",
    429: "Too many requests",
    502: "Propexo did not answer",
}


def answer_problems(blueprint: Blueprint) -> None:
    """Answer what goes wrong in these views in the shape of all errors."""
    blueprint.register_error_handler(RefusedRequestError, problems.refused)
    blueprint.register_error_handler(BridgeError, _finding)
    blueprint.register_error_handler(UnprocessableEntity, _not_understood)


def _finding(error: BridgeError) -> Response:
    status = 502 if isinstance(error, PropexoError) else STATUSES.get(type(error), 409)
    more: dict[str, Any] = {}
    if isinstance(error, ActionNotPossibleError):
        more = {"errors": {str(event_id): line for event_id, line in error.problems.items()}}
    if isinstance(error, ContractNotKeptError):
        more = {"errors": {"findings": list(error.findings)}}
    if isinstance(error, FilesReplacedError):
        changes = ((change.name, "\n".join(map("".join, change.difference))) for change in error.changes)
        more = {"seen": error.digest, "differences": dict(changes)}
    return problems.problem(status, TITLES[status], error.message, error.code, **more)


def _not_understood(error: HTTPException) -> Response:
    """What webargs and marshmallow found, by field."""
    found = getattr(error, "data", {}).get("messages", {})
    return problems.problem(
        422,
        TITLES[422],
        "Some values are not valid; see `errors`.",
        "not_understood",
        errors=found,
    )


def linked(page: Page[Any]) -> tuple[Page[Any], int, dict[str, str]]:
    """A page, with a Link header to the next (RFC 8288)."""
    if page.next is None:
        return page, 200, {}
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    query = urlencode([*given, ("cursor", page.next)], errors="replace")
    return page, 200, {"Link": f'<{request.path}?{query}>; rel="next"'}
