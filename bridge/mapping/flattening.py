"""One spelling for the keys of a body that people wrote by hand."""

import re
from functools import lru_cache
from typing import Any

MOST_LEAVES = 5000
"""Values of one event; those that senders write have some hundred."""
_LONGEST_KEY = 300  # characters; a long question of a form
_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def flat(value: Any) -> Any:
    """An object without objects in it: nested keys are joined, every key is in small letters with underscores.

    `{"tour": {"startDate": 1}}`, `{"tour__start_date": 1}` and `{"Tour start date": 1}` are all
    `{"tour_start_date": 1}`. Of two keys that become one the first value that is not absent stays. Lists are left
    as they are; what is no object is answered unchanged. Of a long key the beginning counts: each key would repeat
    those around it, and a megabyte could become many gigabytes. An object of more than `MOST_LEAVES` values gives
    none: it was not written by hand.
    """
    if not isinstance(value, dict):
        return value
    if has_too_many_leaves(value):
        return None
    result: dict[str, Any] = {}
    pending = [(str(key)[:_LONGEST_KEY], inner) for key, inner in reversed(value.items())]
    while pending:
        key, inner = pending.pop()
        if isinstance(inner, dict) and inner:
            pending += [(f"{key}_{name}"[:_LONGEST_KEY], each) for name, each in reversed(inner.items())]
        elif result.get(word := snake(key)) in (None, ""):
            result[word] = inner
    return result


@lru_cache(maxsize=4096)
def snake(key: str) -> str:
    """`tourStart`, `Tour start` and `tour__start` as `tour_start`."""
    return _EDGE.sub("_", str(key)[:_LONGEST_KEY]).strip("_").lower()


def has_too_many_leaves(value: Any) -> bool:
    """Whether there are more than `MOST_LEAVES` values at any depth; an empty object is one."""
    pending, leaves = [value], 0
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict | list) and inner:
            if leaves + len(pending) + len(inner) > MOST_LEAVES:
                return True
            pending += inner.values() if isinstance(inner, dict) else inner
        else:
            leaves += 1
    return leaves > MOST_LEAVES
