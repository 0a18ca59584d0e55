"""The documents, what can be read out of them, and what several of their tests post."""

import json
import re
from pathlib import Path
from typing import Any

from bridge.mapping.catalogue import Catalogue
from bridge.mapping.paths import DecodedRequest

ROOT = Path(__file__).parents[2]
README, GUIDE, CONFIGURE = ROOT / "README.md", ROOT / "mappings/README.md", ROOT / "deploy/configure.md"
ERRORS, METRICS = ROOT / "deploy/errors.md", ROOT / "deploy/metrics.md"
GUIDES = sorted((ROOT / "deploy").glob("*.md"))
DOCUMENTS = [
    README,
    GUIDE,
    *GUIDES,
    ROOT / "deploy/bench/README.md",
    ROOT / "tests/README.md",
    ROOT / "CHANGELOG.md",
]
DOCUMENTS += sorted((ROOT / ".github").glob("*.md"))
TEXTS = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SITE = "https://www.example.com"


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", TEXTS[document], re.MULTILINE | re.DOTALL)
    return [text for reported, text in fenced if reported == language]


def block(language: str, words: str) -> str:
    """The one block of the guide to mappings that holds these words."""
    [found] = [text for text in blocks(GUIDE, language) if words in text]
    return found


def code_words(document: Path) -> set[str]:
    """The text `like this`, outside blocks."""
    prose = re.sub(r"^```.*?^```", "", TEXTS[document], flags=re.MULTILINE | re.DOTALL)
    return {" ".join((two or one).split()) for two, one in re.findall(r"``(.+?)``|`([^`]+)`", prose)}


OWN_BODY = json.loads(block("json", "TB-55120"))


def translate(document: Any, mapping: str = "standard_webhooks") -> Any:
    return Catalogue().get(mapping).schema().translate(DecodedRequest(document, {}))
