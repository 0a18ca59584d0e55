"""The line that puts the widget on a website. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

USUAL_ACCENT = "#2b52c7"
READABLE = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""
DARKEST = 0.04045
"""Up to here sRGB is linear."""


@dataclass(frozen=True)
class Options:
    """The user's choices for the widget."""

    properties: Sequence[str]
    language: str = ""
    accent: str = USUAL_ACCENT
    radius: str = "8px"

    @property
    def styles(self) -> dict[str, str]:
        """The CSS variables that are not as usual."""
        found: dict[str, str] = {}
        if self.accent != USUAL_ACCENT:
            text = "#ffffff" if contrast(self.accent, "#ffffff") >= READABLE else "#000000"
            found |= {"--tour-accent": self.accent, "--tour-accent-text": text}
        if self.radius != "8px":
            found["--tour-radius"] = self.radius
        return found


def accent_of(text: str) -> str:
    """A colour as browsers send it; the usual one for anything else."""
    return text.lower() if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else USUAL_ACCENT


def query_of(source: str, options: Options) -> str:
    """The options as an address has them."""
    chosen = {"source": source, "property": ",".join(options.properties), "lang": options.language}
    return urlencode({name: value for name, value in chosen.items() if value}, safe=",", quote_via=quote)


def line_of(home: str, source: str, options: Options) -> str:
    """What goes into the page of a website."""
    line = f'<script async src="{home}/widget.js?{query_of(source, options)}"></script>'
    if not options.styles:
        return line
    rules = " ".join(f"{name}: {value};" for name, value in options.styles.items())
    return f"<style>tour-booking {{ {rules} }}</style>\n{line}"


def contrast(first: str, second: str) -> float:
    """The contrast of two colours such as #2b52c7, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """A part of an sRGB colour as light."""
    return part / 12.92 if part <= DARKEST else ((part + 0.055) / 1.055) ** 2.4
