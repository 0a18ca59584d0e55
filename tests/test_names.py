"""Names are those of the things: no private vocabulary, one class per name, and exceptions that end in `Error`."""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "bridge").rglob("*.py"), *(ROOT / "mappings").glob("*.py")])

WORDS = {"told", "tell", "tells", "telling", "said", "saying", "sayings", "deed", "deeds", "parted"}
"""Never a part of a name."""
WHOLE = {"mine", "one", "others", "who"}
"""Not a whole name: they say nothing about the thing."""
RENAMED = {
    "Choices": "RecordCache",
    "Doubt": "AuthFailure",
    "Equal": "DuplicatePolicy",
    "Kept": "RequestMetadata",
    "Notice": "ProcessedWebhook",
    "OwnBody": "CanonicalPayload",
    "Proof": "SecretScheme",
    "Received": "DecodedRequest",
    "Saved": "SavedRequest",
    "Term": "SearchToken",
    "objection": "problem",
    "objections": "blockers",
    "shake_hands": "verify_endpoint",
    "storable": "sanitise",
    "waves": "in_batches",
}
"""Names that only this project used, and the terms of the field that replace them."""
NOT_OURS = {"one"}
"""Methods of libraries: SQLAlchemy's `Result.one()`."""


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes(module: ast.Module) -> list[ast.AST]:
    return list(ast.walk(module))


def identifiers(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module defines or uses, and its line."""
    for node in nodes(module):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Attribute(attr=name) if name not in NOT_OURS:
                yield name, node.lineno
            case ast.keyword(arg=str(name)):
                yield name, node.value.lineno
            case ast.alias(name=name, asname=asname):
                yield asname or name.rpartition(".")[2], node.lineno
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name, node.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, node.lineno


def words_of(name: str) -> set[str]:
    """`told_at` and `ToldAt` have the words told and at."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def is_banned(name: str) -> bool:
    return name.strip("_") in WHOLE | RENAMED.keys() or bool(words_of(name) & WORDS)


@pytest.mark.parametrize(
    ("name", "banned"),
    [
        ("told", True),
        ("_told_apart", True),
        ("GaugesTold", True),
        ("tells", True),
        ("one", True),
        ("_one", True),
        ("one_time", False),
        ("teller", False),
        ("retell", False),
        ("others", True),
        ("HEADERS", False),
        ("deed_views", True),
        ("SAYINGS_OPEN", True),
        ("OwnBody", True),
        ("_objection", True),
        ("is_storable", False),
    ],
)
def test_a_name_is_banned_by_its_words(name: str, banned: bool) -> None:
    assert is_banned(name) is banned


def test_names_say_what_a_thing_is() -> None:
    assert not [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in FILES
        for name, line in identifiers(tree(file))
        if is_banned(name)
    ], "name the thing, such as `settings`, `request`, `rows`, `message`"


def test_files_are_named_for_what_they_hold() -> None:
    assert not [file for file in FILES if is_banned(file.stem) or is_banned(file.parent.name)]


def test_a_class_name_stands_for_one_class() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for file in (ROOT / "bridge").rglob("*.py"):
        for node in nodes(tree(file)):
            if isinstance(node, ast.ClassDef) and node.name != "Meta":  # marshmallow's, inside of a schema
                places[node.name].append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert not {name: at for name, at in places.items() if len(at) > 1}, "qualify the name by what it is of"


def test_exceptions_end_in_error() -> None:
    bases: dict[str, list[str]] = {}
    for file in FILES:
        for node in nodes(tree(file)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [ast.unparse(base).rpartition(".")[2] for base in node.bases]

    def is_exception(name: str) -> bool:
        known = getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, BaseException):
            return True
        return name.endswith("Error") or any(
            is_exception(base) for base in bases.get(name, []) if base != name
        )

    assert {"BridgeError", "CommandError"} <= {name for name in bases if is_exception(name)}
    assert not [
        name
        for name in bases
        if not name.endswith("Error") and any(is_exception(base) for base in bases[name])
    ]
