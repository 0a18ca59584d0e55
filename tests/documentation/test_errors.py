"""The table of error codes is complete and true."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from documentation.documents import ERRORS, TEXTS

import bridge
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError


def kinds_of(error: type[BridgeError]) -> Iterator[type[BridgeError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_every_error_code_is_documented_and_every_documented_one_exists() -> None:
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not module.name.startswith(("bridge.migrations", "bridge.__main__")):
            importlib.import_module(module.name)
    kinds = {kind.code: kind for kind in kinds_of(BridgeError) if kind.code != BridgeError.code}
    rows = {
        code: f"| `{code}` | {getattr(kind, 'status', '')} | {(kind.__doc__ or '').partition('.')[0]}. |"
        for code, kind in kinds.items()
    }
    rows["internal_error"] = "| `internal_error` | 500 | An error in the bridge. |"
    reported = dict(re.findall(r"^\| `(\w+)` \|\s*(\d*)\s*\|", TEXTS[ERRORS], re.MULTILINE))
    missing = [row for code, row in rows.items() if reported.get(code) != row.split("|")[2].strip()]
    assert not missing, f"{ERRORS.name} needs\n" + "\n".join(missing)
    assert reported.keys() <= rows.keys()


def test_every_reason_of_an_event_says_what_to_do() -> None:
    section = TEXTS[ERRORS].partition("## Reasons of events")[2]
    reported = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.MULTILINE))
    assert reported == {reason.value: reason.advice for reason in Reason}
