"""The middleware of the API: token, budget, faults, and the record of requests."""

import socket
from typing import Any

from flask import Response, g, json, request

from bridge.sandbox.budget import Spent
from bridge.sandbox.faults import Fault
from bridge.sandbox.refusals import BudgetSpentError, NoTokenError, error_body
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.state import Sandbox


class SandboxGate:
    """Checks requests to the routes under `/v1`; the sandbox's own page and switches are free."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def admit(self) -> Response | None:
        """Answers instead of the route if a fault is switched on; checks token and budget."""
        g.fault = g.spent = None
        if not _is_api():
            return None
        g.at = self._sandbox.clock()
        g.spent = self._sandbox.spend(self._token())
        if g.spent.exceeded:
            raise BudgetSpentError
        g.fault = self._sandbox.take_fault(request.method, request.path)
        # The answer itself is made in finish(), as for a fault that strikes after the route.
        return Response() if g.fault and g.fault.prevents_write else None

    def finish(self, response: Response) -> Response:
        """Changes the answer as the fault asks, adds the budget's headers, and holds it back or hangs up."""
        if not _is_api():
            return response
        fault: Fault = g.fault or Fault()
        response = _with_fault(response, fault)
        self._add_budget_headers(response, g.spent)
        self._record(response, fault)
        slow = self._sandbox.slow_zone_seconds if g.spent and g.spent.slow else 0
        self._sandbox.hold_back(fault.delay + slow)
        if fault.drop:
            # The answer then meets a closed connection, which the server takes for a client that left.
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return response

    def _token(self) -> str:
        given = request.authorization
        if given is None or given.type != "bearer" or not given.token:
            raise NoTokenError
        if self._sandbox.token not in (None, given.token):
            raise NoTokenError
        return given.token

    def _add_budget_headers(self, response: Response, spent: Spent | None) -> None:
        """Propexo sends these with every answer; a request without a valid token belongs to no budget."""
        if spent is None:
            return
        response.headers["x-ratelimit-limit"] = str(spent.limit)
        response.headers["x-ratelimit-remaining"] = str(spent.remaining)
        if spent.exceeded and self._sandbox.retry_after is not None:
            response.headers["Retry-After"] = str(self._sandbox.retry_after)

    def _record(self, response: Response, fault: Fault) -> None:
        seen = SeenRequest(
            method=request.method,
            path=request.path,
            query=request.args.to_dict(),
            body=_seen_body(),
            status=None if fault.drop else response.status_code,
            at=g.at,
        )
        is_real = not fault.drop and fault.status is None and not fault.no_job_id
        self._sandbox.record(seen, response.get_json(silent=True) if is_real else None)


def _is_api() -> bool:
    return request.path.startswith("/v1/")


def _seen_body() -> Any:
    parsed = request.get_json(silent=True)
    return parsed if parsed is not None else request.get_data(as_text=True) or None


def _with_fault(response: Response, fault: Fault) -> Response:
    if fault.status is not None:
        body = fault.body
        if body is None:
            body = error_body("fault", "A fault of the sandbox is switched on.")
        if isinstance(body, str):
            response = Response(body, fault.status, mimetype="text/html")
        else:
            response = Response(json.dumps(body), fault.status, mimetype="application/json")
    response.headers.update(fault.headers)
    return response
