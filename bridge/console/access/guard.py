"""Authentication and roles: a session cookie at the console, a bearer token at the API."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access import connection, sessions, tokens
from bridge.console.actor import Actor, Via
from bridge.console.dates import DEFAULT_LOCALE, known_locale
from bridge.console.tools import tools
from bridge.errors import NotAllowedError, NotFromThisPageError, NotSignedInError
from bridge.models import Role, User
from bridge.settings.spelling import is_loopback

SAFE = ("GET", "HEAD", "OPTIONS")
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Visitor:
    """Who sent the present request."""

    actor: Actor
    token_id: int | None = None
    """Of the token that was used."""
    locale: str = DEFAULT_LOCALE
    """How dates and numbers are written for the signed-in user."""
    user_id: int | None = None
    """Of a user of the database who is signed in."""


def init_app(app: Flask) -> None:
    """Refuse what another site makes a browser send to the console, the form to sign in included.

    The management API needs no such check: no browser adds its tokens to a request.
    """

    @app.before_request
    def refuse_cross_site() -> None:
        if request.method in SAFE or not request.path.startswith("/console"):
            return
        sent = request.headers
        problem = connection.cross_site_problem(
            sent.get("Sec-Fetch-Site"), sent.get("Origin"), request.host, tools().settings.server.public_url
        )
        if problem:
            raise NotFromThisPageError(f"{problem} {NotFromThisPageError.__doc__}")


def needs(role: Role) -> Callable[[View], View]:
    """Require this role; on every view below /console and /api that is not open to all."""

    def guarded(view: View) -> View:
        @functools.wraps(view)
        def call(*args: Any, **kwargs: Any) -> Any:
            visitor = _visitor()
            if visitor is None:
                if request.path.startswith("/console"):
                    return _redirect_to_sign_in()
                raise NotSignedInError
            if not visitor.actor.may(role):
                raise NotAllowedError
            return view(*args, **kwargs)

        call.needs = role  # type: ignore[attr-defined]  # for the test that no view goes without
        return call  # type: ignore[return-value]  # it takes what the view takes

    return guarded


def current_actor() -> Actor:
    """The current user. Raises NotSignedInError."""
    return current_visitor().actor


def current_visitor() -> Visitor:
    """The current user and how they signed in. Raises NotSignedInError."""
    visitor = _visitor()
    if visitor is None:
        raise NotSignedInError
    return visitor


def visitor_if_any() -> Visitor | None:
    """The current user, also on pages that are open to all."""
    return _visitor()


def require_role(role: Role) -> None:
    """For a view that is open to all with some configurations: by a token or by a session.

    Raises:
        NotSignedInError, NotAllowedError
    """
    visitor = _by_token() or _by_cookie()
    if visitor is None:
        raise NotSignedInError
    if not visitor.actor.may(role):
        raise NotAllowedError


def cookie_name() -> str:
    """`__Host-` binds a cookie to this very host; only on this machine it goes without TLS."""
    return "__Host-bridge" if needs_tls() else "bridge"


def current_locale() -> str:
    """How dates and numbers are written for the signed-in user."""
    visitor = _visitor()
    return visitor.locale if visitor else DEFAULT_LOCALE


def locale_cookie_name() -> str:
    """Of the cookie with the locale of an account that is not in the database."""
    return f"{cookie_name()}-locale"


def openid_cookie_name() -> str:
    """Of the cookie of a sign-in that is at the provider."""
    return f"{cookie_name()}-openid"


def needs_tls() -> bool:
    """Whether what is sent to this address could be heard by others."""
    host = urlsplit(f"//{request.host}").hostname or ""
    return request.is_secure or not is_loopback(host)


def _visitor() -> Visitor | None:
    if "visitor" not in g:
        g.visitor = _by_token() if request.path.startswith("/api/") else _by_cookie()
    found: Visitor | None = g.visitor
    return found


def _by_cookie() -> Visitor | None:
    text = request.cookies.get(cookie_name())
    if not text:
        return None
    with tools().database.session() as session:
        found = sessions.find(session, tools().settings, text, tools().clock())
        if found is None:
            return None
        user = session.get(User, found.user_id) if found.user_id else None
        chosen = user.locale if user else request.cookies.get(locale_cookie_name())
    return Visitor(
        Actor(found.name, Role(found.role), Via.CONSOLE), None, known_locale(chosen), found.user_id
    )


def _by_token() -> Visitor | None:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text.startswith(tokens.PREFIX):
        return None
    with tools().database.session() as session:
        found = tokens.find(session, text.strip(), tools().clock())
        return Visitor(Actor(found.name, Role(found.role), Via.API), found.id) if found else None


def _redirect_to_sign_in() -> Response:
    """To the sign-in page, and back afterwards; htmx follows a header and not a redirect."""
    here = (
        request.full_path.rstrip("?")
        if request.method == "GET" and "HX-Request" not in request.headers
        else None
    )
    page = url_for("access.sign_in", next=here)
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": page})
    return redirect(page, 303)
