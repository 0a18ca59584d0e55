"""The sandbox as a Flask application."""

from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from bridge.sandbox.availability import create_availability
from bridge.sandbox.control import create_control
from bridge.sandbox.followup import create_followup
from bridge.sandbox.gate import SandboxGate
from bridge.sandbox.overview import create_overview
from bridge.sandbox.reads import create_reads
from bridge.sandbox.refusals import InvalidError, RefusedError, UnknownRecordError, error_body, issue
from bridge.sandbox.state import Sandbox
from bridge.sandbox.writes import create_writes

BLUEPRINTS = (
    create_writes,
    create_availability,
    create_followup,
    create_reads,
    create_control,
    create_overview,
)


def create_sandbox(sandbox: Sandbox) -> Flask:
    """Propexo's routes under `/v1`, and the sandbox's own page and switches."""
    app = Flask(__name__)
    gate = SandboxGate(sandbox)
    app.before_request(gate.admit)
    app.after_request(gate.finish)
    app.register_error_handler(RefusedError, _refuse)

    def refuse_unknown(error: UnknownRecordError) -> tuple[dict[str, Any], int]:
        known_as = InvalidError([issue(["id"], error.message)]) if sandbox.unknown_ids_are_invalid else error
        return _refuse(known_as)

    app.register_error_handler(UnknownRecordError, refuse_unknown)
    app.register_error_handler(HTTPException, _refuse_http)
    for create in BLUEPRINTS:
        app.register_blueprint(create(sandbox))
    return app


def _refuse(refused: RefusedError) -> tuple[dict[str, Any], int]:
    return refused.body(), refused.status


def _refuse_http(error: HTTPException) -> Any:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    return error_body(error.name.lower().replace(" ", "_"), error.description or error.name), error.code
