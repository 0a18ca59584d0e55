"""Forms as senders write them, and as they should not: fields, brackets in their names, and parts."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inbound.media import FORM, MULTIPART, multipart, refused, values_of

from bridge.inbound.decoding import decode


class TestForm:
    def test_is_a_dictionary_of_texts(self) -> None:
        body = b"first_name=Maya&last+name=O%27Neil&empty=&email=maya%2Btour%40example.com&n=1"
        assert decode(body, FORM) == {
            "first_name": "Maya",
            "last name": "O'Neil",
            "empty": "",
            "email": "maya+tour@example.com",
            "n": "1",
        }

    def test_repeated_names_have_lists(self) -> None:
        assert decode(b"day=Mon&name=Maya&day=Tue", FORM) == {"day": ["Mon", "Tue"], "name": "Maya"}

    @pytest.mark.parametrize(
        ("body", "charset"), [(b"n=Zo%C3%AB", ""), ("n=Zoë".encode(), ""), (b"n=Zo%EB", "; charset=latin-1")]
    )
    def test_is_read_in_its_charset(self, body: bytes, charset: str) -> None:
        assert decode(body, FORM + charset) == {"n": "Zoë"}

    def test_what_is_not_text_is_replaced(self) -> None:
        assert decode(b"n=Zo%81%00", FORM) == {"n": "Zo\ufffd\ufffd"}

    def test_json_under_its_content_type_is_json(self) -> None:
        assert decode(b' {"name": "a&b=c"}', FORM) == {"name": "a&b=c"}
        assert decode(b"[1]", FORM) == [1]

    def test_names_that_only_begin_like_json_are_names(self) -> None:
        assert decode(b"[name]=Maya", FORM) == {"[name]": "Maya"}

    @pytest.mark.parametrize(
        "body", ['{"name": "Maya"', '[{"name": "Maya"}', '{ "a": 1}}', '<?xml version="1.0"?><a>']
    )
    def test_what_can_only_be_a_document_is_refused_with_the_place(self, body: str) -> None:
        assert "line 1 column" in refused(body.encode(), FORM)

    def test_xml_under_its_content_type_is_xml(self) -> None:
        assert decode(b"<lead><id>a=1&amp;b</id></lead>", FORM) == {"lead": {"id": "a=1&b"}}

    def test_names_that_only_begin_like_xml_are_names(self) -> None:
        assert decode(b"<name>=Maya", FORM) == {"<name>": "Maya"}

    @pytest.mark.parametrize("name", ["Xml", "xml", "XML"])
    def test_xml_in_a_field_stands_beside_the_other_fields(self, name: str) -> None:
        body = urlencode({"PartnerID": "7", name: '\ufeff <Leads><Lead id="1"/></Leads>'}).encode()
        assert decode(body, FORM) == {"PartnerID": "7", "Leads": {"Lead": {"@id": "1"}}}

    def test_another_text_in_that_field_is_a_text(self) -> None:
        assert decode(b"xml=yes", FORM) == {"xml": "yes"}
        assert decode(b"xml=a&xml=b", FORM) == {"xml": ["a", "b"]}

    def test_broken_xml_in_that_field_is_refused_with_the_place(self) -> None:
        assert "line 1 column" in refused(urlencode({"Xml": "<Leads><Lead></Leads>"}).encode(), FORM)

    def test_an_empty_one_has_no_fields(self) -> None:
        assert decode(b"", FORM) == {}

    def test_too_many_fields_are_refused(self) -> None:
        assert "more than 1000 fields" in refused(b"a=1&" * 1001, FORM)


class TestBrackets:
    """Names as PHP writes them: `contact[email]=...`."""

    @pytest.mark.parametrize(
        ("body", "payload"),
        [
            ("contact[first_name]=Maya", {"contact": {"first_name": "Maya"}}),
            (
                "fields[email][id]=email&fields[email][value]=a%40b.co&fields[time][value]=10:30",
                {"fields": {"email": {"id": "email", "value": "a@b.co"}, "time": {"value": "10:30"}}},
            ),
            ("a%5Bb%5D=1", {"a": {"b": "1"}}),
            ("a[b]=1&x=2&a[c]=3", {"a": {"b": "1", "c": "3"}, "x": "2"}),
            ("a[b c][d.e]=1", {"a": {"b c": {"d.e": "1"}}}),
            ("a[b]=1&a[b]=2", {"a": {"b": ["1", "2"]}}),
        ],
    )
    def test_are_nested_objects(self, body: str, payload: object) -> None:
        assert decode(body.encode(), FORM) == payload

    @pytest.mark.parametrize(
        ("body", "payload"),
        [
            ("a[]=1", {"a": ["1"]}),
            ("a[]=1&a[]=2", {"a": ["1", "2"]}),
            ("a[tags][]=1&a[tags][]=2", {"a": {"tags": ["1", "2"]}}),
            ("updated_fields[0]=stageid", {"updated_fields": ["stageid"]}),
            ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
            ("a[0]=x&a[]=y", {"a": ["x", "y"]}),
            ("a[0][n]=x&a[1][n]=y&a[0][m]=z", {"a": [{"n": "x", "m": "z"}, {"n": "y"}]}),
            ("a[][n]=x&a[][n]=y", {"a": [{"n": "x"}, {"n": "y"}]}),
            ("a[][]=1&a[][]=2", {"a": [["1"], ["2"]]}),
        ],
    )
    def test_of_numbers_from_0_are_lists(self, body: str, payload: object) -> None:
        assert decode(body.encode(), FORM) == payload

    @pytest.mark.parametrize(
        ("body", "payload"),
        [
            ("a[1]=x", {"a": {"1": "x"}}),
            ("a[0]=x&a[2]=y", {"a": {"0": "x", "2": "y"}}),
            ("a[7]=x&a[]=y", {"a": {"7": "x", "8": "y"}}),
            ("a[00]=x", {"a": {"00": "x"}}),
            ("a[0]=x&a[b]=y", {"a": {"0": "x", "b": "y"}}),
            ("a[999999999999]=x", {"a": {"999999999999": "x"}}),
            ("a[\u0663]=x", {"a": {"\u0663": "x"}}),
            ("0=x", {"0": "x"}),
        ],
    )
    def test_of_other_numbers_are_keys(self, body: str, payload: object) -> None:
        assert decode(body.encode(), FORM) == payload

    @pytest.mark.parametrize(
        "name",
        [
            "[a]",
            "[]",
            "a[",
            "a]",
            "a[b",
            "a[b]c",
            "a]b[c]",
            "a[b[c]]",
            "a[b]]",
            "a[b]c[d]",
            "Pets [optional]",
            "a" + "[b]" * 20,
            "a" + "[b]" * 100_000,
        ],
    )
    def test_that_php_would_not_write_are_part_of_the_name(self, name: str) -> None:
        assert decode(f"{name}=1".encode(), FORM) == {name: "1"}

    def test_of_nineteen_levels_are_read(self) -> None:
        payload = decode(("a" + "[b]" * 19 + "=1").encode(), FORM)
        for key in ["a", *["b"] * 19]:
            payload = payload[key]
        assert payload == "1"

    @pytest.mark.parametrize(
        ("body", "payload"),
        [
            ("a=1&a[b]=2", {"a": "1", "a[b]": "2"}),
            ("a[b]=2&a=1", {"a": "1", "a[b]": "2"}),
            ("a=&a[]=2&a[]=3", {"a": "", "a[]": ["2", "3"]}),
            ("a[b][c]=1&a[b]=2&a[d]=3", {"a": {"b": "2", "d": "3"}, "a[b][c]": "1"}),
        ],
    )
    def test_that_clash_with_a_value_are_part_of_the_name(self, body: str, payload: object) -> None:
        assert decode(body.encode(), FORM) == payload

    def test_of_multipart_are_the_same(self) -> None:
        body = multipart(('name="a[b]"', b"1"), ('name="a[c][]"', b"2"))
        assert decode(body, MULTIPART) == {"a": {"b": "1", "c": ["2"]}}

    @given(
        st.lists(st.tuples(st.lists(st.sampled_from([*"ab01[]"]), max_size=12).map("".join), st.text("xyz")))
    )
    def test_lose_nothing(self, pairs: list[tuple[str, str]]) -> None:
        payload = decode(urlencode(pairs).encode(), FORM)
        assert sorted(values_of(payload)) == sorted(text for _, text in pairs)


class TestMultipart:
    def test_is_a_dictionary_of_its_texts_and_files_are_left_out(self) -> None:
        body = multipart(
            ('name="name"', "Zoë".encode()),
            ('name="day"', b"Mon"),
            ('name="day"', b"Tue\x00"),
            ('name="picture"; filename="me.png"', b"\x89PNG" * 200_000),
        )
        assert decode(body, MULTIPART) == {"name": "Zoë", "day": ["Mon", "Tue\ufffd"]}

    @pytest.mark.parametrize("disposition", ['name="a"', 'name="a"; filename="blob"'])
    @pytest.mark.parametrize(
        "media_type", ["application/json", "Application/JSON; charset=utf-8", "application/a+json"]
    )
    def test_a_part_of_json_is_its_value(self, disposition: str, media_type: str) -> None:
        part = f"{disposition}\r\nContent-Type: {media_type}"
        body = multipart((part, '{"0": "Zoë\\u0000"}'.encode()), ('name="b"', b"[1]"))
        assert decode(body, MULTIPART) == {"a": {"0": "Zoë\ufffd"}, "b": "[1]"}

    @pytest.mark.parametrize("content", ["", "{", "NaN", "9" * 41, "[" * 300_000])
    def test_a_part_that_is_no_json_is_its_text(self, content: str) -> None:
        body = multipart(('name="a"\r\nContent-Type: application/json', content.encode()))
        assert decode(body, MULTIPART) == {"a": content}

    def test_parts_of_json_inside_brackets_cannot_be_nested_without_end(self) -> None:
        part = f'name="a{"[b]" * 10}"\r\nContent-Type: application/json'
        assert "nested deeper" in refused(multipart((part, b"[" * 95 + b"]" * 95)), MULTIPART)

    def test_a_part_is_read_in_its_charset(self) -> None:
        body = multipart(('name="a"\r\nContent-Type: text/plain; charset=iso-8859-1', b"Zo\xeb"))
        assert decode(body, MULTIPART) == {"a": "Zoë"}

    def test_a_part_without_a_name_has_the_empty_one(self) -> None:
        assert decode(multipart(("x", b"1")), MULTIPART) == {"": "1"}

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", MULTIPART),
            (b"name=Maya", MULTIPART),
            (multipart(('name="a"', b"1"))[:-20], MULTIPART),
            (multipart(('name="a"', b"1")), "multipart/form-data"),
            (multipart(('name="a"', b"1")), "multipart/form-data; boundary=other"),
            (multipart(('name="a"', b"1")), "multipart/form-data; boundary=fröntier"),
        ],
    )
    def test_that_cannot_be_read_is_refused(self, body: bytes, content_type: str) -> None:
        assert "is not multipart/form-data" in refused(body, content_type)

    def test_too_many_fields_are_refused(self) -> None:
        assert "more than 1000 fields" in refused(multipart(*[('name="a"', b"1")] * 1001), MULTIPART)


def test_a_form_of_a_page_in_latin_1_is_read() -> None:
    content_type = "application/x-www-form-urlencoded"
    assert decode(b"name=Jos%E9+Mu%F1oz&say=%93hi%94", content_type) == {
        "name": "José Muñoz",
        "say": "\u201chi\u201d",
    }
    assert decode(b"name=Jos%C3%A9", content_type) == {"name": "José"}


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=iso-8859-1"])
def test_also_where_it_does_not_escape_its_letters(charset: str) -> None:
    body = b"name=Jos\xe9+Mu\xf1oz&say=\x93hi%94"
    assert decode(body, f"application/x-www-form-urlencoded{charset}") == {
        "name": "José Muñoz",
        "say": "\u201chi\u201d",
    }
