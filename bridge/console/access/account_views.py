"""`/console/account`: what users can change about their own accounts."""

import math

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge.console.access import accounts, passwords, sessions, throttle
from bridge.console.access.guard import (
    current_actor,
    current_visitor,
    locale_cookie_name,
    needs,
    needs_tls,
)
from bridge.console.access.views import with_cookie
from bridge.console.actions import users as actions
from bridge.console.dates import LOCALES, locale_names
from bridge.console.flash import Flash, on_next_page
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Role

account_pages = Blueprint("account", __name__, url_prefix="/console/account")
A_YEAR = 365 * 24 * 3600
"""Seconds."""


@account_pages.get("")
@needs(Role.VIEWER)
def show(problem: str | None = None) -> str:
    with tools().database.session() as session:
        names = {user.name for user in accounts.every_user(session) if user.password_hash}
    return render_template(
        "access/account.html",
        has_password=current_actor().name in names,
        problem=problem,
        shortest=passwords.SHORTEST,
        locales=locale_names(),
        locale=current_visitor().locale,
        example=tools().clock(),
        example_count=12345,
    )


@account_pages.post("/locale")
@needs(Role.VIEWER)
def change_locale() -> Response:
    """Write dates and numbers in another way: kept with a user of the database, else in this browser."""
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        abort(422, "Choose one of the list.")
    answer = redirect(url_for("account.show"), 303)
    with tools().database.session() as session:
        if not accounts.set_locale(session, current_visitor().user_id, locale):
            answer.set_cookie(
                locale_cookie_name(), locale, max_age=A_YEAR, path="/", secure=needs_tls(), httponly=True,
                samesite="Strict",
            )  # fmt: skip
    return on_next_page(answer, Flash.LOCALE_CHANGED)


@account_pages.post("/password")
@needs(Role.VIEWER)
def change_password() -> Response:
    """Change the password of a user who knows the present one; the session gets a new cookie, all others end."""
    settings, actor, now = tools().settings, current_actor(), tools().clock()
    keys = throttle.keys_of(actor.name, request.remote_addr)
    with tools().database.session() as session:
        counted = throttle.take(session, keys, now)
    if counted.wait:
        seconds = math.ceil(counted.wait.total_seconds())
        answer = make_response(show("Too many wrong passwords. Try it again later."), 429)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    try:
        with passwords.slot(), tools().database.session() as session:
            account = accounts.authenticate(session, settings, actor.name, request.form.get("current", ""))
            if account is None or account.user_id is None:
                return make_response(show("The present password is not right."), 422)
            throttle.succeeded(session, counted)
            actions.change_own_password(session, actor, request.form.get("password", ""), now)
            text = sessions.begin(session, settings, account, now)
    except BridgeError as error:
        return make_response(show(error.message), 422)
    changed = with_cookie(redirect(url_for("account.show"), 303), text)
    return on_next_page(changed, Flash.PASSWORD_CHANGED)
