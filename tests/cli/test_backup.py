"""`bridge backup` and `bridge restore` with the embedded database, as real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.processes


def bridge(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return subprocess.run(
        [sys.executable, "-m", "bridge", *args],
        check=False, cwd=folder, capture_output=True, text=True, env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_from_one_embedded_database_to_another(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        (folder / "bridge.toml").write_text('[propexo]\ntoken = "t"\n')
    first, second = folders
    made = bridge(first, "tokens", "create", "--name", "kept", "--role", "viewer")
    assert made.returncode == 0, made.stderr
    written = bridge(first, "backup", "../backup")
    assert (written.returncode, "checked" in written.stderr) == (0, True), written.stderr
    assert bridge(first, "backup", "../backup").returncode == 1

    restored = bridge(second, "restore", "../backup")
    assert restored.returncode == 0, restored.stderr
    assert "kept" in bridge(second, "tokens", "list").stdout
    refused = bridge(second, "restore", "../backup")
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    again = bridge(second, "restore", "--replace", "--yes", "../backup")
    assert again.returncode == 0, again.stderr
    assert "kept" in bridge(second, "tokens", "list").stdout
