"""Signing in and out."""

import math
import re

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access import accounts, connection, passwords, sessions, throttle
from bridge.console.access.guard import cookie_name, needs, needs_tls
from bridge.console.actions.users import record_sign_in
from bridge.console.tools import tools
from bridge.errors import InsecureConnectionError
from bridge.models import Role

OWN_PAGE = re.compile(r"/console(?:[/?][!-\[\]-~]*)?")
"""A path of ours: no space, control character or backslash, which a browser reads as a slash."""

LARGEST_FORM = 16 * 1024
"""Bytes of the form of a visitor who is not signed in: to take a large one apart costs a second."""

access = Blueprint("access", __name__, url_prefix="/console")


@access.get("/sign-in")
def sign_in() -> str:
    """The form; open to all."""
    _check_connection()
    return render_template("access/sign_in.html", next=request.args.get("next", ""))


@access.post("/sign-in")
def open_session() -> Response:
    """Check name and password, and open a session under a new cookie."""
    request.max_content_length = LARGEST_FORM
    _check_connection()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    now, keys = tools().clock(), throttle.keys_of(name, request.remote_addr)
    with tools().database.session() as session:
        counted = throttle.take(session, keys, now)
    if not counted.wait:
        with passwords.slot(), tools().database.session() as session:
            account = accounts.authenticate(session, tools().settings, name, password)
            if account is not None:
                throttle.succeeded(session, counted)
                text = sessions.begin(session, tools().settings, account, now)
                record_sign_in(session, account.name, account.role, now)
                return with_cookie(redirect(_next(), 303), text)
    seconds = math.ceil(counted.wait.total_seconds())
    page = render_template(
        "access/sign_in.html", next=request.form.get("next", ""), name=name, wait=seconds, wrong=True
    )
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return make_response(page, 429 if seconds else 401, headers)


@access.get("/sign-in/<text>")
def show_magic_link(text: str) -> str:
    """A link is used by a click and not by being looked at: mail programs and chats look at links."""
    _check_connection()
    return render_template("access/link.html", text=text)


@access.post("/sign-in/<text>")
def redeem_magic_link(text: str) -> Response:
    """Open a session by a one-time link."""
    _check_connection()
    now = tools().clock()
    with tools().database.session() as session:
        cookie = sessions.redeem_magic_link(session, tools().settings, text, now)
        if cookie is None:
            page = render_template("access/link.html", text=text, used=True)
            return make_response(page, 401)
        record_sign_in(session, sessions.FIRST_ADMIN, Role.ADMIN, now)
    return with_cookie(redirect(url_for("admin.users"), 303), cookie)


@access.post("/sign-out")
@needs(Role.VIEWER)
def sign_out() -> Response:
    with tools().database.session() as session:
        sessions.end(session, request.cookies.get(cookie_name(), ""))
    response = redirect(url_for("access.sign_in"), 303)
    response.delete_cookie(cookie_name(), secure=needs_tls(), httponly=True, samesite="Lax")
    return response


def _check_connection() -> None:
    """Before a password is typed or a link is used. Raises InsecureConnectionError."""
    public_url = tools().settings.server.public_url
    if not connection.may_take_secrets(request.host, is_secure=request.is_secure, public_url=public_url):
        hint = "Behind a proxy with TLS, set `public_url` or `trusted_proxies` under [server]."
        raise InsecureConnectionError(f"{InsecureConnectionError.__doc__} {hint}")


def _next() -> str:
    """The page that was asked for before; only one of ours."""
    wanted = request.form.get("next", "")
    return wanted if OWN_PAGE.fullmatch(wanted) and ".." not in wanted else "/console"


def with_cookie(response: Response, text: str) -> Response:
    """An answer that gives the browser the text of its session."""
    response.set_cookie(
        cookie_name(), text, secure=needs_tls(), httponly=True, samesite="Lax", path="/",
        max_age=tools().settings.console.session_hours * 3600,
    )  # fmt: skip
    return response
