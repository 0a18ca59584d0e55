"""Encrypts what is stored with the first of the keys: what an older key encrypted, and what none did."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import flag_modified

from bridge import search_index as terms
from bridge.database import Database
from bridge.encryption import SealedBytes, SealedJson, SealedText
from bridge.models import Base, Booking

BATCH = 200
"""Rows of one transaction."""


def encrypt_again(database: Database) -> Iterator[tuple[str, int]]:
    """Write every encrypted column again; yields each table with the number of its rows. Safe to repeat and interrupt.

    Raises:
        DecryptionError: a value needs a key that is not listed; what came before it is done.
    """
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.local_table.name):  # type: ignore[attr-defined]
        names = [
            column.key
            for column in mapper.column_attrs
            if isinstance(column.columns[0].type, SealedBytes | SealedJson | SealedText)
        ]
        if names:
            yield mapper.class_.__tablename__, _rewrite(database, mapper, names)


def _rewrite(database: Database, mapper: Mapper[Any], names: list[str]) -> int:
    key = tuple_(*mapper.primary_key)
    total, last = 0, None
    while True:
        rows = (
            select(mapper.class_).order_by(*mapper.primary_key).limit(BATCH).with_for_update(of=mapper.class_)
        )
        with database.session() as session:
            batch = list(session.scalars(rows if last is None else rows.where(key > tuple_(*last))))
            for row in batch:
                for name in names:
                    if getattr(row, name):
                        flag_modified(row, name)
                if isinstance(row, Booking) and (words := terms.words_in(row.details)):
                    terms.keep(session, {row.id: words})
            total += len(batch)
        if len(batch) < BATCH:
            return total
        last = mapper.primary_key_from_instance(batch[-1])
