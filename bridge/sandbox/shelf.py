"""The records of one kind: what the PMSs hold of them, and what Propexo has read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic

from bridge.sandbox.index import Index, Ranked
from bridge.sandbox.records import Cached, R, timestamp

Values = Mapping[str, Callable[[R], str | None]]
"""The filters that find records by an index, and what each compares of a record."""
Key = tuple[str, str]
ALL: Key = ("", "")


class Shelf(Generic[R]):
    """The records of one kind: `held` by the PMS, and `read` by Propexo."""

    def __init__(self, values: Values[R], is_synced: Callable[[R], bool] = lambda _: True) -> None:
        self.held: dict[str, R] = {}
        self.read: dict[str, Cached[R]] = {}
        self.news: list[tuple[Cached[R] | None, Cached[R]]] = []
        """What was read for the first time, or was read and has changed: how it was and how it is."""
        self._values: Values[R] = values
        self._is_synced: Callable[[R], bool] = is_synced
        """Whether Propexo reads this record at all."""
        self._index: Index[str] = Index()

    def put(self, record: R) -> None:
        self.held[record.id] = record

    def delete(self, record_id: str) -> None:
        if record_id in self.held:
            self.put(replace(self.held[record_id], deleted=True))

    def read_back(self, record_id: str, now: datetime) -> None:
        """Brings one record into the cache, which never loses one: a deleted record stays as last seen."""
        record, before = self.held[record_id], self.read.get(record_id)
        if record.deleted or not self._is_synced(record):
            return
        unchanged = before is not None and before.record == record
        after = self.read[record_id] = Cached(
            record,
            number=before.number if before else len(self.read),
            created_at=before.created_at if before else now,
            updated_at=before.updated_at if before and unchanged else now,
            last_seen=now,
        )
        if not unchanged:
            self._find_anew(before, after)
            self.news.append((before, after))

    def take_news(self) -> list[tuple[Cached[R] | None, Cached[R]]]:
        """What was read since this was asked last."""
        news, self.news = self.news, []
        return news

    def read_all(self, integration_id: str, now: datetime) -> None:
        """What a sync does."""
        for record in self.held.values():
            if record.integration_id == integration_id:
                self.read_back(record.id, now)

    def find(self, filters: Mapping[str, str]) -> tuple[Sequence[Ranked[str]], bool]:
        """The ids of the readable records that may pass these filters, and whether all of them do.

        They are ranked by `created_at`, and of one moment by when they were read first.
        """
        keys: list[Key] = [item for item in filters.items() if item[0] in self._values]
        smallest = min(map(self._index.group, [ALL, *keys]), key=len)
        return smallest, len(filters) == len(keys) <= 1

    def _find_anew(self, before: Cached[R] | None, after: Cached[R]) -> None:
        ranked = (timestamp(after.created_at), after.number, after.record.id)
        old, new = self._keys(before.record) if before else set(), self._keys(after.record)
        for key in old - new:
            self._index.remove(key, ranked)
        for key in new - old:
            self._index.add(key, ranked)

    def _keys(self, record: R) -> set[Key]:
        keys = {ALL}
        for name, value_of in self._values.items():
            if (value := value_of(record)) is not None:
                keys.add((name, value))
        return keys
