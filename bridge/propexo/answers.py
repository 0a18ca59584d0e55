"""Turns an error response into the exception that says what to do."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bridge.propexo.errors import (
    Issue,
    MisconfiguredError,
    NotFoundError,
    Outcome,
    PropexoConflictError,
    PropexoError,
    RateLimitedError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    classify,
)
from bridge.propexo.text import humanise, truncate, without_control_characters

_LONGEST_DETAIL = 500
_MOST_ISSUES = 20
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
"""The budget is one per minute, so a longer Retry-After is taken for a slip."""

_PLAIN: dict[Outcome, type[PropexoError]] = {
    Outcome.REJECTED: RejectedError,
    Outcome.UNAUTHORIZED: UnauthorizedError,
    Outcome.STALE: NotFoundError,
    Outcome.CONFLICT: PropexoConflictError,
}


def error_of(
    request: str, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime, secret: str
) -> PropexoError:
    """Read an answer outside 2xx.

    `request` names the call (`POST /v1/leads/`), `secret` is kept out of every text. Propexo documents
    the body of a 400 only (`error.details.details.issues`, a Zod error); anything else is read as it comes.
    """
    content = decode(body)
    issues = [
        Issue(
            *(
                without_control_characters(part).replace(secret, "[token]")
                for part in (issue.path, issue.message, issue.code)
            )
        )
        for issue in _issues_in(content)
    ][:_MOST_ISSUES]
    issues_text = "; ".join(map(str, issues)) or _message_of(content).replace(secret, "[token]")
    detail = truncate(
        f"{request} was answered {status}" + (f": {issues_text}" if issues_text else "."), _LONGEST_DETAIL
    )
    pause = _retry_after(headers.get("retry-after"), now)
    retry_after = pause.total_seconds() if pause is not None else None
    outcome = classify(status)
    if outcome is Outcome.BUDGET:
        until = now + max(pause, _SHORTEST_PAUSE) if pause is not None else next_minute(now)
        return RateLimitedError(detail, until=until, status=status, issues=issues, retry_after=retry_after)
    if outcome is Outcome.TRANSIENT:
        return TransientError(detail, sent=True, status=status, issues=issues, retry_after=retry_after)
    kind = _PLAIN.get(outcome, MisconfiguredError)
    return kind(detail, status=status, issues=issues, retry_after=retry_after)


def decode(body: bytes) -> Any:
    """The JSON of a body, or its text if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def next_minute(now: datetime) -> datetime:
    """When a budget that is counted by the minute is back, and one second for clocks that differ."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1, seconds=1)


def _message_of(content: Any) -> str:
    error = content.get("error", content) if isinstance(content, dict) else content
    if isinstance(error, dict):
        error = error.get("message") or error
    return humanise(error)


def _issues_in(content: Any, depth: int = 8) -> Iterator[Issue]:
    """Zod issues wherever they are: the one documented example has `details` twice."""
    if not depth or not isinstance(content, dict | list):
        return
    if isinstance(content, dict) and isinstance(content.get("issues"), list):
        for issue in content["issues"]:
            if isinstance(issue, dict):
                yield from _read_issue(issue, depth - 1)
        return
    for part in content.values() if isinstance(content, dict) else content:
        yield from _issues_in(part, depth - 1)


def _read_issue(issue: dict[str, Any], depth: int) -> Iterator[Issue]:
    branches = list(_issues_in(issue.get("unionErrors"), depth))
    if branches:
        yield from dict.fromkeys(branches)
        return
    code, message = str(issue.get("code") or "invalid"), humanise(issue.get("message"))
    steps = issue.get("path")
    path = [str(step) for step in steps] if isinstance(steps, list) else []
    keys = issue.get("keys")
    if code == "unrecognized_keys" and isinstance(keys, list) and keys:
        for key in keys:
            yield Issue(".".join([*path, str(key)]), "is not a field that Propexo accepts here", code)
    elif code == "invalid_type" and (issue.get("received") == "undefined" or message == "Required"):
        yield Issue(".".join(path), "is missing", code)
    else:
        yield Issue(".".join(path), message or code, code)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110); None when absent or unreadable."""
    if not value:
        return None
    try:
        pause = timedelta(seconds=int(value)) if value.strip().isdecimal() else _http_date(value) - now
    except (ValueError, OverflowError):
        return None
    return min(max(pause, timedelta(0)), _LONGEST_PAUSE)


def _http_date(value: str) -> datetime:
    moment = parsedate_to_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
