"""Finds entries by what they have, without a look at all the others."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Ranked = tuple[Any, int, T]
"""A moment, a number that no other entry has, and the entry; the oldest comes first."""


class Index(Generic[T]):
    """Groups of entries, each in its order; an entry is in the group of each of its keys."""

    def __init__(self) -> None:
        self._groups: defaultdict[Hashable, list[Ranked[T]]] = defaultdict(list)

    def group(self, key: Hashable) -> Sequence[Ranked[T]]:
        return self._groups.get(key, ())

    def add(self, key: Hashable, ranked: Ranked[T]) -> None:
        insort(self._groups[key], ranked)

    def remove(self, key: Hashable, ranked: Ranked[T]) -> None:
        group = self._groups[key]
        del group[bisect_left(group, ranked)]
