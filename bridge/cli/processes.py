"""Processes of the bridge that run under another one, and never longer than it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Self

import structlog

from bridge import __version__, grace
from bridge.errors import BridgeError

log = structlog.get_logger(__name__)

WORKER_NICENESS = 10
"""Of the worker under `bridge serve`: where the processors are busy, accepting an event goes before forwarding one."""


class ChildEndedError(BridgeError):
    """A process of the bridge ended unexpectedly."""

    code = "child_ended"


class Children:
    """Child processes `bridge ...`, stopped when the block is left.

    Within the block SIGTERM and Ctrl-C end `watch`; a second one kills the children. A child has
    a session of its own, so that Ctrl-C reaches only this process, and stops when this process dies.
    """

    def __init__(self, *, stop_within: float = grace.of_processes(0)) -> None:
        """`stop_within`: seconds after which a child that was asked to stop is killed."""
        self._stop_within = stop_within
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._news: SimpleQueue[str | BridgeError | None] = SimpleQueue()
        """Names of children that ended; an error that ends all; None: a signal asks us to stop."""
        self._signals = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._signals.enter_context(_handling(lambda: self._news.put(None)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        with self._signals:
            self.stop()

    def start(
        self,
        name: str,
        args: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        pass_fds: Collection[int] = (),
        output: IO[bytes] | None = None,
        niceness: int = 0,
    ) -> None:
        """Start `bridge <args>`, with `env` on top of this process's environment.

        What it writes goes to `output`, else where this process's goes. `niceness` (0 to 19) lowers its priority.
        """
        # The child holds the reading end of a pipe in which only our death makes a difference.
        # -P: the folder where the bridge is started holds bridge.toml, and no modules to import.
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "bridge", "--stop-with-stdin", *args],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            pass_fds=pass_fds,
            start_new_session=True,
        )
        if niceness:
            lower_priority(process.pid, niceness)
        self._running[name] = process
        threading.Thread(target=self._wait_for, args=(name, process), daemon=True).start()

    def _wait_for(self, name: str, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._news.put(name)

    def _ended(self, name: str) -> int:
        process = self._running.pop(name)
        if process.stdin:
            process.stdin.close()
        return process.returncode

    def fail(self, error: BridgeError) -> None:
        """Let `watch` raise this; from any thread."""
        self._news.put(error)

    def watch(self, seconds: float | None = None) -> bool:
        """Wait until SIGTERM or Ctrl-C asks to stop, or for some seconds; answers whether it was asked.

        Raises:
            ChildEndedError: a child ended before that.
            BridgeError: what was handed to `fail`.
        """
        try:
            name = self._news.get(timeout=seconds)
        except Empty:
            return False
        if isinstance(name, BridgeError):
            raise name
        if name is not None:
            code = self._ended(name)
            raise ChildEndedError(
                f"{name} ended unexpectedly ({_in_words(code)}), so everything is stopped. "
                "Its last lines say why."
            )
        return True

    def stop(self) -> None:
        """Ask all children to finish, and wait until they have; kill those that take too long."""
        for process in self._running.values():
            process.terminate()
        deadline: float | None = time.monotonic() + self._stop_within
        while self._running:
            try:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                name = self._news.get(timeout=left)
            except Empty:
                name = None
            if isinstance(name, str):
                self._ended(name)
                continue
            if isinstance(name, BridgeError):
                continue
            for process in self._running.values():
                process.kill()
            deadline = None


def log_start(process: str) -> None:
    """Log which version runs from here on."""
    log.info("the bridge starts", process=process, version=__version__)


def lower_priority(pid: int, niceness: int) -> None:
    """Let a process that has just started, and all that it starts, give way to others.

    Linux may schedule sessions as groups (sched(7), "the autogroup feature"). Then a process's own niceness counts
    only within its session, and the group has one of its own.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


def exit_gracefully() -> None:
    """Let SIGTERM end this process as an exception, so that it gives back what it holds."""

    def leave(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not disturb the way out
        sys.exit(128 + number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)


def stop_with_stdin() -> None:
    """Ask this process to stop (SIGTERM) as soon as its standard input ends: its parent is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        # To this very thread, so that it wakes from what it is waiting for.
        signal.pthread_kill(main_thread, signal.SIGTERM)

    main_thread = threading.get_ident()
    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def _handling(on_signal: Callable[[], None]) -> Iterator[None]:
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: on_signal()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


def _in_words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
