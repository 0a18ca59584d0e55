"""A worker that dies at its nth call to Propexo: `python killed_worker.py <toml> <database> <now> <n> before|after`."""

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from bridge.database import Database
from bridge.delivery.worker import make_context, work
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
context = make_context(load(Path(config), {}), Database(url), lambda: moment)
asyncio.run(work(context, wait=False))
