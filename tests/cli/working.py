"""A worker for tests of the command line, on the real clock."""

import math
from pathlib import Path

from world import AtOnce

from bridge.database import Database
from bridge.delivery.engine import Engine
from bridge.delivery.worker import make_tools
from bridge.settings import load


def work(config: Path, database: Database) -> None:
    """All that a worker does at this moment."""
    tools = make_tools(load(config, {}), database)
    engine = Engine(tools, slots=1, executor=AtOnce(), senders=AtOnce(), interval=math.inf)
    while engine.tick():
        pass
