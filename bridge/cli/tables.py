"""Tables for a terminal; their text may come from a sender, so it is escaped."""

import re
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 10_000
"""Columns, where no terminal sets an end: nothing is cut for the program that reads on."""


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, as wide as the terminal; the columns fold."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible("" if cell is None else str(cell))) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


def visible(text: str) -> str:
    """Text that cannot steer a terminal: control characters other than line breaks become U+FFFD."""
    return _CONTROL.sub("\ufffd", text)


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def plain(value: object) -> object:
    """A moment as people read it: to the second, in UTC; anything else as it is."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", value):
        return value[:19].replace("T", " ")
    return value
