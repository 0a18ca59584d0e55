"""The units of deploy/systemd are valid, hardened, and grant a stop the time that it takes; the script can be undone.

There is no running systemd here: `systemd-analyze` reads the units, and the socket is handed over as systemd does it.
"""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bridge import grace

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
ONE_SHOT = {"bridge-migrate.service", "bridge-backup.service"}
PROCESSES = [file for file in SERVICES if file.name not in ONE_SHOT]
UNITS = [*SERVICES, *FOLDER.glob("*.socket"), *FOLDER.glob("*.timer")]
HIGHEST_EXPOSURE = 30
"""Tenths: 3.0 of `systemd-analyze security`."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Where the script has installed the files."""
    script(tmp_path)
    return tmp_path


def script(root: Path, *args: str) -> str:
    result = subprocess.run(
        ["sh", FOLDER / "install.sh", *args],
        check=True, capture_output=True, text=True,
        env={"DESTDIR": str(root), "PACKAGES": "no", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    return result.stdout


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "passwd" not in path.name and "shadow" not in path.name
    }


@needs_systemd
@pytest.mark.skipif(os.geteuid() != 0, reason="systemd-sysusers works as root")
def test_the_script_can_be_run_twice_and_undone(installed: Path) -> None:
    first = files(installed)
    assert {f"etc/systemd/system/{file.name}" for file in UNITS} <= first.keys()
    assert re.search(r"^bridge:", (installed / "etc/passwd").read_text(), re.MULTILINE)
    assert os.access(installed / "usr/local/bin/bridge", os.X_OK)
    assert (installed / "etc/bridge/credentials").stat().st_mode & 0o777 == 0o700
    (installed / "etc/bridge/bridge.toml").write_text("# settings\n")
    script(installed)
    assert files(installed) == {**first, "etc/bridge/bridge.toml": b"# settings\n"}
    assert "/var/lib/bridge" in script(installed, "--remove")
    left = {name for name in files(installed) if not name.startswith("etc/group")}
    assert [name for name in left if "bridge" in name] == ["etc/bridge/bridge.toml"]
    script(installed, "--remove")


@needs_systemd
def test_the_units_are_valid(tmp_path: Path) -> None:
    units = []
    for file in UNITS:
        # Where no bridge is installed, verify would only complain of the missing program.
        text = file.read_text(encoding="utf-8").replace("/opt/bridge/bin/bridge", "/bin/true")
        units.append(tmp_path / file.name.replace("@", "@8080"))
        units[-1].write_text(text)
        (tmp_path / file.name).write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], check=False, capture_output=True, text=True
    )
    ours = [line for line in result.stderr.splitlines() if "bridge" in line]
    assert (result.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_exposure(file: Path) -> None:
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", file],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, "\n".join([*result.stdout.splitlines()[-1:], result.stderr])


def section(file: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(file.read_text(encoding="utf-8"))
    return dict(parser["Service"])


@pytest.mark.parametrize("file", PROCESSES, ids=lambda file: file.name)
def test_a_stop_gets_the_time_that_it_takes(file: Path) -> None:
    assert float(section(file)["TimeoutStopSec"]) == grace.total(0)
    assert section(file)["KillMode"] == "mixed"


def test_no_unit_reads_a_file_of_environment_variables() -> None:
    for file in SERVICES:
        assert "EnvironmentFile" not in section(file)
        assert section(file)["User"] == "bridge"


def test_a_command_runs_as_the_units_do() -> None:
    """With user, folder, settings and credentials of bridge.service, by the options of systemd-run."""
    command = (FOLDER / "bridge.sh").read_text(encoding="utf-8")
    for file in SERVICES:
        unit = section(file)
        assert f"--uid={unit['User']} --gid={unit['Group']}" in command
        assert f"--working-directory={unit['WorkingDirectory']}" in command
        for name in ("UMask", "StateDirectoryMode", "LoadCredential"):
            assert f"--property={name}={unit[name]}" in command, (file.name, name)
        for variable in unit["Environment"].split():
            assert f"--setenv={variable}" in command


def test_the_timer_starts_the_backup_each_night() -> None:
    timer = (FOLDER / "bridge-backup.timer").read_text(encoding="utf-8")
    assert "Persistent=true" in timer
    command = section(FOLDER / "bridge-backup.service")["ExecStart"].split()
    assert command[:2] == ["/opt/bridge/bin/bridge", "backup"]
    folder, option, number = command[2:]
    assert folder == "/var/lib/bridge/backups"
    assert "bridge/backups" in section(FOLDER / "bridge-backup.service")["StateDirectory"].split()
    assert (option, int(number) > 1) == ("--keep", True)
