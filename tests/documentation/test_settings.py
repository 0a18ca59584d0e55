"""Every setting that the documents name or show exists."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from documentation.documents import CONFIGURE, DOCUMENTS, ROOT, TEXTS, blocks, code_words

from bridge import settings
from bridge.cli.reference import with_settings_table


def settings_shown() -> dict[str, Any]:
    """The template with all that it comments out."""
    return tomllib.loads(re.sub(r"^#(?=\S)", "", settings.template(), flags=re.MULTILINE))


def keys(table: dict[str, Any], *before: str) -> Iterator[tuple[str, ...]]:
    """The path of each key; names that the operator chooses are `*`."""
    for name, value in table.items():
        chosen = before in {("properties",), ("sources",)} or before[2:] in {
            ("units",),
            ("agents",),
            ("lead_sources",),
            ("replies",),
            ("replies", "*"),
        }
        at = (*before, "*" if chosen else name)
        yield at
        if isinstance(value, dict) and set(value) != {"file"}:  # a secret read from a file
            yield from keys(value, *at)


KEYS = set(keys(settings_shown()))


@pytest.mark.parametrize(
    "text", [text for document in DOCUMENTS for text in blocks(document, "toml")], ids=lambda text: text[:20]
)
def test_every_toml_example_has_keys_that_exist(text: str) -> None:
    assert set(keys(tomllib.loads(text))) <= KEYS


def test_every_setting_that_is_named_exists() -> None:
    names = {path[-1] for path in KEYS}
    for document in DOCUMENTS:
        for word in code_words(document):
            key = re.match(r"(\w+) = [\"\[{]", word)
            assert key is None or key[1] in names, word
            section = re.fullmatch(r"(propexo|server)\.(\w+)", word)
            assert section is None or section.groups() in KEYS, word
        for variable in re.findall(r"\bBRIDGE_(\w+__\w+)=", TEXTS[document]):
            assert tuple(variable.lower().split("__")) in KEYS, variable
    for guide in (
        CONFIGURE,
        ROOT / "deploy/install.md",
        ROOT / "deploy/secure.md",
        ROOT / "deploy/privacy.md",
    ):
        only_settings = {word for word in code_words(guide) if re.fullmatch(r"[a-z]+_[a-z_]+", word)}
        assert only_settings <= names


def test_the_table_of_settings_is_the_one_of_this_version() -> None:
    wanted = with_settings_table(TEXTS[CONFIGURE])
    assert wanted == TEXTS[CONFIGURE], (
        "Run `bridge settings table --write deploy/configure.md`: a setting has changed."
    )
