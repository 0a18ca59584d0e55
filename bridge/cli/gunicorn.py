"""Gunicorn around the application: processes that each have their own threads and database connections."""

import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from bridge import grace, tracing
from bridge.app import Address, create_app
from bridge.cli.garbage import collect_garbage_rarely, loading
from bridge.cli.unread import UnreadRequests
from bridge.console.api import application as api
from bridge.database import Database
from bridge.monitoring.views import Monitoring
from bridge.settings import Settings

STATEMENT_TIMEOUT = 5.0
"""Seconds after which a sender gets a 503 instead of waiting for a locked table."""

MOST_CONNECTIONS = 8
"""Database connections of a process. The requests at the webhook endpoint share one; the others are for people and
webhooks."""


class BridgeLogger(Logger):
    """Leaves the log to bridge.logs."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class DrainingArbiter(Arbiter):
    """At SIGTERM its processes stop being ready, and all stop after `server.drain`; a second SIGTERM does not wait."""

    is_draining = False

    def init_signals(self) -> None:
        # As in `delivery.worker.stopped_by_signals`: SIGTERM may have arrived before, without ending the process.
        is_leaving = signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        super().init_signals()
        if is_leaving:
            self.SIG_QUEUE.put_nowait(signal.SIGTERM)

    def handle_term(self) -> None:
        assert isinstance(self.app, Server)  # `run` made it
        seconds = self.app.settings.server.drain
        if self.is_draining or not seconds:
            super().handle_term()
            return
        self.is_draining = True
        for number in list(self.WORKERS):
            os.kill(number, signal.SIGUSR2)
        timer = threading.Timer(seconds, self.SIG_QUEUE.put_nowait, [signal.SIGTERM])
        timer.daemon = True
        timer.start()


class WebWorker(ThreadWorker):
    """Gives a thread to a request that has arrived whole, and says that it is not ready once it has to stop."""

    def init_process(self) -> None:
        self._unread: UnreadRequests | None = None
        self._stopping = False
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        signal.signal(signal.SIGUSR2, self.handle_drain)
        signal.siginterrupt(signal.SIGUSR2, False)

    def handle_drain(self, _number: int, _frame: FrameType | None) -> None:
        """It still accepts: a load balancer takes a moment to notice that the process is not ready."""
        monitoring = _monitoring(self)
        if monitoring:
            monitoring.readiness.stop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        monitoring = _monitoring(self)
        if monitoring:
            monitoring.readiness.stop()
        super().handle_exit(sig, frame)

    @property
    def unread(self) -> UnreadRequests:
        """The connections without a whole request."""
        if self._unread is None:
            assert isinstance(self.app, Server)  # `run` made it
            server = self.app.settings.server
            self._unread = UnreadRequests(
                self.poller,
                server.request_timeout,
                server.body_limit,
                super().enqueue_req,
                self._count_closed,
            )
        return self._unread

    def enqueue_req(self, conn: Any) -> None:
        """A connection is new, or there is something to read after its last request. Runs in the main thread."""
        self.unread.add(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Gunicorn waits in the main thread for the client to close the connection: two seconds for all others."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self.unread.linger(conn)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        if not self.alive and not self._stopping:
            self._stopping = True
            self.unread.stop()
        super().wait_for_and_dispatch_events(timeout)
        self.unread.expire()

    def _count_closed(self) -> None:
        self.nr_conns -= 1


class Server(BaseApplication):
    """`create_app` under gunicorn."""

    def __init__(
        self, settings: Settings, url: str, fds: Sequence[int], private_address: Address | None = None
    ) -> None:
        self.settings, self.url, self.fds = settings, url, fds
        self._private_address = private_address
        self.loaded: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        server = self.settings.server
        chosen = {
            "bind": [f"fd://{fd}" for fd in self.fds],
            "worker_class": WebWorker,
            "worker_exit": write_what_is_left,
            "workers": server.workers,
            "threads": server.threads,
            "graceful_timeout": grace.REQUESTS,
            "logger_class": BridgeLogger,
            "loglevel": "warning",
            "proc_name": "bridge web",
            "control_socket_disable": True,
            "worker_tmp_dir": heartbeat_folder(),
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:  # an older gunicorn has no control socket to switch off
                self.cfg.set(name, value)

    def run(self) -> None:
        DrainingArbiter(self).run()

    def load(self) -> Any:
        """Runs in each process after the fork: connections cannot be shared."""
        tracing.begin()
        database = Database(
            self.url,
            pool_size=min(self.settings.server.threads, MOST_CONNECTIONS),
            statement_timeout=STATEMENT_TIMEOUT,
            encryption_keys=self.settings.privacy.encryption_keys,
        )
        with loading():
            app = self.loaded = create_app(self.settings, database, private_address=self._private_address)
            api.build(app)
        collect_garbage_rarely()
        return app


def heartbeat_folder(memory: Path = Path("/dev/shm")) -> str | None:  # noqa: S108 - gunicorn makes the file's name
    """Where workers show the arbiter that they live: in memory if possible, because a disk may make them wait for it.

    `None` is gunicorn's default, the temporary folder.
    """
    return str(memory) if os.access(memory, os.W_OK | os.X_OK) else None


def write_what_is_left(server: Any, worker: WebWorker) -> None:  # noqa: ARG001 - gunicorn's hook
    """At the end of a process: what it only has in memory."""
    monitoring = _monitoring(worker)
    if monitoring:
        monitoring.failures.write()


def _monitoring(worker: WebWorker) -> Monitoring | None:
    """`None`: the process had to stop before it had an application."""
    assert isinstance(worker.app, Server)  # `run` made it
    return worker.app.loaded.extensions["monitoring"] if worker.app.loaded else None


def run(settings: Settings, url: str, listener: socket.socket, private: socket.socket | None = None) -> None:
    """Serve on listening sockets, which are closed at the end, until SIGTERM or Ctrl-C.

    With `private`, console, API and metrics answer there and not at the other one.
    """
    address = None
    if private:
        host, port = private.getsockname()[:2]
        address = (host, str(port))
    fds = [each.detach() for each in (listener, private) if each]
    Server(settings, url, fds, address).run()
