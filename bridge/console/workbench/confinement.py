"""Confines the workbench's process: the kernel denies it all sockets and all files except the libraries.

Landlock hides the files, also those that are opened by ways around Python. Seccomp leaves the system calls that a
running interpreter needs, and refuses all others: those for sockets, programs, other processes and new threads.
"""

import errno
import site
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import landlockpy
import seccompy

from bridge.settings import Workbench

ALLOWED = (
    "access", "arch_prctl", "brk", "clock_getres", "clock_gettime", "clock_nanosleep", "close", "dup", "exit",
    "exit_group", "faccessat", "faccessat2", "fcntl", "fstat", "futex", "getcwd", "getdents64", "getegid", "geteuid",
    "getgid", "getpid", "getppid", "getrandom", "getrusage", "gettid", "gettimeofday", "getuid", "ioctl", "lseek",
    "lstat", "madvise", "mmap", "mprotect", "mremap", "munmap", "nanosleep", "newfstatat", "open", "openat", "pread64",
    "read", "readlink", "readlinkat", "readv", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sched_getaffinity", "sched_yield", "sigaltstack", "stat", "statx", "sysinfo", "time", "times", "uname", "write",
    "writev",
)  # fmt: skip
"""System calls; an architecture need not have all of them."""
SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
PACKAGE = Path(__file__).parents[2]


CANNOT_CONFINE = (
    "Edited copies do not run here: this system has no Landlock and seccomp (Linux 5.13 or newer)."
)


def refusal(mode: Workbench, *, confinable: bool, is_admin: bool) -> str | None:
    """Why an edited copy may not run, as a sentence; None where it may."""
    if mode is Workbench.OFF:
        return "Edited copies are switched off: `workbench` under [console]."
    if mode is Workbench.CONFINED and not confinable:
        return f'{CANNOT_CONFINE} `workbench = "unconfined"` under [console] lets them run without.'
    if not is_admin:
        return "Only an administrator may edit a copy: it is code that runs on this server."
    return None


@cache
def can_confine() -> bool:
    """Whether this kernel has both."""
    return landlockpy.supported() and seccompy.supported()


def confine() -> None:
    """Confine this thread and all that it starts, for ever. To be called while there is only one thread.

    Raises:
        OSError: the kernel refuses, or has no means.
    """
    if not can_confine():  # which also loads what could not be loaded afterwards
        raise OSError(errno.ENOSYS, CANNOT_CONFINE)
    with landlockpy.Ruleset(
        scoped=landlockpy.Scope.ABSTRACT_UNIX_SOCKET | landlockpy.Scope.SIGNAL
    ) as ruleset:
        for folder in sorted({*libraries()}):
            ruleset.allow_path(folder, landlockpy.AccessFS.READ_FILE | landlockpy.AccessFS.READ_DIR)
        ruleset.restrict()
    allowed = seccompy.Filter(default=seccompy.Action.ERRNO | errno.EPERM)
    for name in ALLOWED:
        try:
            allowed.allow(name)
        except ValueError:
            continue
    allowed.load()


def libraries() -> Iterator[Path]:
    """The folders of modules, of what they load, and of time zones; none with a configuration or data."""
    named: tuple[str | Path, ...] = (
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
        *(
            entry
            for entry in sys.path
            if Path(entry).name in {"site-packages", "dist-packages", "lib-dynload"}
        ),
        *zoneinfo.TZPATH,
        *SYSTEM_LIBRARIES,
        PACKAGE,
    )
    return (folder for folder in map(Path, named) if folder.is_dir())
