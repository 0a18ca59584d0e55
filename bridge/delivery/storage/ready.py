"""Queries that are compiled once and prepared by psycopg: SQLAlchemy around each execution would cost as much again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, make_dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import CompoundSelect, Connection, Select, TypeDecorator
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from bridge.database import driver_of

Row = TypeVar("Row")
Values = tuple[Any, ...]


class Query(Generic[Row]):
    """A query, and what its rows become.

    Args:
        kind: a dataclass without `__post_init__` and slots; the statement's columns have the names of its fields.
            Unset: a row has its columns as attributes.
    """

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
        kind: type[Row] | None = None,
    ) -> None:
        self._statement, self._kind = statement, kind

    def rows(self, connection: Connection, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Run it in the connection's transaction. Raises psycopg.Error."""
        sql, constants = self._compiled
        given = {**constants, **parameters} if parameters else constants
        found = driver_of(connection).execute(sql, given, prepare=True).fetchall()
        if sealed := self._sealed:
            dialect = connection.dialect
            found = [
                tuple(
                    sealed[place].process_result_value(value, dialect) if place in sealed else value
                    for place, value in enumerate(row)
                )
                for row in found
            ]
        return list(map(self._make, found))

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}

    @cached_property
    def _sealed(self) -> dict[int, TypeDecorator[Any]]:
        """The types that decrypt, by the places of their columns."""
        types = [column.type for column in self._statement.selected_columns]
        return {place: of for place, of in enumerate(types) if isinstance(of, TypeDecorator)}

    @cached_property
    def _make(self) -> Callable[[Values], Row]:
        names = [str(column.key) for column in self._statement.selected_columns]
        if self._kind is None:
            record = make_dataclass("Record", [(name, Any) for name in names], slots=True)
            return lambda values: cast("Row", record(*values))
        return _maker(self._kind, names)


def _maker(kind: type[Row], names: Sequence[str]) -> Callable[[Values], Row]:
    """What makes a frozen row of its values: `__init__` would set each field by a call."""
    defaults = dict(_defaults(each for each in fields(kind) if each.name not in names))  # type: ignore[arg-type]

    def make(values: Values) -> Row:
        row = object.__new__(kind)
        known = vars(row)
        known.update(defaults)
        known.update(zip(names, values, strict=True))
        return row

    return make


def _defaults(left: Iterator[Field[Any]]) -> Iterator[tuple[str, Any]]:
    for each in left:
        if each.default is MISSING:
            raise TypeError(f"{each.name} is not selected and has no default.")
        yield each.name, each.default
