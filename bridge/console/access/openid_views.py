"""To the company's own sign-in, and back."""

from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access import sessions
from bridge.console.access.guard import needs_tls, openid_cookie_name
from bridge.console.access.views import with_cookie
from bridge.console.actions.users import record_sign_in
from bridge.console.tools import tools
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from bridge.console.access.openid import Provider

openid_pages = Blueprint("openid", __name__, url_prefix="/console/openid")
REMEMBERED_FOR = 600
"""Seconds that a user has at the provider."""


@openid_pages.get("/begin")
def begin() -> Response:
    """Send the browser to the provider; open to all."""
    try:
        response, remembered = _provider().begin(_redirect_uri())
    except BridgeError as error:
        return _refused(error)
    response.set_cookie(
        openid_cookie_name(), remembered, secure=needs_tls(), httponly=True, samesite="Lax", path="/",
        max_age=REMEMBERED_FOR,
    )  # fmt: skip
    return response


@openid_pages.get("/finish")
def finish() -> Response:
    """Where the provider sends the browser back to; open to all."""
    try:
        name, role = _provider().finish()
    except BridgeError as error:
        return _refused(error)
    now = tools().clock()
    with tools().database.session() as session:
        text = sessions.begin_from_outside(session, tools().settings, name, role, now)
        record_sign_in(session, name, role, now)
    response = with_cookie(redirect("/console", 303), text)
    response.delete_cookie(openid_cookie_name(), secure=needs_tls(), httponly=True, samesite="Lax")
    return response


def _provider() -> "Provider":
    """The client of the configured provider: one for the process."""
    from bridge.console.access.openid import Provider  # noqa: PLC0415 - Authlib is an extra

    configured = tools().settings.console.openid
    if configured is None:
        abort(404)
    if "openid" not in current_app.extensions:
        current_app.extensions["openid"] = Provider(configured, tools().clock)
    found: Provider = current_app.extensions["openid"]
    return found


def _redirect_uri() -> str:
    return (tools().settings.server.public_url or request.host_url.rstrip("/")) + url_for("openid.finish")


def _refused(error: BridgeError) -> Response:
    return make_response(render_template("access/sign_in.html", next="", problem=error.message), 401)
