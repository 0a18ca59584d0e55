"""The compose file keeps to the compose specification and to our rules; every variable in it is explained.

`compose-spec` is the specification as a parser. No container is started, for there is no engine; where there is one,
BRIDGE_TEST_COMPOSE=1 runs the last test.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from bridge import grace

FOLDER = Path(__file__).parents[2] / "deploy/compose"
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
OURS = {"migrate", "web", "worker"}


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def test_it_keeps_to_the_specification(document: dict[str, Any]) -> None:
    def filled_in(value: dict[str, Any]) -> str:
        """As compose fills in the variables, with an example for those that have no default."""
        return re.sub(
            r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda found: found[1] or "example", yaml.safe_dump(value)
        )

    assert PyCompose.from_yaml(filled_in(document)).service_names()
    document["services"]["web"]["stop_grace_time"] = "1s"
    with pytest.raises(ValueError, match="stop_grace_time"):
        PyCompose.from_yaml(filled_in(document))


def test_every_variable_is_explained() -> None:
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    example = (FOLDER / ".env.example").read_text(encoding="utf-8")
    explained = re.findall(r"((?:^# .*\n)+)((?:^#?[A-Z_]+=.*\n)+)", example, re.MULTILINE)
    assert {
        name for _, names in explained for name in re.findall(r"^#?([A-Z_]+)=", names, re.MULTILINE)
    } == used
    required = set(re.findall(r"\$\{(\w+):\?", TEXT)) - {"GRAFANA_PASSWORD"}
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == required


def test_a_stop_gets_the_time_that_it_takes(document: dict[str, Any]) -> None:
    for name in OURS:
        assert document["services"][name]["stop_grace_period"] == f"{grace.total(0)}s"


def test_the_schema_is_there_before_the_processes(document: dict[str, Any]) -> None:
    services = document["services"]
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["migrate"]["restart"] == "no"
    for name in ("web", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_major_version_is_in_the_tag_and_in_the_volume(document: dict[str, Any]) -> None:
    database = document["services"]["database"]
    major = re.search(r":(\d+)-", database["image"])
    assert major
    assert database["volumes"] == [f"postgres-{major[1]}:/var/lib/postgresql"]
    assert f"postgres-{major[1]}" in document["volumes"]


def test_what_is_mounted_is_there(document: dict[str, Any]) -> None:
    mounted = {
        volume.split(":")[0] for each in document["services"].values() for volume in each.get("volumes", [])
    }
    files = {name for name in mounted if name.startswith(".")} - {"./bridge.toml"}
    assert len(files) >= 6
    assert all((FOLDER / name).is_file() for name in files)


def test_no_image_is_without_a_version(document: dict[str, Any]) -> None:
    for name in document["services"].keys() - OURS:
        assert re.search(r":v?\d+[.\w-]*$", document["services"][name]["image"]), name


@pytest.mark.processes
@pytest.mark.skipif(not os.environ.get("BRIDGE_TEST_COMPOSE"), reason="BRIDGE_TEST_COMPOSE=1 needs an engine")
def test_what_is_stored_survives_down_and_up(tmp_path: Path) -> None:
    """Up, a row, down, up: the row is still there."""
    shutil.copytree(FOLDER.parents[1], tmp_path / "source", ignore=shutil.ignore_patterns(".git", ".*cache"))
    folder = tmp_path / "source/deploy/compose"
    (folder / "bridge.toml").write_text('[propexo]\ntoken = "${PROPEXO_TOKEN}"\n')
    (folder / ".env").write_text(
        "BRIDGE_HOST=localhost\nPROPEXO_TOKEN=t\nDATABASE_PASSWORD=d\nGRAFANA_PASSWORD=g\n"
    )

    def compose(*args: str) -> str:
        command = ["docker", "compose", "--project-name", "bridge-test", *args]
        return subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=800
        ).stdout

    try:
        compose("up", "--detach", "--wait", "web", "worker")
        compose("exec", "-T", "web", "bridge", "tokens", "create", "--name", "kept", "--role", "viewer")
        compose("down")
        compose("up", "--detach", "--wait", "web", "worker")
        assert "kept" in compose("exec", "-T", "web", "bridge", "tokens", "list")
    finally:
        compose("down", "--volumes")
