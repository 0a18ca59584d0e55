"""The script of the widget as browsers get it: with its style sheet and its texts inside, so that it is one request."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bridge.widget.words import LOCALES, tables_of

LARGEST = 20 * 1024
"""Bytes that it may have, compressed."""


@dataclass(frozen=True)
class WidgetScript:
    """The script of this version."""

    text: bytes
    compressed: bytes
    version: str
    """Names this content: an address with it never changes."""


@cache
def script() -> WidgetScript:
    """Put together from `static/tour-booking.js`, `static/tour-booking.css` and `strings/`."""
    folder = files(__package__).joinpath("static")
    source, style = (
        folder.joinpath(f"tour-booking.{kind}").read_text(encoding="utf-8") for kind in ("js", "css")
    )
    strings = {language: tables_of(language)["widget"] for language in LOCALES}
    for name, value in (("STRINGS = {}", strings), ('STYLE = ""', _squeezed(style))):
        assert source.count(f"const {name};") == 1
        spelled = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        source = source.replace(f"const {name};", f"const {name.partition(' ')[0]} = {spelled};")
    text = source.encode()
    return WidgetScript(text, gzip.compress(text, 9, mtime=0), hashlib.sha256(text).hexdigest()[:16])


def _squeezed(style: str) -> str:
    return " ".join(style.split())
