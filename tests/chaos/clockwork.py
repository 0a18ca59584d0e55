"""A process whose clock is wrong: `python clockwork.py worker|web <toml> <database> <seconds> [<fd>]`."""

import socket
import sys
from datetime import timedelta
from pathlib import Path

from werkzeug.serving import make_server

from bridge.app import create_app
from bridge.clock import utc_now
from bridge.database import Database
from bridge.delivery.worker import Worker, make_tools, stopped_by_signals
from bridge.settings import load

kind, config, url, seconds, *endpoint = sys.argv[1:]
wrong_by = timedelta(seconds=float(seconds))
settings, database = load(Path(config), {}), Database(url)


def clock():
    return utc_now() + wrong_by


if kind == "worker":
    worker = Worker(make_tools(settings, database, clock))
    with stopped_by_signals(worker):
        worker.run()
else:
    listener = socket.socket(fileno=int(endpoint[0]))
    app = create_app(settings, database, clock=clock)
    make_server(*listener.getsockname(), app, threaded=True, fd=listener.fileno()).serve_forever()
