"""The shared folder of counters, so that a scrape of one process covers all of them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client reads it when it is imported: with it, counts are kept in files that processes share."""

PREFIX = "bridge-metrics-"


def is_counting_together() -> bool:
    """Whether this process counts into a folder that others share."""
    return bool(os.environ.get(VARIABLE))


@contextmanager
def counting_together() -> Iterator[None]:
    """Let this process and those that it starts count into one folder, which is new and goes at the end.

    Under a process that did so before, its folder is taken. To be entered before anything imports
    bridge.metrics. The files of a process that ended stay as long as the folder: what it counted has happened.
    """
    if is_counting_together():
        yield
        return
    maker = os.getpid()
    _clear_away_the_dead()
    folder = tempfile.mkdtemp(prefix=f"{PREFIX}{maker}-")
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        if os.getpid() == maker:  # a forked process leaves through here too
            del os.environ[VARIABLE]  # what this process starts later must not look for the folder
            shutil.rmtree(folder, ignore_errors=True)


def _clear_away_the_dead() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        maker = folder.name.removeprefix(PREFIX).partition("-")[0]
        if maker.isdecimal() and not psutil.pid_exists(int(maker)):
            shutil.rmtree(folder, ignore_errors=True)
