"""Runs a task of the workbench in its own process, with limits on time and output."""

import contextlib
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from bridge.console.workbench.runner import READY
from bridge.console.workbench.tasks import Comparison, ContractCheck, Reading, Task
from bridge.errors import BridgeError

SECONDS = 5.0
SECONDS_TO_COMPARE = 30.0
SECONDS_TO_START = 30.0
"""The process begins with importing the bridge; on a busy machine that takes seconds."""
MOST = 4 << 20
"""Bytes of an answer."""


class EmptyResultError(BridgeError):
    """The mapping ended its process without a result."""

    code = "workbench_ended"


class WorkbenchTimeoutError(BridgeError):
    """The mapping did not finish in time."""

    code = "workbench_slow"


class OutputTooLargeError(BridgeError):
    """The result is larger than a page can show. Try less data."""

    code = "workbench_large"


class Bench:
    """One run at a time. The process for the next is started beforehand: it takes a second until it has imported all.

    Its environment has no secrets, and it sees no more of the configuration than `open_settings`.
    """

    def __init__(self, seconds: float = SECONDS, seconds_to_compare: float = SECONDS_TO_COMPARE) -> None:
        self._seconds = {
            Reading: seconds,
            Comparison: seconds_to_compare,
            ContractCheck: seconds_to_compare,
        }
        self._exclusive = threading.Lock()
        self._spare: subprocess.Popen[bytes] | None = None

    def run(self, task: Task) -> dict[str, Any]:
        """The result; `{"problem": ...}` where the text cannot be loaded or fails.

        Raises:
            WorkbenchTimeoutError, OutputTooLargeError, EmptyResultError: and the process is gone.
        """
        with self._exclusive:
            process = self._spare if self._spare and self._spare.poll() is None else _start()
            self._spare = None
            try:
                answer = _ask(process, pickle.dumps(task), self._seconds[type(task)])
            finally:
                _end(process)
            self._spare = _start()
        document: dict[str, Any] = json.loads(answer)
        return document

    def warm(self) -> None:
        """Start the process for the next run, if there is none: a user is about to try something out."""
        with self._exclusive:
            if self._spare is None or self._spare.poll() is not None:
                self._spare = _start()

    def close(self) -> None:
        """End the process that waits."""
        with self._exclusive:
            if self._spare:
                _end(self._spare)
                self._spare = None


def _start() -> subprocess.Popen[bytes]:
    """Its input ends when this process does, and so does it."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LANG": "C.UTF-8"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "bridge.console.workbench.runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        process_group=0,
    )


def _ask(process: subprocess.Popen[bytes], task: bytes, seconds: float) -> bytes:
    assert process.stdin is not None
    try:
        if _read(process, time.monotonic() + SECONDS_TO_START, len(READY)) != READY:
            raise EmptyResultError
        process.stdin.write(task)
        process.stdin.close()
    except BrokenPipeError as error:
        raise EmptyResultError from error
    answer = _read(process, time.monotonic() + seconds, MOST + 1)
    if len(answer) > MOST:
        raise OutputTooLargeError
    if not answer:
        raise EmptyResultError
    return answer


def _read(process: subprocess.Popen[bytes], deadline: float, most: int) -> bytes:
    """What it writes, to its end or up to `most` bytes. Raises WorkbenchTimeoutError."""
    assert process.stdout is not None
    pipe, read = process.stdout.fileno(), bytearray()
    while len(read) < most:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise WorkbenchTimeoutError
        part = os.read(pipe, min(most - len(read), 1 << 16))
        if not part:
            break
        read += part
    return bytes(read)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started; its group outlives it only by those."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe and not pipe.closed:
            pipe.close()
