"""`Idempotency-Key`: a change that is sent again is answered again and made once."""

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, json, make_response, request
from sqlalchemy import and_, delete
from sqlalchemy.dialects.postgresql import insert

from bridge.console.access.guard import current_visitor
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import IdempotencyKey
from bridge.privacy.retention import ANSWERS_KEPT

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,255}")
LONGEST = timedelta(minutes=10)
"""No answer takes this long: the process that should have given it was killed."""


class InvalidIdempotencyKeyError(BridgeError):
    """An Idempotency-Key has 1 to 255 visible ASCII characters."""

    code = "unusable_key"


class IdempotencyKeyReusedError(BridgeError):
    """This Idempotency-Key was used for another request. Use a new key for each change."""

    code = "another_request"


class RequestInProgressError(BridgeError):
    """The first request with this Idempotency-Key is still being answered. Send it again in a moment."""

    code = "still_running"


def idempotent(view: Callable[..., Any]) -> Callable[..., Any]:
    """Make the change once for each key of a token; without a key, each time.

    The answer of a change is kept for a day. What failed is not kept: its repetition tries again.
    """

    @functools.wraps(view)
    def call(*args: Any, **kwargs: Any) -> Any:
        key, token_id = request.headers.get(HEADER), current_visitor().token_id
        if key is None or token_id is None:
            return view(*args, **kwargs)
        if not KEY.fullmatch(key):
            raise InvalidIdempotencyKeyError
        known = _known(token_id, key)
        if known is not None:
            return known
        try:
            response = make_response(view(*args, **kwargs))
        except BaseException:
            _forget(token_id, key)
            raise
        _keep(token_id, key, response)
        return response

    return call


def _known(token_id: int, key: str) -> Response | None:
    """The answer that was given, or `None` and the key is ours.

    Raises IdempotencyKeyReusedError or RequestInProgressError.
    """
    sent = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    digest, now = hashlib.sha256(sent).hexdigest(), tools().clock()
    with tools().database.session() as session:
        old = (IdempotencyKey.token_id == token_id, IdempotencyKey.at < now - ANSWERS_KEPT)
        session.execute(delete(IdempotencyKey).where(*old))
        ours = insert(IdempotencyKey).values(token_id=token_id, key=key, request=digest, at=now)
        is_abandoned = and_(
            IdempotencyKey.status.is_(None),
            IdempotencyKey.at < now - LONGEST,
            IdempotencyKey.request == digest,
        )
        ours = ours.on_conflict_do_update(
            index_elements=[IdempotencyKey.token_id, IdempotencyKey.key], set_={"at": now}, where=is_abandoned
        )
        if session.scalar(ours.returning(IdempotencyKey.key)) is not None:
            return None
        row = session.get_one(IdempotencyKey, (token_id, key))
        if row.request != digest:
            raise IdempotencyKeyReusedError
        if row.status is None:
            raise RequestInProgressError
        body = json.dumps(row.answer) if row.answer is not None else ""
        return Response(body, row.status, mimetype="application/json")


def _keep(token_id: int, key: str, response: Response) -> None:
    with tools().database.session() as session:
        row = session.get_one(IdempotencyKey, (token_id, key))
        row.status, row.answer = response.status_code, response.get_json(silent=True)


def _forget(token_id: int, key: str) -> None:
    with tools().database.session() as session:
        row = session.get(IdempotencyKey, (token_id, key))
        if row is not None:
            session.delete(row)
