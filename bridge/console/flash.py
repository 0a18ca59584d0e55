"""Flash messages: the result of an action, shown once, on the next page or in the replaced part of this one."""

import json
from enum import StrEnum
from typing import Self, TypeVar

from flask import Flask, g, request
from werkzeug.wrappers import Response

from bridge.console.access.guard import cookie_name, needs_tls

AnyResponse = TypeVar("AnyResponse", bound=Response)


class Flash(StrEnum):
    """A message. The browser keeps its name until the next page, so that no cookie can put other words there."""

    text: str

    def __new__(cls, value: str, text: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member

    ALIAS_ADDED = "alias_added", "The name is added. It counts from the next event on."
    ALERT_SENT = "alert_sent", "The test was sent to every address."
    EVENT_DISMISSED = "event_dismissed", "Marked as done."
    EVENT_QUEUED = "event_queued", "Queued again. The page shows the new status."
    EVENT_SAVED = "event_saved", "Saved and queued again."
    FEED_REVOKED = "feed_revoked", "The calendar feed is revoked."
    INTEGRATION_PAUSED = "integration_paused", "Paused. Its events wait until you resume it."
    INTEGRATION_RESUMED = "integration_resumed", "Resumed. What waited is sent."
    LOCALE_CHANGED = "locale_changed", "Dates and numbers are written as you chose."
    PASSWORD_CHANGED = "password_changed", "The password is changed. All your other sessions have ended."
    PROPEXO_CHECKED = "propexo_checked", "Propexo is checked again."
    SOURCE_CREATED = "source_created", "The source is stored, in shadow mode."
    SOURCE_IN_SHADOW = "source_in_shadow", "In shadow mode from now on: nothing is written."
    SOURCE_LIVE = "source_live", "Live from now on: new events are written."
    SOURCE_REMOVED = "source_removed", "The source is removed. Its events stay."
    SOURCE_SAVED = "source_saved", "The source is saved."
    TIME_CHOSEN = "time_chosen", "The tour has another time and is queued again."
    TOKEN_REVOKED = "token_revoked", "The token is revoked."
    USER_ADDED = "user_added", "The user is added."
    USER_CHANGED = "user_changed", "The user is changed."


def init_app(app: Flask) -> None:
    """Forget a message once it was shown."""

    @app.after_request
    def forget(response: Response) -> Response:
        if g.get("flash_is_shown"):
            response.delete_cookie(_cookie(), path="/", secure=needs_tls(), httponly=True, samesite="Strict")
        return response


def on_next_page(response: AnyResponse, flash: Flash) -> AnyResponse:
    """An answer after which the next page shows the message."""
    response.set_cookie(
        _cookie(), flash, max_age=60, path="/", secure=needs_tls(), httponly=True, samesite="Strict"
    )
    return response


def at_once(response: AnyResponse, flash: Flash) -> AnyResponse:
    """An answer to htmx with which the present page shows the message."""
    response.headers["HX-Trigger"] = json.dumps({"flash": {"text": flash.text}})
    return response


def take() -> str | None:
    """The message for the page that is being made; it is shown this once."""
    name = request.cookies.get(_cookie())
    if name is None:
        return None
    g.flash_is_shown = True
    return next((flash.text for flash in Flash if flash == name), None)


def _cookie() -> str:
    return f"{cookie_name()}-flash"
