"""Serves a sandbox over HTTP: in a thread for tests, or in the foreground for the command line."""

import threading
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.sandbox.app import create_sandbox
from bridge.sandbox.state import Sandbox

POLL_SECONDS = 0.02
"""How soon the server sees that it is to stop."""


class QuietHandler(WSGIRequestHandler):
    """Does not print a line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


class SandboxServer:
    """An HTTP server around a sandbox. The address `url` is bound at once (port 0: a free one)."""

    def __init__(self, sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = sandbox
        self._server = make_server(
            host, port, create_sandbox(sandbox), threaded=True, request_handler=QuietHandler
        )
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
        """Ends the server and every answer that is held back."""
        if self._serving:
            self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Any:
        self.stop()
