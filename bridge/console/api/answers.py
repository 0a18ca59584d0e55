"""Errors of the API as application/problem+json, and the link to the next page."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from bridge import problems
from bridge.console.access.accounts import NameTaken, NoUserName, UnknownUser
from bridge.console.access.passwords import WeakPassword
from bridge.console.api.repeating import AnotherRequest, StillRunning, UnusableKey
from bridge.console.deeds.aliases import AliasTaken, NoName, UnknownAlias
from bridge.console.deeds.corrections import NotReadable
from bridge.console.deeds.events import NotPossible
from bridge.console.queries.integrations import UnknownIntegration
from bridge.console.queries.paging import Page, UnknownCursor
from bridge.errors import BridgeError, ConfigurationError, RefusedRequest
from bridge.events.detail import SourceGone
from bridge.events.edit import NotRepairable
from bridge.events.query import UnknownProperty


class NoSuchRow(BridgeError):  # noqa: N818 - read as a finding
    """There is nothing of this id."""

    code = "no_such_row"


STATUSES: dict[type[BridgeError], int] = {
    AliasTaken: 409,
    AnotherRequest: 422,
    ConfigurationError: 409,
    NameTaken: 409,
    NoName: 409,
    NoUserName: 422,
    NoSuchRow: 404,
    NotPossible: 409,
    NotReadable: 409,
    NotRepairable: 409,
    SourceGone: 409,
    StillRunning: 409,
    UnknownAlias: 404,
    UnknownCursor: 404,
    UnknownIntegration: 404,
    UnknownProperty: 404,
    UnknownUser: 404,
    UnusableKey: 422,
    WeakPassword: 422,
}
"""What each finding is answered with; any other is a conflict."""
TITLES = {404: "Not found", 409: "Not possible", 422: "Not understood"}


def tell_problems(blueprint: Blueprint) -> None:
    """Answer what goes wrong in these views in the shape of all errors."""
    blueprint.register_error_handler(RefusedRequest, problems.refused)
    blueprint.register_error_handler(BridgeError, _finding)
    blueprint.register_error_handler(UnprocessableEntity, _not_understood)


def _finding(error: BridgeError) -> Response:
    status = STATUSES.get(type(error), 409)
    more: dict[str, Any] = {}
    if isinstance(error, NotPossible):
        more = {"errors": {str(event_id): line for event_id, line in error.objections.items()}}
    return problems.problem(status, TITLES[status], error.message, error.code, **more)


def _not_understood(error: HTTPException) -> Response:
    """What webargs and marshmallow found, by field."""
    found = getattr(error, "data", {}).get("messages", {})
    return problems.problem(
        422,
        TITLES[422],
        "Some values are not what is expected; `errors` says which.",
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
