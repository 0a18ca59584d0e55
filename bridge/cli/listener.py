"""Health check and metrics of a `bridge worker` on its own machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge import problems
from bridge.clock import utc_now
from bridge.database import Database
from bridge.monitoring import views as monitoring
from bridge.settings import Settings


class QuietHandler(WSGIRequestHandler):
    """Does not print a line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


@contextmanager
def answering(listener: socket.socket, settings: Settings, database: Database) -> Iterator[None]:
    """Answer `/metrics`, `/livez` and `/readyz` at a listening socket, in a thread, within the block."""
    app = Flask(__name__)
    problems.init_app(app)
    monitoring.init_app(app, settings, database, utc_now)
    host, port = listener.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, name="monitoring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
