"""The items of a header: `t=1796227200,v1=5257a8...`."""

import re
from functools import cached_property

LONGEST_HEADER = 8192
"""Characters. Five signatures with RSA keys of 4096 bits have 3,500."""
MOST_ITEMS = 20
MOST_SIGNATURES = 5
"""A sender that changes its secret signs with two. Each more costs work before anything is proven."""


class HeaderFormat:
    """How a sender writes the items of its header.

    Raises:
        ValueError: an item of `parse` does not hold exactly one placeholder.
    """

    def __init__(self, parse: str, separator: str) -> None:
        self._separator = separator
        self._items: list[tuple[str, re.Pattern[str]]] = []
        for item in parse.split(separator):
            match = re.fullmatch(r"([^{]*)\{(\w+)\}([^{]*)", item.strip())
            if match is None:
                raise ValueError(
                    f"`parse` has the item {item!r}: each item holds exactly one placeholder, "
                    f"and `separator` ({separator!r}) is between items."
                )
            before, name, after = match.groups()
            self._items.append((name, re.compile(f"{re.escape(before)}(.+){re.escape(after)}", re.DOTALL)))

    @cached_property
    def names(self) -> frozenset[str]:
        """The placeholders."""
        return frozenset(name for name, _ in self._items)

    def read(self, text: str) -> dict[str, list[str]]:
        """The values behind each placeholder; items that look different are skipped.

        Raises:
            ValueError: it is longer, or has more items or more values of one kind, than any sender writes.
        """
        found: dict[str, list[str]] = {name: [] for name in self.names}
        items = text.split(self._separator, MOST_ITEMS) if len(text) <= LONGEST_HEADER else []
        if not items or len(items) > MOST_ITEMS:
            raise ValueError(f"The header has over {LONGEST_HEADER} characters or {MOST_ITEMS} items.")
        for item in map(str.strip, items):
            for name, pattern in self._items:
                if match := pattern.fullmatch(item):
                    found[name].append(match[1])
        if any(len(values) > MOST_SIGNATURES for values in found.values()):
            raise ValueError(f"The header has more than {MOST_SIGNATURES} signatures.")
        return found
