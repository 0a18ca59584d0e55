"""A setting is declared once, as a field of its record: from there a table of bridge.toml has its keys.

How a value is read follows from the annotation or the metadata; a setting without a default is required.
"""

import copy
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from marshmallow.fields import Field

from bridge.settings.fields import Boolean, NamedTable, PositiveInt, Seconds, Setting, Text, TextList

SETTING = "setting"
"""The key of the metadata."""
NO_KEYS = {"key", "path", "live_since"}
"""The name of a table, that of the file, and what only the database knows."""
BY_ANNOTATION: Mapping[Any, Callable[[], Setting]] = {
    str: Text,
    Path: Text,
    int: PositiveInt,
    float: Seconds,
    bool: Boolean,
    tuple[str, ...]: TextList,
    dict[str, str]: lambda: NamedTable(Text().read),
}


def read_as(setting: Setting) -> dict[str, Setting]:
    """The metadata of a field whose annotation does not say how it is read."""
    return {SETTING: setting}


def keys_of(record: type, **tables: Field[Any]) -> dict[str, Field[Any]]:
    """The keys of the table that becomes this record, in its order; `tables` are those that have keys of their own."""
    hints = get_type_hints(record)
    return {
        field.name: tables.get(field.name)
        or _setting(
            field.metadata.get(SETTING) or BY_ANNOTATION[_without_none(hints[field.name])](),
            required=field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(record)
        if field.name not in NO_KEYS
    }


def _setting(setting: Setting, *, required: bool) -> Setting:
    made = copy.copy(setting)
    made.required = required
    return made


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in {Union, types.UnionType}:
        return annotation
    (left,) = (arg for arg in get_args(annotation) if arg is not types.NoneType)
    return left
