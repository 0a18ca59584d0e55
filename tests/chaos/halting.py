"""A worker that freezes between the record of its first write and the call: `python halting.py <toml> <database>`.

It goes on with SIGCONT, as if its machine had slept.
"""

import os
import signal
import sys
from pathlib import Path

from bridge.database import Database
from bridge.delivery.slots import Slots
from bridge.delivery.worker import Worker, make_tools, stopped_by_signals
from bridge.settings import load

send = Slots.send
halted = False


def halt_and_send(self, *args):
    global halted  # noqa: PLW0603 - a script of twenty lines
    if not halted:
        halted = True
        os.kill(os.getpid(), signal.SIGSTOP)
    send(self, *args)


Slots.send = halt_and_send
config, url = sys.argv[1:]
worker = Worker(make_tools(load(Path(config), {}), Database(url)))
with stopped_by_signals(worker):
    worker.run()
