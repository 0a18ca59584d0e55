"""Bodies as senders write them, and as they should not."""

import json

import pytest
from inbound.media import refused

from bridge.inbound.decoding import decode


class TestJson:
    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "APPLICATION/JSON; charset=UTF-8",
            "application/cloudevents+json",
            "text/plain",
            "application/octet-stream",
            "",
            None,
            ";;;",
        ],
    )
    def test_is_what_a_body_is_unless_requested_to_be_a_form(self, content_type: str | None) -> None:
        assert decode('{"name": "Zoë"}'.encode(), content_type) == {"name": "Zoë"}

    @pytest.mark.parametrize("payload", [{}, [], [{"a": 1}, {"a": 2}], "text", 1.5, -7, True, None])
    def test_may_be_any_document(self, payload: object) -> None:
        assert decode(json.dumps(payload).encode(), "application/json") == payload

    def test_of_two_equal_keys_the_last_wins(self) -> None:
        assert decode(b'{"a": 1, "a": 2}', None) == {"a": 2}

    def test_line_breaks_inside_a_string_are_kept(self) -> None:
        assert decode(b'{"notes": "ring\ntwice"}', None) == {"notes": "ring\ntwice"}

    @pytest.mark.parametrize(
        ("body", "content_type", "reported"),
        [
            (
                b"<html><body>oops",
                "application/json",
                "begins with '<html><bod' and is not JSON (line 1 column 1: Expecting value); the content",
            ),
            (b" \n", None, "The body is empty, which is not JSON (line 2 column 1: Expecting value); "),
            (b'{"a": 1', None, "there is no content type."),
            (b"<html>", "application/json", "the content type says application/json."),
            (b"name=Maya", "text/plain; charset=utf-8", "the content type says text/plain."),
            (b"{} {}", None, "Extra data"),
        ],
    )
    def test_that_cannot_be_read_says_what_was_found_and_expected(
        self, body: bytes, content_type: str | None, reported: str
    ) -> None:
        assert reported in refused(body, content_type)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
    def test_numbers_that_json_cannot_hold_are_refused(self, number: str) -> None:
        assert f"the number {number}" in refused(f'{{"a": {number}}}'.encode())

    def test_huge_integers_are_refused(self) -> None:
        assert decode(b"9" * 40, None) == int("9" * 40)
        assert "of 41 digits" in refused(b"9" * 41)
        assert "of 5000 digits" in refused(b"[" + b"9" * 5000 + b"]")

    @pytest.mark.parametrize("content_type", ["application/json", None])
    @pytest.mark.parametrize(
        "body",
        [
            b"[" * 102 + b"]" * 102,
            b"[" * 2000 + b"]" * 2000,
            b'{"a":' * 5000 + b"1" + b"}" * 5000,
            b"[" * 500_000,
        ],
    )
    def test_deep_nesting_is_refused(self, body: bytes, content_type: str | None) -> None:
        message = refused(body, content_type)
        assert "nested deeper than 100 levels" in message

    def test_a_hundred_levels_are_read(self) -> None:
        assert decode(b"[" * 101 + b"]" * 101, None)


class TestText:
    @pytest.mark.parametrize(
        ("body", "charset"),
        [
            ('\ufeff{"name": "Zoë"}'.encode(), None),
            ('{"name": "Zoë"}'.encode("latin-1"), "iso-8859-1"),
            ('{"name": "Zoë"}'.encode("cp1252"), '"windows-1252"'),
            ('{"name": "Zoë"}'.encode("utf-16"), "utf-16"),
            ('{"name": "Zoë"}'.encode("utf-32"), "UTF-32"),
            ('{"name": "Zoë"}'.encode(), "klingon"),
            ('{"name": "Zoë"}'.encode(), "zlib"),
            ('{"name": "Zoë"}'.encode(), "unicode_escape"),
            ('{"name": "Zoë"}'.encode(), "undefined"),
        ],
    )
    def test_is_utf_8_or_the_charset_that_the_content_type_names(
        self, body: bytes, charset: str | None
    ) -> None:
        content_type = "application/json" + (f"; charset={charset}" if charset else "")
        assert decode(body, content_type) == {"name": "Zoë"}

    def test_of_another_charset_is_refused_with_the_place(self) -> None:
        assert "is not utf-8 text at byte 12" in refused(
            '{"name": "Zoë"}'.encode("latin-1")[:-1].replace(b"Z", b"")
        )
        assert "is not utf-16 text" in refused(b"\xff\xfe{", "application/json; charset=utf-16")

    @pytest.mark.parametrize(
        ("body", "payload"),
        [
            (rb'{"a": "\ud83d"}', {"a": "\ufffd"}),
            (rb'{"a": "\ude00\ud83d"}', {"a": "\ufffd\ufffd"}),
            (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
            (rb'{"a\u0000": ["b\u0000", {"c": "\u0000"}]}', {"a\ufffd": ["b\ufffd", {"c": "\ufffd"}]}),
            (rb'{"a": "\\u0000 \\ud83d"}', {"a": r"\u0000 \ud83d"}),
            (b'{"a": "\x00"}', {"a": "\ufffd"}),
        ],
    )
    def test_can_be_stored_by_postgresql(self, body: bytes, payload: object) -> None:
        assert decode(body, "application/json") == payload
