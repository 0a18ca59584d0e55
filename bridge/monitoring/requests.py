"""Request ids, and the duration of requests."""

from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from structlog.contextvars import bind_contextvars, reset_contextvars

from bridge import metrics, tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOOKS = "/hooks/"


class Requests:
    """WSGI around the application.

    All that is logged during a request has `request_id`: the one of the header X-Request-ID if it looks like an id,
    else a new one. The answer has it as well.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began = perf_counter()
        request_id = tracing.request_id(environ.get("HTTP_X_REQUEST_ID"))

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            headers.append((tracing.REQUEST_ID, request_id))
            return start_response(status, headers, *exc_info)

        bound = bind_contextvars(request_id=request_id)
        try:
            answer = (self._traced if tracing.is_on() else self._application)(environ, start)
        finally:
            reset_contextvars(**bound)
        if environ["PATH_INFO"].startswith(HOOKS):
            metrics.INBOUND_REQUEST_DURATION.observe(perf_counter() - began)
        return answer

    def _traced(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The span gets the rule of the address (views.py), never the address: that may hold a secret."""
        method, parent = environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT")
        with tracing.span(
            method, tracing.SpanKind.SERVER, {"http.request.method": method}, parent=parent
        ) as span:
            assert span is not None  # tracing is on

            def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
                span.set_attribute("http.response.status_code", int(status[:3]))
                return start_response(status, headers, *exc_info)

            return self._application(environ, start)
