"""A worker that dies at its nth call to Propexo."""

import math
import os
import signal
import warnings
from datetime import datetime
from typing import Any

from world import AtOnce

from bridge.database import Database
from bridge.delivery.engine import Engine
from bridge.delivery.worker import make_tools
from bridge.propexo.transport import Transport
from bridge.settings import Settings


def die(settings: Settings, url: str, moment: datetime, number: int, when: str) -> int:
    """Let a worker in a process of its own work until it is killed; answers how it ended.

    The process is a fork: it has imported everything, and opens its own connections.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads, which the fork does not have
        child = os.fork()
    if child == 0:
        try:
            _work(settings, url, moment, number, when)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _work(settings: Settings, url: str, moment: datetime, number: int, when: str) -> None:
    send, calls = Transport.request, 0

    def request(self: Transport, *args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, *args, **options)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Transport.request = request  # type: ignore[method-assign]
    tools = make_tools(settings, Database(url), lambda: moment)
    engine = Engine(tools, slots=1, executor=AtOnce(), senders=AtOnce(), interval=math.inf)
    while engine.tick():
        pass
