"""Answers that are not a success, in the error shape that Propexo documents for a 400.

    Refused
    ├── UnauthorizedError        401
    ├── InvalidError             400, with issues as the Zod library words them
    ├── UnknownRecordError            404
    ├── NotSupportedError        405, the PMS has no such operation
    └── BudgetSpentError         429

Propexo documents only the 400; the other bodies have the same shape here, and a client must not rely on them.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

Issue = dict[str, Any]


class RefusedError(Exception):
    """The request was refused."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        return error_body(self.code, self.message)


class NoTokenError(RefusedError):
    """Send the header `Authorization: Bearer <token>` with a token of this account."""

    status, code = 401, "unauthorized"


class InvalidError(RefusedError):
    """invalid request"""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__()
        self.issues = list(issues)

    def __str__(self) -> str:
        return " ".join(each["message"] for each in self.issues)

    def body(self) -> dict[str, Any]:
        # The published example nests `details` twice.
        details = {"details": {"issues": self.issues, "name": "ZodError"}}
        return error_body(self.code, self.message, details=details)


class UnknownRecordError(RefusedError):
    """No record has this id."""

    status, code = 404, "not_found"


class NotSupportedError(RefusedError):
    """The PMS does not offer this operation."""

    status, code = 405, "not_supported"


class BudgetSpentError(RefusedError):
    """The budget of this minute is spent."""

    status, code = 429, "rate_limited"


def error_body(code: str, message: str, **more: Any) -> dict[str, Any]:
    """The error object of Propexo: `code` and `message`, `details` where there are any."""
    return {"error": {"code": code, "message": message, **more}}


def issue(path: Sequence[str | int], message: str, code: str = "custom", **more: Any) -> Issue:
    """What is wrong at one place of the body or the query."""
    return {"code": code, "path": list(path), "message": message, **more}
