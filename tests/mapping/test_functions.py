"""What a path can do with a value, and that no value makes it fail."""

import re
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.flattening import flat
from bridge.mapping.functions import PathFunctions

OPTIONS = jmespath.Options(custom_functions=PathFunctions())


def search(expression: str, payload: Any) -> Any:
    return jmespath.search(expression, payload, OPTIONS)


class TestJson:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ('{"start": ["2026"]}', {"start": ["2026"]}),
            ("7", 7),
            ('"x"', "x"),
            ('{"a": "ring\ntwice"}', {"a": "ring\ntwice"}),
            ('{"a": "\\u0000\\ud83d"}', {"a": "\ufffd\ufffd"}),
            ({"a": 1}, {"a": 1}),
            ([1], [1]),
            (7, 7),
            (None, None),
        ],
    )
    def test_is_the_value_that_a_text_holds(self, value: object, found: object) -> None:
        assert search("json(x)", {"x": value}) == found

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "no",
            "{",
            "{} {}",
            "NaN",
            "[-Infinity]",
            "1e999",
            "9" * 41,
            "9" * 500_000,
            "[" * 102 + "]" * 102,
            "[" * 500_000,
            '{"a":' * 5000 + "1" + "}" * 5000,
        ],
    )
    def test_is_null_for_what_cannot_be_read(self, text: str) -> None:
        assert search("json(x)", {"x": text}) is None

    def test_can_be_walked_on(self) -> None:
        payload = {"rawRequest": '{"q3_name": {"first": "Aisha"}, "more": "{\\"a\\": 1}"}'}
        assert search("json(rawRequest).q3_name.first", payload) == "Aisha"
        assert search("json(json(rawRequest).more).a", payload) == 1


class TestHtml:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("", ""),
            ("plain text", "plain text"),
            ("Said &quot;top floor&quot; only", 'Said "top floor" only'),
            ("two\n\n lines ", "two\nlines"),
            ("<p>Hello <b>Maya</b>,</p>\n<p>see\nyou</p>", "Hello Maya,\nsee you"),
            ("one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour"),
            ("<div>a<div>b</div></div>c", "a\nb\nc"),
            ("<ul>\n <li>cat</li>\n <li>dog</li>\n</ul>", "cat\ndog"),
            ("<table><tr><th>Name</th><td>Maya</td></tr><tr><td>x</td></tr></table>", "Name Maya\nx"),
            ("<style>p {}</style><script>if (a<b) alert('</p>')</script >Hi<script src=x></script>", "Hi"),
            ("a<!-- <p>hidden</p> -->b", "ab"),
            ("a<!-- never closed <p>", "a"),
            ("<script>never closed", ""),
            ("<!DOCTYPE html><html><body>Hi</body></html>", "Hi"),
            ("<![if !mso]>a<![endif]><?xml?>", "a"),
            ("&lt;b&gt; &amp;amp; &nbsp;&#8364; &bogus; &", "<b> &amp; \u20ac &bogus; &"),
            ("&#0;&#xD800;", "\ufffd\ufffd"),
            ("2 < 3 and 3<4, 5>4", "2 < 3 and 3<4, 5>4"),
            ("Maya <maya@example.com><br>x", "Maya <maya@example.com>\nx"),
            ("<a href=\"x\" title='y'>link</a>", "link"),
        ],
    )
    def test_is_plain_text(self, html: str, text: str) -> None:
        assert search("html(x)", {"x": html}) == text

    @pytest.mark.parametrize("value", [None, 1, True, [], {}])
    def test_is_null_for_no_text(self, value: object) -> None:
        assert search("html(x)", {"x": value}) is None

    @pytest.mark.parametrize(
        "piece", ["<a ", "<a b='", "<!--", "<script>", "<script", "</", "<?", "<![", "&"]
    )
    def test_reads_a_megabyte_of_unclosed_tags(self, piece: str) -> None:
        assert isinstance(search("html(x)", {"x": piece * (1_000_000 // len(piece))}), str)


class TestFind:
    ITEMS = (
        {"key": "Target", "value": {"id": 1}},
        {"key": "target", "value": 2},
        {"key": 5, "value": "five"},
        {"key": "Target", "value": "second"},
        {"key": True, "value": "yes"},
        {"value": "no key"},
        {"key": None},
        {"key": ["Target"]},
        "Target",
    )

    @pytest.mark.parametrize(
        ("expression", "found"),
        [
            ("find(x, 'key', 'Target').value.id", 1),
            ("find(x, 'key', 'target').value", 2),
            ("find(x, 'key', '5').value", "five"),
            ("find(x, 'key', `5`).value", "five"),
            ("find(x, 'key', 'true').value", "yes"),
            ("find(x, 'key', 'TARGET')", None),
            ("find(x, 'key', nothing)", None),
            ("find(x, 'key', `[\"Target\"]`)", None),
            ("find(x, nothing, 'Target')", None),
            ("find(x[0], 'key', 'Target').value.id", 1),
            ("find(x[1], 'key', 'Target')", None),
            ("find(x[*], 'key', 'target').value", 2),
        ],
    )
    def test_is_the_first_object_that_has_the_value(self, expression: str, found: object) -> None:
        assert search(expression, {"x": list(self.ITEMS)}) == found

    @pytest.mark.parametrize("value", [None, "text", 1, True, []])
    def test_is_null_for_no_list(self, value: object) -> None:
        assert search("find(x, 'key', 'a')", {"x": value}) is None


class TestMatch:
    @pytest.mark.parametrize(
        ("text", "pattern", "found"),
        [
            ("TOUR TB-551 Maya", "tb-[0-9]+", "TB-551"),
            ("TOUR TB-551 TB-552", "tb-([0-9]+)", "551"),
            ("one\nunit: 4B\nthree", "^unit: (.*)$", "4B"),
            ("ab", "(x)?b", None),
            ("unit 4B", "apt (.*)|unit (.*)", "4B"),
            ("ab", "c", None),
            ("", ".*", ""),
            (30.5, "[0-9]+", "30"),
            (None, ".*", None),
            ([], ".*", None),
            ("x" * 9_999 + "yz", "x(y?)z?$", "y"),
        ],
    )
    def test_is_the_group_or_all_of_the_first_match(self, text: object, pattern: str, found: object) -> None:
        assert search(f"match(x, '{pattern}')", {"x": text}) == found

    def test_a_wrong_pattern_is_the_authors_mistake(self) -> None:
        with pytest.raises(re.error):
            search("match(x, '(')", {"x": "text"})


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("part(x, '|', `0`)", "a"),
        ("part(x, '|', `2`)", " C"),
        ("part(x, '|', `-1`)", " C"),
        ("part(x, '|', `-3`)", "a"),
        ("part(x, '|', `3`)", None),
        ("part(x, '|', `-4`)", None),
        ("part(x, '|', '0')", None),
        ("part(x, '|', nothing)", None),
        ("part(x, '', `0`)", None),
        ("part(x, ', ', `0`)", "a|b| C"),
        ("part(n, '.', `1`)", "5"),
        ("lower(x)", "a|b| c"),
        ("lower(t)", "true"),
        ("replace(x, '|', ', ')", "a, b,  C"),
        ("replace(n, '.', ',')", "1,5"),
        ("replace(x, nothing, '')", None),
        ("text(n)", "1.5"),
        ("text(i)", "7"),
        ("text(t)", "true"),
        ("text(x)", "a|b| C"),
        ("text(l)", None),
        ("l[].text(@)", ["1", "2"]),
        ("part(text(i), '-', `0`)", "7"),
    ],
)
def test_texts(expression: str, found: object) -> None:
    assert search(expression, {"x": "a|b| C", "n": 1.5, "i": 7, "t": True, "l": [1, 2]}) == found


EXPRESSIONS = [
    "json({0})",
    "html({0})",
    "find({0}, {1}, {2})",
    "match({0}, 'a(b)?')",
    "part({0}, {1}, {2})",
    "lower({0})",
    "replace({0}, {1}, {2})",
    "text({0})",
]
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text())
) | st.dictionaries(st.text(), st.text())


@given(values=st.tuples(VALUES, VALUES, VALUES))
def test_no_value_is_too_odd(values: tuple[Any, ...]) -> None:
    for expression in EXPRESSIONS:
        search(expression.format("[0]", "[1]", "[2]"), list(values))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_null_gives_null(expression: str) -> None:
    assert search(expression.format("x", "'a'", "'b'"), {}) is None


def test_flat_does_not_repeat_a_long_key_for_each_that_it_holds() -> None:
    wide = {"k" * 400_000: {f"a{number}": 1 for number in range(4_000)}}
    assert len(flat(wide)) == 1
