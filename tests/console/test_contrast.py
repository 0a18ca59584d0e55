"""The colours of the console: enough contrast in both themes, computed from the style sheet."""

import re
from pathlib import Path

import pytest

from bridge import console

TOKENS = (Path(console.__file__).parent / "static" / "tokens.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", TOKENS))
SURFACES = ("page", "surface", "soft")
TEXT = [
    *((text, on) for text in ("text", "muted", "accent") for on in SURFACES),
    ("accent-text", "accent"), ("accent-text", "accent-hover"), ("accent", "accent-soft"), ("text", "accent-soft"),
    *((text, on) for text in ("text", "accent") for on in ("warn-soft", "good-soft")),
    *((state, on) for state in ("good", "warn", "bad") for on in (f"{state}-soft", "surface", "page")),
]  # fmt: skip
MARKS = [
    *(("control-border", on) for on in ("page", "surface")),
    *((f"chart-{outcome}", "surface") for outcome in ("written", "ignored", "parked")),
    *(("accent", on) for on in SURFACES),
    ("chart-written", "soft"),
]


def luminance(colour: str) -> float:
    """Relative, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(name: str, on: str, theme: int) -> float:
    """Of two tokens, 1 to 21."""
    pair = [luminance(COLOURS[token].split(", ")[theme]) for token in (name, on)]
    return (max(pair) + 0.05) / (min(pair) + 0.05)


def test_the_contrast_of_black_on_white_is_the_greatest() -> None:
    assert (luminance("#ffffff"), luminance("#000000")) == (1.0, 0.0)
    assert round(luminance("#767676"), 3) == 0.181


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT, 4.5), (MARKS, 3.0)], ids=["text", "borders and marks of charts"]
)
def test_each_pair_has_enough(pairs: list[tuple[str, str]], least: float, theme: int) -> None:
    ratios = {pair: contrast(*pair, theme) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < least} == {}


def test_a_style_sheet_has_no_colour_of_its_own() -> None:
    for name in ("console", "figures", "story", "tour"):
        sheet = (Path(console.__file__).parent / "static" / f"{name}.css").read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet) == []
