"""`--set PATH=VALUE`: values of a JSON document, changed from the command line."""

import copy
import json
import re
from collections.abc import Sequence
from typing import Any

import click

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def changed(document: Any, changes: Sequence[str], named: str) -> Any:
    """A copy with each `payload.email=a@example.com` applied; `named` is the document in an error.

    Raises:
        click.BadParameter: a change is not of this form, or the document has nothing at its path.
    """
    result = copy.deepcopy(document)
    for change in changes:
        path, equals, value = change.partition("=")
        try:
            if not equals:
                raise ValueError("there is no `=`")
            _set(result, [part or int(index) for part, index in _STEP.findall(path)], _value(value))
        except (ValueError, LookupError, TypeError) as error:
            message = f"--set {change}: {named} has nothing at this path ({error})."
            raise click.BadParameter(message) from error
    return result


def _set(document: Any, steps: list[str | int], value: Any) -> None:
    for step in steps[:-1]:
        document = document[step]
    document[steps[-1]] = value


def _value(text: str) -> Any:
    """JSON where it is, else text: `true` and `30` are no texts, `2031-03-04T10:00:00Z` is one."""
    try:
        return json.loads(text)
    except ValueError:
        return text
