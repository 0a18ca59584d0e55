"""Every setting of bridge.toml with its variable, type, default and description, for people and for programs.

Keys, types and defaults are those of the schema and the records; a description is the docstring of a record's field.
"""

import ast
import inspect
import json
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from bridge.settings.document import PREFIX
from bridge.settings.fields import NamedTable, Setting, Text, TextList
from bridge.settings.hours import DAYS
from bridge.settings.records import (
    AlertSettings,
    ConfiguredUser,
    ConsoleSettings,
    FormSettings,
    OpenIdSettings,
    PrivacySettings,
    Property,
    PropexoSettings,
    ServerSettings,
    Settings,
    Source,
)
from bridge.settings.schema import Document
from bridge.settings.sections import AppointmentTypesSection, DefaultsSection
from bridge.settings.tour_times import BusinessHours, KindSettings, SlotSettings, TourHours
from bridge.settings.workbench import Workbench

PROPERTY = "properties.<key>"
DECLARED_BY: dict[str, type] = {
    "": Settings,
    "propexo": PropexoSettings,
    "server": ServerSettings,
    "privacy": PrivacySettings,
    "console": ConsoleSettings,
    "console.openid": OpenIdSettings,
    "alerts": AlertSettings,
    "forms": FormSettings,
    PROPERTY: Property,
    f"{PROPERTY}.slots": SlotSettings,
    f"{PROPERTY}.slots.kinds.<key>": KindSettings,
    f"{PROPERTY}.defaults": DefaultsSection,
    f"{PROPERTY}.defaults.appointment_types": AppointmentTypesSection,
    "sources.<key>": Source,
    "users.<key>": ConfiguredUser,
}
"""The class that declares the keys of each table, with their defaults and docstrings."""


@dataclass(frozen=True)
class SettingRow:
    """One setting as the reference shows it."""

    table: str
    """Such as `server`; empty for the keys before the first table."""
    key: str
    variable: str
    type: str
    required: bool
    default: str | None
    """As bridge.toml writes it; `None`: unset."""
    description: str


def settings_reference() -> list[SettingRow]:
    """All settings, in the order of bridge.toml."""
    return list(_rows(Document(), ""))


def _rows(schema: Schema, table: str) -> Iterator[SettingRow]:
    declared = DECLARED_BY[table]
    inner: list[tuple[Schema, str]] = []
    for key, field in schema.fields.items():
        at = f"{table}.{key}".removeprefix(".")
        section = getattr(getattr(field, "read_value", None), "__self__", None)
        if isinstance(field, marshmallow_fields.Nested):
            inner.append((field.schema, at))
        elif isinstance(section, Schema):
            inner.append((section, f"{at}.<key>"))
        else:
            assert isinstance(field, Setting)
            yield SettingRow(
                table, key, _variable(at, field), _type(field), field.required, _default(declared, key),
                _descriptions(declared)[key],
            )  # fmt: skip
    for found, at in inner:
        yield from _rows(found, at)


def _variable(at: str, field: Setting) -> str:
    of_entry = "__<NAME>" if isinstance(field, NamedTable) else ""
    return PREFIX + at.replace(".", "__").upper() + of_entry


def _type(field: Setting) -> str:
    if isinstance(field, TextList):
        return "list of texts"
    if field.message == Text.expected:
        return "text"
    words = field.message.removesuffix(", without quotes").removesuffix(", in quotes")
    return words.removeprefix("a ").removeprefix("an ")


def _default(declared: type, key: str) -> str | None:
    if not is_dataclass(declared):  # a schema without a record, which has no defaults
        return None
    [found] = [field for field in fields(declared) if field.name == key]
    if found.default is not MISSING:
        return toml(found.default)
    return toml(found.default_factory()) if found.default_factory is not MISSING else None


def toml(value: Any) -> str | None:  # noqa: PLR0911 - one line for each kind of value
    """A default as bridge.toml writes it; `None` for what is unset."""
    match value:
        case None | () | {}:
            return None
        case Workbench():
            return json.dumps(value is not Workbench.OFF)
        case time():
            return f'"{value:%H:%M}"'
        case BusinessHours():
            days = f"{DAYS[min(value.days)]}-{DAYS[max(value.days)]}"
            return f'"{days} {value.opens:%H:%M}-{value.closes:%H:%M}"'
        case TourHours():
            return f'"{value.first:%H:%M}-{value.last:%H:%M}"'
        case Path():
            return json.dumps(str(value))
        case _:
            return json.dumps(value)


@cache
def _descriptions(declared: type) -> dict[str, str]:
    """The docstring below each field of a class."""
    [definition] = ast.parse(inspect.getsource(declared)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def table() -> str:
    """All settings in Markdown: a heading and a table for each table of bridge.toml."""
    rows = settings_reference()
    parts = []
    for name in dict.fromkeys(row.table for row in rows):
        parts += [
            f"### `[{name}]`\n" if name else "### Before the first table\n",
            "| key | environment variable | type | default | what it does |",
            "|---|---|---|---|---|",
            *(_line(row) for row in rows if row.table == name),
            "",
        ]
    return "\n".join(parts)


def _line(row: SettingRow) -> str:
    default = "required" if row.required else f"`{row.default}`" if row.default else ""
    cells = (f"`{row.key}`", f"`{row.variable}`", row.type, default, row.description)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
