"""A worker that dies at its nth call to Propexo: `python killed_worker.py <toml> <database> <now> <n> before|after`."""

import math
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from world import AtOnce

from bridge.database import Database
from bridge.delivery.engine import Engine
from bridge.delivery.worker import make_tools
from bridge.propexo.transport import Transport
from bridge.settings import load

config, url, now, number, when = sys.argv[1:]
send = Transport.request
calls = 0


def request(self, *args, **options):
    global calls  # noqa: PLW0603 - a script of twenty lines
    calls += 1
    if calls == int(number) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = send(self, *args, **options)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


Transport.request = request
moment = datetime.fromisoformat(now)
tools = make_tools(load(Path(config), {}), Database(url), lambda: moment)
engine = Engine(tools, slots=1, executor=AtOnce(), senders=AtOnce(), interval=math.inf)
while engine.tick():
    pass
