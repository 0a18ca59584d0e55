"""Gunicorn around the application: processes that each have their own threads and database connections."""

import gc
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from bridge import tracing
from bridge.app import create_app
from bridge.database import Database
from bridge.monitoring.views import Monitoring
from bridge.settings import Settings

GRACEFUL_TIMEOUT = 30
"""Seconds that running requests get at a shutdown."""
STATEMENT_TIMEOUT = 5.0
"""Seconds after which a sender is told to come again rather than wait for a locked table."""

MOST_CONNECTIONS = 8
"""Database connections of a process. The requests at the door share one; the others are for people and webhooks."""


class BridgeLogger(Logger):
    """Leaves the log to bridge.logs."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(ThreadWorker):
    """Says that it is not ready as soon as it is told to stop; connections that are open are answered for a while."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        monitoring = _monitoring(self)
        if monitoring:
            monitoring.readiness.stop()
        super().handle_exit(sig, frame)


class Server(BaseApplication):
    """`create_app` under gunicorn."""

    def __init__(self, settings: Settings, url: str, fd: int) -> None:
        self.settings, self.url, self.fd = settings, url, fd
        self.loaded: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        told = self.settings.server
        chosen = {
            "bind": f"fd://{self.fd}",
            "worker_class": Worker,
            "worker_exit": write_what_is_left,
            "workers": told.workers,
            "threads": told.threads,
            "graceful_timeout": GRACEFUL_TIMEOUT,
            "logger_class": BridgeLogger,
            "loglevel": "warning",
            "proc_name": "bridge web",
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:  # an older gunicorn has no control socket to switch off
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Runs in each process after the fork: connections cannot be shared."""
        tracing.begin()
        database = Database(
            self.url,
            pool_size=min(self.settings.server.threads, MOST_CONNECTIONS),
            statement_timeout=STATEMENT_TIMEOUT,
            encryption_keys=self.settings.privacy.encryption_keys,
        )
        app = self.loaded = create_app(self.settings, database)
        gc.collect()
        gc.freeze()  # what is loaded now stays: to look through it again and again would hold all threads up
        return app


def write_what_is_left(server: Any, worker: Worker) -> None:  # noqa: ARG001 - gunicorn's hook
    """At the end of a process: what it only has in memory."""
    monitoring = _monitoring(worker)
    if monitoring:
        monitoring.refusals.write()


def _monitoring(worker: Worker) -> Monitoring | None:
    """`None`: the process was told to stop before it had an application."""
    assert isinstance(worker.app, Server)  # `run` made it
    return worker.app.loaded.extensions["monitoring"] if worker.app.loaded else None


def run(settings: Settings, url: str, fd: int) -> None:
    """Serve on a listening socket, which is closed at the end, until SIGTERM or Ctrl-C."""
    Server(settings, url, fd).run()
