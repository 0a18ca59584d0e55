"""Where the processes that run together keep their counts, so that a scrape of one tells those of all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client reads it when it is imported: with it, counts are kept in files that processes share."""


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
    folder, maker = tempfile.mkdtemp(prefix="bridge-metrics-"), os.getpid()
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        if os.getpid() == maker:  # a forked process leaves through here too
            shutil.rmtree(folder, ignore_errors=True)
