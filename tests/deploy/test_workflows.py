"""The workflows for GitHub: what they may do, what they run, and that a tag publishes only what was tested.

They have not run at GitHub. They keep to its schema; `zizmor` looks for known weaknesses; their scripts run here.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from bridge import __version__

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
MAY_WRITE = {
    ("release.yml", "sign"): {"attestations", "id-token"},
    ("release.yml", "pypi"): {"id-token"},
    ("release.yml", "image"): {"id-token", "packages"},
    ("release.yml", "release"): {"contents"},
}
"""Jobs that may write, and what."""


def load(name: str) -> dict[str, Any]:
    # "on" is a word for true in YAML 1.1.
    document: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


WORKFLOWS = {file.name: load(file.name) for file in FILES}
JOBS = [(file, name, job) for file, flow in WORKFLOWS.items() for name, job in flow["jobs"].items()]


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file, name, job in JOBS:
        yield from ((file, name, step) for step in job.get("steps", ()))


def script(words: str) -> str:
    """The shell script of the step with this name in the release."""
    [found] = [step["run"] for _, _, step in steps() if step.get("name") == words]
    return str(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_action_is_pinned_by_its_hash_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"uses: (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) or action.startswith(
            "./.github/"
        )


@pytest.mark.parametrize(
    ("file", "name", "job"), JOBS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_job_may_do_no_more_than_it_needs(file: str, name: str, job: dict[str, Any]) -> None:
    assert WORKFLOWS[file]["permissions"] in ({}, {"contents": "read"})
    granted = job.get("permissions", {})
    assert {scope for scope, level in granted.items() if level == "write"} == MAY_WRITE.get(
        (file, name), set()
    )
    assert "uses" in job or job["timeout-minutes"] <= 60


def test_only_a_tag_publishes() -> None:
    assert WORKFLOWS["release.yml"]["on"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    assert "pull_request_target" not in str(WORKFLOWS)
    assert {file for file, _ in MAY_WRITE} == {"release.yml"}


@pytest.mark.parametrize("name", ["build", "sign", "pypi", "image", "release"])
def test_nothing_is_published_that_was_not_tested(name: str) -> None:
    jobs = WORKFLOWS["release.yml"]["jobs"]
    before, open_jobs = set(), [name]
    while open_jobs:
        needs = jobs[open_jobs.pop()].get("needs", [])
        found = [needs] if isinstance(needs, str) else needs
        before.update(found)
        open_jobs += found
    assert "test" in before


def test_every_python_that_is_named_runs_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: 3."
    named = [f"3.{each.removeprefix(prefix)}" for each in project["classifiers"] if each.startswith(prefix)]
    assert WORKFLOWS["test.yml"]["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    allowed = SpecifierSet(project["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if allowed.contains(f"3.{minor}.9")] == named


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), ("v9.9.9", 1), (__version__, 1), ("v", 1)])
def test_a_tag_must_be_the_version(tag: str, code: int) -> None:
    result = bash(script("Compare the tag with the version"), ROOT, tag)
    assert result.returncode == code, result.stderr


def test_the_notes_are_the_section_of_the_version(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_bytes((ROOT / "CHANGELOG.md").read_bytes())
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert bash(script("Take the notes from the changelog"), tmp_path, f"v{__version__}").returncode == 0
    notes = (tmp_path / "out/notes.md").read_text()
    assert "### Upgrade" in notes
    assert "## [" not in notes
    assert "[Unreleased]:" not in notes
    assert notes.strip() in text
    assert bash(script("Take the notes from the changelog"), tmp_path, "v9.9.9").returncode != 0


def test_every_script_is_one() -> None:
    for _, _, step in steps():
        if "run" in step:
            assert "${{" not in step["run"], "hand it over in `env`"
            assert bash(step["run"], ROOT, "", "-n").returncode == 0, step["run"]


def bash(text: str, folder: Path, tag: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A script as the runner starts it."""
    environment = {"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag}
    return subprocess.run(
        ["bash", "-eo", "pipefail", *options, "-c", text], cwd=folder, env=environment, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


def test_no_known_weakness() -> None:
    result = tool("zizmor", "--offline", "--no-progress", "--min-severity", "medium", FOLDER)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("schema", "files"), [("github-workflows", FILES), ("dependabot", [FOLDER.parent / "dependabot.yml"])]
)
def test_they_keep_to_the_schema(schema: str, files: list[Path]) -> None:
    result = against(schema, *files)
    assert result.returncode == 0, result.stdout


def test_a_misspelt_key_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "test.yml"
    wrong.write_text((FOLDER / "test.yml").read_text(encoding="utf-8").replace("fail-fast:", "fail_fast:"))
    result = against("github-workflows", wrong)
    assert result.returncode == 1
    assert "fail_fast" in result.stdout


def against(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """The schemas come with the package: no network is asked."""
    return tool("check-jsonschema", "--verbose", "--builtin-schema", f"vendor.{schema}", *files)


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / name, *arguments], check=False, capture_output=True, text=True
    )
