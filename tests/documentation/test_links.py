"""Links lead somewhere, files that are named exist, and every folder of tests is described."""

import re
from pathlib import Path

import pytest
from documentation.documents import DOCUMENTS, ROOT, TEXTS, code_words


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", TEXTS[document], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_our_files_resolve(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[document]):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(document: Path) -> None:
    for word in code_words(document):
        if re.fullmatch(r"(bridge|tests|forwarding|propexo)/[\w/]+(\.py|/)?", word):
            assert (ROOT / word).exists() or (ROOT / "tests" / word).exists(), word


def test_every_folder_of_tests_is_described() -> None:
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
    assert {f"{folder}/" for folder in folders} <= code_words(ROOT / "tests/README.md")
