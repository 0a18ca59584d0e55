"""Errors of console pages are shown as pages; all others are application/problem+json."""

from collections.abc import Callable
from typing import Any

import psycopg
from flask import Flask, Response, make_response, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from bridge import problems
from bridge.errors import RefusedRequestError

ANSWERS: dict[type[Exception], Callable[[Any], Response]] = {
    RefusedRequestError: problems.refused,
    HTTPException: problems.http_error,
    SQLAlchemyError: problems.database_error,
    psycopg.Error: problems.database_error,
    Exception: problems.unexpected,
}


def init_app(app: Flask) -> None:
    """Answer errors of the console's pages as pages."""
    for kind, answer in ANSWERS.items():
        app.register_error_handler(kind, _handler(answer))


def _handler(answer: Callable[[Any], Response]) -> Callable[[Any], Response]:
    def handle(error: Any) -> Response:
        response = answer(error)
        if not request.path.startswith("/console"):
            return response
        page = make_response(render_template("error.html", problem=response.get_json()), response.status_code)
        for name in ("Retry-After", "Allow"):
            if name in response.headers:
                page.headers[name] = response.headers[name]
        return page

    return handle
