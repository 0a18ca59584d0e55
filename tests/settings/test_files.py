"""Which file is read, whether there must be one, and what is told of one that cannot be read."""

from pathlib import Path

import pytest
from settings.documents import TOML

from bridge import settings as configuration
from bridge.errors import ConfigurationError
from bridge.settings import PropexoSettings, Settings


def test_the_environment_alone_is_enough(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = configuration.load(environ={"BRIDGE_PROPEXO__TOKEN": "x"})
    assert settings == Settings(propexo=PropexoSettings(token="x"))


def test_the_usual_files_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bridge.toml").write_text(TOML)
    assert configuration.load(environ={}).path == Path("bridge.toml")
    other = tmp_path / "etc" / "other.toml"
    other.parent.mkdir()
    other.write_text("\ufeff" + TOML, encoding="utf-8")
    settings = configuration.load(environ={"BRIDGE_CONFIG": str(other)})
    assert (settings.path, settings.data_dir) == (other, tmp_path / "etc" / "bridge-data")
    assert configuration.load(Path("bridge.toml"), {"BRIDGE_CONFIG": str(other)}).path == Path("bridge.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[propexo]\ntoken = x\n", "is not valid TOML: Invalid value (at line 2, column 9)"),
        (b"\xff", "is not a text in UTF-8; save it in that encoding"),
        (None, "there is no such file; `bridge init` writes one"),
    ],
)
def test_an_unreadable_file_is_one_problem(tmp_path, content, message):
    path = tmp_path / "bridge.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        configuration.load(path, {})
    assert str(caught.value) == f"{path}: {message}"


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read \(Is a directory\); let this user read it"):
        configuration.load(tmp_path, {})


def test_without_a_file_the_way_to_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        configuration.load(environ={})
    assert [problem.key for problem in raised.value.problems] == ["bridge.toml", "propexo.token"]
    assert "`bridge init` writes one" in str(raised.value)
    (tmp_path / "bridge.toml").touch()
    with pytest.raises(ConfigurationError) as raised:
        configuration.load(environ={})
    assert [problem.key for problem in raised.value.problems] == ["propexo.token"]
