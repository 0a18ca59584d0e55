"""Users, tokens and the audit log: pages for administrators."""

import re
from datetime import timedelta

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from bridge.console.access import accounts, tokens
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import tokens as token_actions
from bridge.console.actions import users as actions
from bridge.console.actions.users import UserChange
from bridge.console.audit_sentences import audit_line
from bridge.console.flash import Flash, on_next_page
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import AuditEntry, Role

admin = Blueprint("admin", __name__, url_prefix="/console")
PAGE = 100
MOST_DAYS = 3650
"""For which a token may be valid, unless it is valid for ever."""
MOST_LINKS = 100
"""Events of one entry that have a link."""


@admin.get("/users")
@needs(Role.ADMIN)
def users(problem: str | None = None) -> str:
    with tools().database.session() as session:
        known = accounts.every_user(session)
    configured = tools().settings.users.values()
    return render_template(
        "access/users.html", users=known, configured=configured, roles=Role, problem=problem
    )


@admin.post("/users")
@needs(Role.ADMIN)
def add_user() -> Response:
    name, role = request.form.get("name", ""), _role(request.form.get("role"))
    password, now = request.form.get("password", ""), tools().clock()
    try:
        with tools().database.session() as session:
            actions.add_user(session, tools().settings, current_actor(), name, role, password, now)
    except BridgeError as error:
        return make_response(users(error.message), 422)
    return on_next_page(redirect(url_for("admin.users"), 303), Flash.USER_ADDED)


@admin.post("/users/<name>")
@needs(Role.ADMIN)
def change_user(name: str) -> Response:
    """`change` says what: role, password, disable or enable."""
    changes = {
        "role": UserChange(role=_role(request.form.get("role")) if "role" in request.form else None),
        "password": UserChange(password=request.form.get("password", "")),
        "disable": UserChange(enabled=False),
        "enable": UserChange(enabled=True),
    }
    change = changes.get(request.form.get("change", ""))
    if change is None:
        abort(422, "There is no such change of a user.")
    try:
        with tools().database.session() as session:
            actions.change_user(session, current_actor(), name, change, tools().clock(), tools().settings)
    except BridgeError as error:
        return make_response(users(error.message), 422)
    return on_next_page(redirect(url_for("admin.users"), 303), Flash.USER_CHANGED)


@admin.get("/tokens")
@needs(Role.ADMIN)
def list_tokens(made: str | None = None) -> str:
    with tools().database.session() as session:
        known = tokens.every_token(session)
    return render_template("access/tokens.html", tokens=known, made=made, roles=Role, now=tools().clock())


@admin.post("/tokens")
@needs(Role.ADMIN)
def make_token() -> Response:
    """The page that answers shows the token, this once."""
    name, role, now = request.form.get("name", "").strip(), _role(request.form.get("role")), tools().clock()
    days = _days(request.form.get("days", "").strip())
    with tools().database.session() as session:
        until = now + timedelta(days=days) if days else None
        _, text = token_actions.create_token(session, current_actor(), name or "unnamed", role, now, until)
    return make_response(list_tokens(text), 201)


@admin.post("/tokens/<int:token_id>/revoke")
@needs(Role.ADMIN)
def revoke_token(token_id: int) -> Response:
    try:
        with tools().database.session() as session:
            token_actions.revoke_token(session, current_actor(), token_id, tools().clock())
    except tokens.UnknownTokenError as error:
        abort(404, error.message)
    return on_next_page(redirect(url_for("admin.list_tokens"), 303), Flash.TOKEN_REVOKED)


@admin.get("/audit")
@needs(Role.ADMIN)
def show_audit() -> str:
    cursor, actor = request.args.get("before", "").strip(), request.args.get("actor", "").strip()
    if not re.fullmatch(r"[0-9]{0,18}", cursor):
        abort(422, "`before` is the number of an entry.")
    before = int(cursor) if cursor else None
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    with tools().database.session() as session:
        entries = list(session.scalars(query))
    older = entries[-1].id if len(entries) == PAGE else None
    lines = [audit_line(entry, tools().settings) for entry in entries]
    return render_template("access/audit.html", lines=lines, older=older, wanted=actor, most=MOST_LINKS)


def _days(text: str) -> int | None:
    """How long a token is valid; None: for ever. Answers 422 where it is no such number: never for ever by mistake."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 0 < int(text) <= MOST_DAYS:
        abort(422, f"Valid for days: a number from 1 to {MOST_DAYS}, or nothing.")
    return int(text)


def _role(text: str | None) -> Role:
    """A viewer where none is named. Answers 422 where there is no such role."""
    if text is None:
        return Role.VIEWER
    if text not in list(Role):
        abort(422, f"Choose one of the roles: {', '.join(Role)}.")
    return Role(text)
