"""Users, tokens, the audit log and alerts."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy import select

from bridge.console.access import accounts, tokens
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import tokens as token_actions
from bridge.console.actions import users as actions
from bridge.console.actions.alerts import send_test_alert
from bridge.console.actions.users import UserChange
from bridge.console.api import schemas_properties as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems, linked
from bridge.console.api.fields import LARGEST, PageArguments
from bridge.console.api.idempotency import idempotent
from bridge.console.audit_sentences import audit_line
from bridge.console.queries.alerts import alert_overview
from bridge.console.queries.paging import Page, before_of, cursor_of
from bridge.console.tools import tools
from bridge.events.query import PATIENCE, RowPage, newest
from bridge.keys import sanitise
from bridge.models import AuditEntry, Role

people = Blueprint("api_people", __name__, url_prefix="/api/v1")
answer_problems(people)


@people.route("/audit")
@needs(Role.ADMIN)
@people.arguments(PageArguments, location="query", unknown=RAISE)
@people.response(200, shown.AuditPage)
def list_audit(query: dict[str, Any]) -> Any:
    """List what people changed, the newest first."""
    with tools().database.session() as session:
        entries = select(AuditEntry)
        before = before_of(query.get("cursor"))
        found: RowPage[AuditEntry] = newest(session, entries, AuditEntry.id, query["limit"], before, PATIENCE)
    lines = [audit_line(entry, tools().settings) for entry in found.rows]
    return linked(Page(lines, cursor_of(found.before)))


@people.route("/users")
@needs(Role.ADMIN)
@people.response(200, shown.UserList)
def list_users() -> Any:
    """List the users that were added; bridge.toml may have others."""
    with tools().database.session() as session:
        return {"users": accounts.every_user(session)}


@people.route("/users", methods=["POST"])
@needs(Role.ADMIN)
@idempotent
@people.doc(**{"x-once": True})
@people.arguments(shown.UserBody)
@people.response(201, shown.UserLine)
def add_user(body: dict[str, Any]) -> Any:
    """Add a console user."""
    role, now = Role(body["role"]), tools().clock()
    with tools().database.session() as session:
        return actions.add_user(
            session, tools().settings, current_actor(), body["name"], role, body["password"], now
        )


@people.route("/users/<name>", methods=["PATCH"])
@needs(Role.ADMIN)
@people.arguments(shown.UserChangeBody)
@people.response(200, shown.UserLine)
def change_user(body: dict[str, Any], name: str) -> Any:
    """Give a user another role or password, or let them sign in no longer."""
    change = UserChange(
        Role(body["role"]) if "role" in body else None, body.get("password"), body.get("enabled")
    )
    with tools().database.session() as session:
        return actions.change_user(
            session, current_actor(), sanitise(name) or "", change, tools().clock(), tools().settings
        )


@people.route("/tokens")
@needs(Role.ADMIN)
@people.response(200, shown.TokenList)
def list_tokens() -> Any:
    """List the tokens of this API, revoked ones too."""
    with tools().database.session() as session:
        return {"tokens": tokens.every_token(session)}


@people.route("/tokens", methods=["POST"])
@needs(Role.ADMIN)
@people.arguments(shown.TokenBody)
@people.response(201, shown.NewToken)
def create_token(body: dict[str, Any]) -> Any:
    """Make a token. Its text is answered this once; so an Idempotency-Key counts for nothing here."""
    actor, now, role = current_actor(), tools().clock(), Role(body["role"])
    with tools().database.session() as session:
        row, text = token_actions.create_token(
            session, actor, body["name"], role, now, body.get("expires_at")
        )
        return {**vars(row), "token": text}


@people.route(f"/tokens/<int(min=1, max={LARGEST}):token_id>", methods=["DELETE"])
@needs(Role.ADMIN)
@people.response(204)
def revoke_token(token_id: int) -> None:
    """Revoke a token, from the next request on."""
    now = tools().clock()
    try:
        with tools().database.session() as session:
            token_actions.revoke_token(session, current_actor(), token_id, now)
    except tokens.UnknownTokenError as error:
        raise NoSuchRowError from error


@people.route("/alerts")
@needs(Role.VIEWER)
@people.response(200, shown.AlertList)
def list_alerts() -> Any:
    """List the current alerts, who is notified, and of what."""
    with tools().database.session() as session:
        return alert_overview(session, tools().settings, current_actor(), tools().clock())


@people.route("/alerts/test", methods=["POST"])
@needs(Role.ADMIN)
@people.response(200, shown.SentTestList)
def test_alerts() -> Any:
    """Send a test message to each address of `alerts.urls`, as `bridge alerts test` does."""
    return {"results": send_test_alert(tools().settings, tools().database, current_actor(), tools().clock())}
