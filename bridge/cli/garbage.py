"""When Python's garbage collector runs: not while modules load, and rarely in processes that go on for long."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Pause the collector within the block, and keep what was loaded out of it afterwards.

    Modules leave no garbage. To look for some takes a sixth of the start of a worker, and as long again later.
    """
    if not gc.isenabled():  # an outer block has paused it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def collect_garbage_rarely() -> None:
    """Keep what is loaded out of the garbage collector, and let it run for every 20,000 new objects, not for every 700.

    For a process that runs for long: rows and answers come and go by the thousand and are hardly ever in a cycle. At
    Python's default the collector takes an eighth of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
