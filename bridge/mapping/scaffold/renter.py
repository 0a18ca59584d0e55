"""Whose e-mail, phone and name a value is: by the value and by its key."""

import re
from collections.abc import Callable, Sequence

from bridge.mapping.scaffold.table import Row, Table
from bridge.mapping.scaffold.value_types import is_email, is_name, is_phone

SOMEBODY_ELSE = re.compile(
    r"host|agent|owner|organi[sz]er|user|staff|assignee|member|employee|landlord|emergency|refer|partner|spouse"
    r"|mate|creator|escort|(^|_)guide(_|$)|manager|account|company|support|sender|guests|broker|calendar|property|communit|business|display|metadata"
)
"""Words on the way to a person who is not the renter."""
FIRST_NAMES, LAST_NAMES = (
    {"first_name", "firstname", "first", "given_name"},
    {"last_name", "lastname", "last", "family_name", "surname"},
)
FULL_NAMES = {"name", "full_name", "fullname", "your_name"}


def email_of(table: Table) -> list[Row]:
    """The rows that may be the renter's e-mail address; one is certain."""
    return _renters(table, lambda row: _asks(row, "email", "mail" in row.path.name) and row.all(is_email))


def phone_of(table: Table) -> list[Row]:
    """The rows that may be the renter's phone number; one is certain."""
    words = re.compile(r"phone|mobile|cell|whatsapp|(^|_)(tel|sms)(_|$)")
    return _renters(
        table, lambda row: _asks(row, "phone", bool(words.search(row.path.name))) and row.all(is_phone)
    )


def without_shared(rows: list[Row], groups: Sequence[Sequence[int]]) -> list[Row]:
    """The rows without those that are equal in the bookings of several renters."""
    return [row for row in rows if len(groups) == 1 or not _is_shared(row, groups)]


def _is_shared(row: Row, groups: Sequence[Sequence[int]]) -> bool:
    values = [{row.values[index] for index in group} - {None} for group in groups]
    return sum(map(bool, values)) > 1 and len(set().union(*values)) == 1


def names_of(table: Table, email: Row | None) -> dict[str, list[Row]]:
    """The rows of a name, by field: both parts, or the full name beside the e-mail address."""
    parts = {
        "first_name": _named(table, "first_name", FIRST_NAMES),
        "last_name": _named(table, "last_name", LAST_NAMES),
    }
    if all(len(rows) == 1 for rows in parts.values()):
        return parts
    full = _named(table, "name", FULL_NAMES)
    beside = [row for row in full if email and row.path.parent == email.path.parent]
    return {
        "full_name": beside if len(beside) == 1 else full if len(full) == 1 and full[0].path.is_answer else []
    }


def _named(table: Table, topic: str, keys: set[str]) -> list[Row]:
    return _renters(table, lambda row: _asks(row, topic, row.path.name in keys) and row.all(is_name))


def _asks(row: Row, topic: str, by_key: bool) -> bool:
    """Whether a value is about this: an answer by its question, where that is clear, and others by their key."""
    return row.path.topic == topic if row.path.topic else by_key


def _renters(table: Table, test: Callable[[Row], bool]) -> list[Row]:
    """The rows that pass, without those of another person; rows that always agree count as one."""
    rows = [row for row in table.where(test) if not SOMEBODY_ELSE.search(row.path.flat)]
    return agreeing(rows)


def agreeing(rows: list[Row]) -> list[Row]:
    """The first of the rows, the most complete, where all the others say the same in every sample or nothing."""
    if not rows:
        return []
    best = max(rows, key=lambda row: len(row.present))
    pairs = (
        (best_value, other)
        for row in rows
        for best_value, other in zip(best.values, row.values, strict=True)
        if other is not None
    )
    return [best] if all(best_value == other for best_value, other in pairs) else rows
