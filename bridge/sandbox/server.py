"""Serves a sandbox over HTTP: in a thread for tests, or in the foreground for the command line."""

import socket
import threading
from contextlib import suppress
from io import BytesIO
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import get_content_length

from bridge.sandbox.app import create_sandbox
from bridge.sandbox.state import Sandbox

POLL_SECONDS = 0.02
"""How soon the server sees that it is to stop."""
GRACE_SECONDS = 2.0
"""How long the end of the server waits for answers that are being made."""


class SandboxRequestHandler(WSGIRequestHandler):
    """Does not print a line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


class KeepAliveServer(ThreadedWSGIServer):
    """Knows its open connections, so that it can end them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.ending = False
        """Each connection ends after its present answer."""
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def end_connections(self) -> None:
        """Ends idle connections at once and the others after their present answer; cuts off what takes too long.

        `ending` must be set, and no connection be accepted any more.
        """
        with self._changed:
            self._shut(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, GRACE_SECONDS)
            self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        for connection in self._open:
            with suppress(OSError):  # the client has left
                connection.shutdown(how)


class KeepAliveHandler(SandboxRequestHandler):
    """Answers one request after the other on a connection; Werkzeug's own `run_wsgi` closes it after the first."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: KeepAliveServer

    def run_wsgi(self) -> None:
        """Reads the whole request, so that the next one is found behind it, and answers it."""
        self.environ = environ = self.make_environ()
        chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if chunked else get_content_length(environ) or 0
        sent = environ["wsgi.input"].read(length)
        if len(sent) < length:  # the client has left
            self.close_connection = True
            return
        body, status, headers = run_wsgi_app(
            self.server.app, environ | {"wsgi.input": BytesIO(sent)}, buffered=True
        )
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if self.server.ending or "Content-Length" not in headers:
            self.close_connection = True
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self.wfile.write(b"".join(body))


class SandboxServer:
    """An HTTP server around a sandbox. The address `url` is bound at once (port 0: a free one)."""

    def __init__(self, sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = sandbox
        self._server = KeepAliveServer(host, port, create_sandbox(sandbox), KeepAliveHandler)
        self._thread: threading.Thread | None = None
        self._serving = False
        self.url = f"http://{host}:{self._server.server_port}"

    def start(self) -> str:
        """Serves in a thread and answers the address, without a slash at its end."""
        self._thread = threading.Thread(target=self.serve_forever, name="sandbox", daemon=True)
        self._serving = True
        self._thread.start()
        return self.url

    def serve_forever(self) -> None:
        """Serves in this thread until Ctrl-C, or until another thread calls `stop`."""
        self._serving = True
        self.sandbox.stopping.clear()
        try:
            self._server.serve_forever(poll_interval=POLL_SECONDS)
        finally:
            self.sandbox.stopping.set()

    def stop(self) -> None:
        """Ends the server, every answer that is held back, and every connection: afterwards none is answered."""
        self._server.ending = True
        if self._serving:
            self._server.shutdown()
            self.sandbox.stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._server.server_close()
        self._server.end_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Any:
        self.stop()
