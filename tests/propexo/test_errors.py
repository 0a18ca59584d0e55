"""Every status has an asserted outcome, and every refusal reads as a sentence without secrets."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bridge.propexo import errors
from bridge.propexo.answers import error_of
from bridge.propexo.errors import Issue, Outcome, PropexoError, RateLimitedError, TransientError, classify

NOW = datetime(2026, 5, 1, 12, 30, 15, tzinfo=UTC)
NAMED = {
    400: "rejected", 401: "unauthorized", 403: "unauthorized", 404: "stale", 405: "rejected",
    408: "transient", 409: "conflict", 410: "stale", 422: "rejected", 425: "transient", 429: "budget",
}  # fmt: skip


def expected(status: int) -> str:
    if status in NAMED:
        return NAMED[status]
    return {2: "submitted", 5: "transient"}.get(status // 100, "misconfigured")


def refusal(status: int, body: Any = b"", secret: str = "s3cret-token", **headers: str) -> PropexoError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of("POST /v1/leads/", status, named, content, now=NOW, secret=secret)


def zod(*issues: dict[str, Any]) -> dict[str, Any]:
    details = {"details": {"issues": list(issues), "name": "ZodError"}}
    return {"error": {"code": "invalid_request", "message": "invalid request", "details": details}}


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_its_outcome(status: int) -> None:
    assert classify(status) == expected(status)
    if status // 100 == 2:
        assert classify(status, write=False) is Outcome.READ
        return
    error = refusal(status)
    assert (error.outcome, error.status) == (expected(status), status)
    assert str(status) in error.detail
    assert error.message.startswith((type(error).__doc__ or "").strip())


@pytest.mark.parametrize("status", [-1, 0, 99, 600, 999])
def test_what_is_no_status_is_misconfigured(status: int) -> None:
    assert classify(status) is Outcome.MISCONFIGURED


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PropexoError)
    ]
    assert {kind.__name__ for kind in kinds if f"{kind.__name__} " in (errors.__doc__ or "")} == {
        kind.__name__ for kind in kinds
    }
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_an_answer_with_5xx_may_have_been_acted_upon() -> None:
    for status in (408, 425, 500, 503, 599):
        error = refusal(status)
        assert isinstance(error, TransientError)
        assert error.sent


@pytest.mark.parametrize(
    ("issue", "issues"),
    [
        (
            {"code": "unrecognized_keys", "keys": ["foo"], "path": [],
             "message": "Unrecognized key(s) in object: 'foo'"},
            [Issue("foo", "is not a field that Propexo accepts here", "unrecognized_keys")],
        ),
        (
            {"code": "unrecognized_keys", "keys": ["a", "b"], "path": ["events", 0], "message": "..."},
            [
                Issue("events.0.a", "is not a field that Propexo accepts here", "unrecognized_keys"),
                Issue("events.0.b", "is not a field that Propexo accepts here", "unrecognized_keys"),
            ],
        ),
        (
            {"code": "invalid_type", "received": "undefined", "path": ["unit_id"], "message": "Required"},
            [Issue("unit_id", "is missing", "invalid_type")],
        ),
        (
            {"code": "too_big", "maximum": 256, "path": ["notes"], "message": "At most 256 character(s)"},
            [Issue("notes", "At most 256 character(s)", "too_big")],
        ),
        (
            {
                "code": "invalid_union",
                "path": ["appointment_date"],
                "message": "Invalid input",
                "unionErrors": [
                    {"name": "ZodError", "issues": [
                        {"code": "invalid_string", "path": ["appointment_date"], "message": "Invalid"}]},
                    {"name": "ZodError", "issues": [
                        {"code": "invalid_string", "path": ["appointment_date"], "message": "Invalid"}]},
                ],
            },
            [Issue("appointment_date", "Invalid", "invalid_string")],
        ),
        ({"message": "odd"}, [Issue("", "odd", "invalid")]),
        ({}, [Issue("", "invalid", "invalid")]),
    ],
)  # fmt: skip
def test_zod_issues_become_words(issue: dict[str, Any], issues: list[Issue]) -> None:
    error = refusal(400, zod(issue))
    assert error.issues == issues
    assert error.detail == "POST /v1/leads/ was answered 400: " + "; ".join(map(str, issues))


@pytest.mark.parametrize(
    "body", [{"error": {"details": {"issues": [{"message": "x"}]}}}, {"issues": [{"message": "x"}]}]
)
def test_issues_are_found_at_any_depth(body: dict[str, Any]) -> None:
    assert refusal(422, body).issues == [Issue("", "x", "invalid")]


@pytest.mark.parametrize(
    ("body", "stated"),
    [
        (b"", "."),
        (b"Bad Gateway", ": Bad Gateway"),
        (b"\xff\xfe broken", ": \ufffd\ufffd broken"),
        (
            b"<html><style>p {}</style><h1>502</h1>\n<p>upstream &amp; down</p></html>",
            ": 502 upstream & down",
        ),
        ({"error": {"code": "x", "message": "not supported by ResMan"}}, ": not supported by ResMan"),
        ({"error": "gone"}, ": gone"),
        ({"message": "gone", "id": 3}, ": gone"),
        ({"error": {"message": "", "code": 7}}, ": code: 7"),
        ({"oops": "gone", "id": 3}, ": oops: gone, id: 3"),
        (["a", {"b": None}], ": a"),
        (b"[" * 100_000, ": " + "[" * 100),
        (b"null", "."),
        ({"error": {"message": {"deep": '{"message": "text in a string"}'}}}, ": deep: text in a string"),
    ],
)
def test_any_body_is_read_tolerantly(body: Any, stated: str) -> None:
    detail = refusal(502, body).detail
    prefix = "POST /v1/leads/ was answered 502"
    assert detail == prefix + stated or (stated.startswith(": [[") and detail.startswith(prefix + stated))


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "bad \0 \x1b[31m \u202e"}},
        {"issues": [{"code": "bad \0", "path": ["\x1b[2J"], "message": "\u009b31m"}]},
        {"issues": [{"code": "unrecognized_keys", "keys": ["\x1b[2J\u202e"]}]},
        "not JSON \x1b[2J",
    ],
)
def test_control_characters_are_shown(body: Any) -> None:
    error = refusal(400, body.encode() if isinstance(body, str) else body)
    texts = [
        str(error),
        error.detail,
        *(text for issue in error.issues for text in (issue.path, issue.message, issue.code)),
    ]
    assert not set("\0\x1b\u009b\u202e") & set("".join(texts))
    assert "\ufffd" in str(error)


def test_details_stay_short() -> None:
    error = refusal(400, zod(*({"message": "word " * 50, "path": [number]} for number in range(100))))
    assert len(error.detail) <= 500
    assert len(error.issues) == 20
    assert error.detail.endswith("…")


@pytest.mark.parametrize(
    "body",
    [
        b"token s3cret-token is not valid",
        {"error": {"message": "Bearer s3cret-token"}},
        b'{"error": {"message": "s3cret\\u002dtoken"}}',
        {"issues": [{"message": "bad s3cret-token", "path": ["s3cret-token"], "code": "s3cret-token"}]},
        (b"x" * 478) + b"s3cret-token",
    ],
)
def test_the_token_is_in_no_text(body: Any) -> None:
    error = refusal(401, body)
    assert "[token]" in error.detail or len(error.detail) > 490
    for text in (error.message, str(error), repr(error), error.detail, *map(str, error.issues)):
        assert "s3cret" not in text
    assert all("s3cret" not in issue.code for issue in error.issues)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), ("0", 1), (format_datetime(NOW + timedelta(seconds=20)), 20), ("999999", 3600),
        ("9" * 400, None), ("9" * 5000, None), ("soon", None), ("-5", None), ("", None), ("1.5", None),
        (format_datetime(NOW - timedelta(hours=1)), 1), ("Fri, 01 May 2026 12:30:30 -0000", 15),
    ],
)  # fmt: skip
def test_retry_after_or_the_next_minute(header: str, seconds: int | None) -> None:
    error = refusal(429, retry_after=header)
    assert isinstance(error, RateLimitedError)
    next_minute = datetime(2026, 5, 1, 12, 31, 1, tzinfo=UTC)
    assert error.until == (next_minute if seconds is None else NOW + timedelta(seconds=seconds))


def test_retry_after_of_a_503_is_kept() -> None:
    assert refusal(503, retry_after="12").retry_after == 12.0
    assert refusal(503).retry_after is None
