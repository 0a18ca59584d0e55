"""How many requests a token may send in a minute, counted in PostgreSQL for all processes."""

from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, g
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.console.access.guard import visitor_if_any
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import FormCount

WINDOW = timedelta(minutes=1)


class TooManyRequestsError(BridgeError):
    """This token sends too many requests. Wait as long as `Retry-After` says."""

    code = "too_many_requests"


def limit_requests(blueprint: Blueprint) -> None:
    """Refuse what a token sends beyond its limit, and say in each answer what is left of it."""
    blueprint.before_request(_refuse_excess)
    blueprint.after_request(_say_what_is_left)


def count(session: Session, token_id: int, minute: datetime) -> int:
    """Count one more request of a token; returns how many there were in this minute."""
    key = f"token:{token_id}"
    added = insert(FormCount).values(key=key, hour=minute, count=1)
    added = added.on_conflict_do_update(
        index_elements=[FormCount.key, FormCount.hour], set_={"count": FormCount.count + 1}
    )
    number: int | None = session.scalar(added.returning(FormCount.count))
    assert number is not None  # the row is there now
    if number == 1:
        session.execute(delete(FormCount).where(FormCount.key == key, FormCount.hour < minute))
    return number


def _refuse_excess() -> None:
    """Raises TooManyRequestsError."""
    visitor, most = visitor_if_any(), tools().settings.console.api_requests_per_minute
    if visitor is None or visitor.token_id is None:
        return
    now = tools().clock()
    minute = now.replace(second=0, microsecond=0)
    with tools().database.session() as session:
        number = count(session, visitor.token_id, minute)
    seconds = max(1, round((minute + WINDOW - now).total_seconds()))
    g.rate_limit = {
        "RateLimit-Limit": most, "RateLimit-Remaining": max(0, most - number), "RateLimit-Reset": seconds
    }  # fmt: skip
    if number > most:
        detail = f"This token may send {most} requests a minute. Try again in {seconds} seconds."
        raise TooManyRequestsError(detail)


def _say_what_is_left(response: Response) -> Response:
    left = g.get("rate_limit", {})
    response.headers.update({name: str(value) for name, value in left.items()})
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and left:
        response.headers["Retry-After"] = str(left["RateLimit-Reset"])
    return response
