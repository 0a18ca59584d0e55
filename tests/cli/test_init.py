"""The file that `init` writes."""

import stat
from pathlib import Path

from click.testing import CliRunner

from bridge.cli import main
from bridge.settings import template


def test_init_writes_the_template_and_says_what_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    reported = CliRunner().invoke(main, ["init", str(path)])
    assert (reported.exit_code, reported.stdout) == (0, "")
    assert "bridge check" in reported.stderr
    assert path.read_text() == template()


def test_init_does_not_overwrite_unless_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text("mine")
    reported = CliRunner().invoke(main, ["init", str(path)])
    assert reported.exit_code == 1
    assert "--force" in reported.stderr
    assert path.read_text() == "mine"
    assert CliRunner().invoke(main, ["init", str(path), "--force"]).exit_code == 0
    assert path.read_text() == template()


def test_init_shows_where_it_cannot_write(tmp_path: Path) -> None:
    reported = CliRunner().invoke(main, ["init", str(tmp_path / "nowhere" / "bridge.toml")])
    assert reported.exit_code == 1
    assert "cannot be written: No such file or directory" in reported.stderr


def test_init_writes_a_file_for_its_owner_only(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text("old")
    path.chmod(0o644)
    assert CliRunner().invoke(main, ["init", str(path), "--force"]).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
