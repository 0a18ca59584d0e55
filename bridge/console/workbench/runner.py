"""The process that tries a mapping: `python -m bridge.console.workbench.runner`, one run each.

It says READY once it can begin, reads a task (pickled) to its end, and writes the result as JSON. It gives itself
bounds before the mapping's text runs: that is an administrator's own text, which may be slow, greedy or mistaken, and
must then cost nothing but this process. What Python itself refuses gives a clear sentence; what holds is the kernel's
confinement, without which a text that is not configured does not run (`console.workbench`).
"""

import json
import os
import pickle
import resource
import select
import sys
import zoneinfo
from pathlib import Path
from typing import Any

import bridge.inbound.handshakes
import bridge.inbound.signatures
import bridge.mapping.canonical  # noqa: F401 - what mapping files import, before anybody waits for it
from bridge.console.workbench.confinement import can_confine, confine
from bridge.console.workbench.tasks import Task
from bridge.errors import BridgeError
from bridge.settings import Workbench

READY = b"R"
IDLE = 900
"""Seconds that it waits for a task before it gives its memory back."""
MEMORY = 1 << 30
"""Bytes of address space."""
CPU_SECONDS = 60
"""For a process whose parent was killed before it could end it."""
REFUSED = (
    "socket.", "subprocess.", "ctypes.", "shutil.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
    "os.kill", "os.putenv",
)  # fmt: skip
"""What a mapping has no reason to do, by the names of Python's audit events."""


def main() -> None:
    """One run."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the mapping prints is no answer
    can_confine()  # it looks for the C library, which takes files and programs
    answer.write(READY)
    answer.flush()
    if not select.select([sys.stdin], [], [], IDLE)[0]:
        return  # the workbench is closed
    task: Task = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the process that started it
    _bound(task)
    answer.write(json.dumps(_outcome(task), ensure_ascii=False, default=str).encode())
    answer.flush()
    os._exit(0)  # even if the mapping has started threads


def _outcome(task: Task) -> dict[str, Any]:
    try:
        return task.run()
    except BridgeError as error:
        return {"problem": error.message}
    except MemoryError:
        return {"problem": f"It wanted more than {MEMORY >> 20} MB of memory."}
    except Exception as error:  # noqa: BLE001 - a defect of the text that is tried out
        return {"problem": f"{type(error).__name__}: {error}"}


def _bound(task: Task) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    zones = (*zoneinfo.TZPATH, *(str(Path(folder, "tzdata")) for folder in sys.path))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and not _is_library(arguments, zones):
            raise PermissionError("a mapping reads its payload, and no files")
        if event.startswith(REFUSED):
            raise PermissionError(f"a mapping has no reason for {event}")

    if task.settings.console.workbench is not Workbench.UNCONFINED and can_confine():
        confine()
    sys.addaudithook(refuse)


def _is_library(arguments: tuple[Any, ...], zones: tuple[str, ...]) -> bool:
    """Whether what is opened is a module, which may be imported late, or a time zone; and only to read it."""
    path, mode, flags = arguments
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
    if writes or (mode and set(mode) & set("wax+")) or not isinstance(path, str | bytes):
        return False
    name = os.fsdecode(path)
    return name.endswith((".py", ".pyc")) or (name.startswith(zones) and ".." not in name)


if __name__ == "__main__":
    main()
