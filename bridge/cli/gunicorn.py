"""Gunicorn around the application: processes that each have their own threads and database connections."""

import gc
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from bridge.app import create_app
from bridge.database import Database
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


class Server(BaseApplication):
    """`create_app` under gunicorn."""

    def __init__(self, settings: Settings, url: str, fd: int) -> None:
        self.settings, self.url, self.fd = settings, url, fd
        super().__init__()

    def load_config(self) -> None:
        told = self.settings.server
        chosen = {
            "bind": f"fd://{self.fd}",
            "worker_class": "gthread",
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
        database = Database(
            self.url,
            pool_size=min(self.settings.server.threads, MOST_CONNECTIONS),
            statement_timeout=STATEMENT_TIMEOUT,
            encryption_keys=self.settings.privacy.encryption_keys,
        )
        app = create_app(self.settings, database)
        gc.collect()
        gc.freeze()  # what is loaded now stays: to look through it again and again would hold all threads up
        return app


def run(settings: Settings, url: str, fd: int) -> None:
    """Serve on a listening socket, which is closed at the end, until SIGTERM or Ctrl-C."""
    Server(settings, url, fd).run()
