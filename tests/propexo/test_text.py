"""Texts are cut at words, and never through a character that the eye sees as one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.propexo.text import humanise, length, truncate

FAMILY = "👩‍👩‍👧"  # three people, two joiners: 8 UTF-16 units
WAVE = "👋🏽"
FLAG = "🇺🇸"
SCOTLAND = "🏴󠁧󠁢󠁳󠁣󠁴󠁿"


def test_a_text_that_fits_is_left_alone() -> None:
    assert truncate("a tour", 6) == "a tour"
    assert truncate("", 5) == ""


def test_a_long_text_ends_at_a_word() -> None:
    assert truncate("Please call before the tour", 20) == "Please call before…"
    assert truncate("Please call before, the tour", 20) == "Please call before…"
    assert truncate("one\ntwo three", 8) == "one\ntwo…"


def test_a_single_long_word_is_cut_hard() -> None:
    assert truncate("x" * 40, 10) == "x" * 9 + "…"
    assert truncate("Ref AB. " + "x" * 40, 20) == "Ref AB. " + "x" * 11 + "…"


def test_a_name_is_cut_without_a_mark() -> None:
    assert (
        truncate("Wolfeschlegelsteinhausenbergerdorff", 30, ellipsis="") == "Wolfeschlegelsteinhausenberger"
    )


@pytest.mark.parametrize("cluster", [FAMILY, WAVE, FLAG, SCOTLAND, "e\u0301", "कि", "❤️"])
def test_what_is_seen_as_one_stays_whole(cluster: str) -> None:
    text = cluster * 30
    for limit in range(1, length(text)):
        kept = truncate(text, limit)
        assert length(kept) <= limit
        assert kept.removesuffix("…").replace(cluster, "") == ""


def test_length_counts_as_javascript_does() -> None:
    assert [length(text) for text in ("abc", "é", WAVE, FAMILY, FLAG)] == [3, 1, 4, 8, 4]


@given(st.text(max_size=400), st.integers(min_value=1, max_value=300))
@example("\ud800" * 300, 10)
@example(" " * 300, 256)
def test_a_cut_text_fits_and_is_a_beginning(text: str, limit: int) -> None:
    kept = truncate(text, limit)
    assert length(kept) <= limit
    assert kept == text or text.startswith(kept.removesuffix("…"))


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ('{"code":305}', "code: 305"),
        ('{"response":{"error":{"code":305,"message":"Unit is not available."}}}',
         "response: Unit is not available. (code: 305)"),
        ('[{"message":"first"},{"message":"second"}]', "first; second"),
        ('"{\\"message\\":\\"twice\\"}"', "twice"),
        ("<error>No <b>rights</b></error>", "No rights"),
        ("403 Forbidden", "403 Forbidden"),
        ("{not json", "{not json"),
        ('{"ok": true, "n": null}', "ok: true"),
        ("rent < 5 and > 3", "rent < 5 and > 3"),
        (None, ""),
        (12, "12"),
    ],
)  # fmt: skip
def test_what_a_pms_says_becomes_words(stated: object, words: str) -> None:
    assert humanise(stated) == words


@given(
    st.recursive(
        st.none() | st.text() | st.floats(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_anything_can_be_put_into_words(stated: object) -> None:
    assert isinstance(humanise(stated), str)
