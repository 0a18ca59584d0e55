"""Where the paths of a draft begin: what most of them share becomes `root`, a list of events `split`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.mapping.drafting.guesses import Guess

MOST = 0.7
"""The share of the paths that has to begin alike."""
FEWEST = 3
WHOLE = "body()"
BATCH = re.compile(
    "(event|message|item|entr(y|ie)|data|record|payload|result|lead|booking|appointment|notification|object|tour)s?$",
    re.IGNORECASE,
)
"""How a list of events is called."""


@dataclass(frozen=True)
class Batch:
    """What surrounds the fields."""

    root: str = ""
    split: str = ""

    def inner(self, expression: str) -> str:
        """The path of a field as it is written below `root`."""
        if not self.root:
            return expression
        rest = _below(self.root, expression)
        return f"{WHOLE}.{expression}" if rest is None else rest


def batch_of(fields: Mapping[str, Guess]) -> Batch:
    """The root that shortens the paths most, and the list that it passes."""
    expressions = [
        (expression, parents) for guess in fields.values() for expression, parents in _expressions(guess)
    ]
    candidates = {parent for _, parents in expressions for parent in parents}
    root = max(candidates, key=lambda one: _saved(one, expressions), default="")
    if not root or _saved(root, expressions) <= len(f'root = "{root}"'):
        root = ""
    return Batch(root, _split(fields, root))


def _expressions(guess: Guess) -> Iterable[tuple[str, tuple[str, ...]]]:
    for place in (*guess.paths, *(part for part in (guess.date, guess.time) if part)):
        yield place.path, place.parents
    for pairs in guess.pairs:
        yield pairs.path, pairs.parents


def _saved(root: str, expressions: Iterable[tuple[str, tuple[str, ...]]]) -> int:
    """Characters that this root saves; below 0 where it must not be one."""
    below = [_below(root, expression) is not None for expression, _ in expressions]
    outside = [expression for expression, _ in expressions if _below(root, expression) is None]
    if sum(below) < max(FEWEST, MOST * len(below)) or any(one.startswith(("json(", "@")) for one in outside):
        return -1
    return sum(below) * (len(root) + 1) - len(outside) * (len(WHOLE) + 1)


def _below(root: str, expression: str) -> str | None:
    if not expression.startswith((f"{root}.", f"{root}[")):
        return None
    return expression[len(root) :].removeprefix(".")


def _split(fields: Mapping[str, Guess], root: str) -> str:
    """The list that stands directly on the way to the fields: each of its items is an event."""
    key, bracket, _ = root.partition("[0]")
    if not BATCH.search(key):
        return ""
    tells_when = fields.get("starts_at") or fields.get("starts_at_local") or fields["reference"]
    inside = all(expression.startswith(f"{key}[0]") for expression, _ in _expressions(tells_when))
    plain = bool(key) and all(name.isidentifier() for name in key.split("."))
    return key if bracket and inside and plain else ""
