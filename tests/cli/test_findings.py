"""What `check` finds, by part: files that others can read, and a workbench that is not confined."""

import pytest

from bridge.cli import checks
from bridge.cli.permissions import readable_secrets
from bridge.settings import Workbench


class TestReadableSecrets:
    """`bridge check` warns of them."""

    @pytest.mark.parametrize(
        ("text", "mode", "found"),
        [
            ('[propexo]\ntoken = "secret"', 0o644, ["bridge.toml"]),
            ('[propexo]\ntoken = "secret"', 0o600, []),
            ('[propexo]\ntoken = "${TOKEN}"', 0o644, []),
            ('[sources.a]\nsecrets = ["${A}", "b"]', 0o644, ["bridge.toml"]),
            ('[sources.a]\nproperty = "oakwood"', 0o644, []),
            ('[propexo]\ntoken = { file = "token" }', 0o644, ["token"]),
        ],
    )
    def test_files_with_secrets_in_them(self, tmp_path, text, mode, found):
        (tmp_path / "bridge.toml").write_text(text)
        (tmp_path / "bridge.toml").chmod(mode)
        (tmp_path / "token").write_text("secret")
        (tmp_path / "token").chmod(0o644)
        assert [path.name for path in readable_secrets(tmp_path / "bridge.toml")] == found


@pytest.mark.parametrize(
    ("mode", "confinable", "found"),
    [
        (Workbench.CONFINED, True, []),
        (Workbench.CONFINED, False, ["no Landlock"]),
        (Workbench.UNCONFINED, True, ["reaches all files"]),
        (Workbench.UNCONFINED, False, ["reaches all files"]),
        (Workbench.OFF, False, []),
    ],
)
def test_a_workbench_that_is_not_confined_is_a_finding(
    mode: Workbench, confinable: bool, found: list[str]
) -> None:
    findings = list(checks.workbench(mode, confinable=confinable))
    assert [finding.level for finding in findings] == ["warning"] * len(found)
    assert all(text in finding.message for text, finding in zip(found, findings, strict=True))
