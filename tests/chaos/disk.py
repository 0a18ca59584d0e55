"""A disk that can be filled to its last byte."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = bytes(1 << 16)


class SmallDisk:
    """A file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (len(BLOCK), 1):
                try:
                    while file.write(BLOCK[:size]):
                        pass
                except OSError:
                    continue  # no space left for so many bytes

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one at a folder; skips the test where that is not allowed."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=755"
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "chaos", folder], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only who may mount has a small disk to fill")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", folder], check=True)
