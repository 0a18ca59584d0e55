"""What something costs, in processor time: other processes of the machine do not count."""

import gc
import hashlib
import re
import time
from collections.abc import Callable

ROUNDS = 3


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least processor time of this thread over some rounds."""
    return min(_once(work) for _ in range(rounds))


def seconds_unless_below(limit: float, work: Callable[[], object]) -> float:
    """The processor time of one round, or the least of several where that is above a limit."""
    once = seconds(work, rounds=1)
    return once if once < limit else min(once, seconds(work, ROUNDS - 1))


def reference() -> float:
    """The processor time of fixed work: a faster machine needs less for it, and for everything else."""
    return seconds(_fixed_work)


def _once(work: Callable[[], object]) -> float:
    gc.disable()  # it would look through all that the tests before have left
    try:
        begin = time.thread_time()
        work()
        return time.thread_time() - begin
    finally:
        gc.enable()


def _fixed_work() -> None:
    """Hashing, regular expressions and objects of Python; about 50 ms on a machine of 2024."""
    hashlib.sha256(b"a" * (4 * 1024 * 1024)).digest()
    found = {f"key {number}": re.sub("[0-9]+", "_", f"a{number}b") for number in range(35_000)}
    sorted(found.items())
