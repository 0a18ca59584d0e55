"""Texts, names, e-mail addresses and phone numbers, as senders write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping.reading import read, refused

from bridge.mapping import fields
from bridge.mapping.fields import Field, describe
from bridge.mapping.paths import DecodedRequest

# Text and names.


@pytest.mark.parametrize(
    ("given", "text"), [(" a b ", "a b"), (7, "7"), (1.5, "1.5"), ("é", "é"), (10**30, str(10**30))]
)
def test_text(given: Any, text: str) -> None:
    assert read(fields.String(path="a"), given) == text


@pytest.mark.parametrize("given", [True, [1, 2], {"a": 1}])
def test_no_text(given: Any) -> None:
    assert refused(fields.String(path="a"), given) == {"found": describe(given), "expected": "text"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("  Maya\t Lee\n", "Maya Lee"),
        ("Ma\x00ya\x07", "Maya"),
        ("\u202eMaya\u200b\ufeff", "Maya"),
        ("Maya 🌸", "Maya 🌸"),
        ("D'Angelo-O\u2019Neil", "D'Angelo-O\u2019Neil"),
        ("王小明", "王小明"),
        (7, "7"),
    ],
)
def test_part_of_a_name(given: Any, name: str) -> None:
    assert read(fields.Name(path="a"), given) == name


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("Maya Okafor", "Maya", "Okafor"),
        ("Okafor, Maya", "Maya", "Okafor"),
        ("Dr. Maya Okafor Jr.", "Maya", "Okafor"),
        ("Mrs Maya Okafor PhD", "Maya", "Okafor"),
        ("Maya van der Berg", "Maya", "van der Berg"),
        ("Maria José Cho", "Maria José", "Cho"),
        ("Jordan Q. Avery", "Jordan", "Avery"),
        ("Maya", "Maya", None),
        ("Bishop Reed", "Bishop", "Reed"),
        ("Royal Young", "Royal", "Young"),
        ("King Lee", "King", "Lee"),
        ("Hon Lam", "Hon", "Lam"),
        ("Dean Major", "Dean", "Major"),
        ("Duke Ellis", "Duke", "Ellis"),
        ("Md Rahman", "Md", "Rahman"),
        ("Maya Okafor, MBA", "Maya", "Okafor"),
        ("Ms. Okafor, Maya", "Maya", "Okafor"),
        ("Mr. and Mrs. Okafor", None, "Okafor"),
        ("\U0001f338Maya Okafor\U0001f338", "Maya", "Okafor"),
        ("Rosa de la Cruz", "Rosa", "de la Cruz"),
        ("Maya O&#039;Brien", "Maya", "O'Brien"),
        ("Maya (May) Okafor \U0001f335", "Maya", "Okafor"),
        ("Okafor,", "Okafor", None),
        ("Mr.", "Mr.", None),
        ("王 小明", "小明", "王"),
        ("Мая Окафор", "Мая", "Окафор"),
        ("مايا أوكافور", "مايا", "أوكافور"),
        ("🌸", "🌸", None),
        ("maya@example.com", "maya@example.com", None),
    ],
)
def test_a_whole_name_is_split(given: str, first: str | None, last: str | None) -> None:
    assert read(fields.PersonName(path="a"), given) == {"first": first, "last": last}


@pytest.mark.parametrize("field", [fields.Name(path="a"), fields.PersonName(path="a")])
@pytest.mark.parametrize("given", [["Maya", "Tom"], {"given": 1}, True, "x" * 201])
def test_no_name(field: Field, given: Any) -> None:
    assert refused(field, given)["expected"] == field.expected


@given(st.text(max_size=60))
def test_every_text_is_some_name(text: str) -> None:
    field = fields.PersonName(path="a")
    found = field.find(DecodedRequest({"a": text}, {}))
    name = field.deserialize(found) if found else {"first": None, "last": None}
    assert (name["first"] or name["last"] or "").isprintable()


# Contact.


@pytest.mark.parametrize(
    ("given", "email"),
    [
        ("Maya@Example.COM", "Maya@Example.COM"),
        (" maya@example.com ", "maya@example.com"),
        ("mailto:maya@example.com", "maya@example.com"),
        ("<maya@example.com>", "maya@example.com"),
        ("maya+tour@example.co.uk", "maya+tour@example.co.uk"),
        ("maya@bücher.example", "maya@bücher.example"),
        ("maya@xn--bcher-kva.example", "maya@bücher.example"),
    ],
)
def test_email(given: Any, email: str) -> None:
    assert read(fields.Email(path="a"), given) == email


@pytest.mark.parametrize(
    "given",
    [
        "maya",
        "maya@",
        "@example.com",
        "a@b@c.com",
        "maya@localhost",
        "m aya@example.com",
        7,
        True,
        {"a": 1},
    ],
)
def test_no_email(given: Any) -> None:
    assert refused(fields.Email(path="a"), given)["expected"] == "an e-mail address such as maya@example.com"


@pytest.mark.parametrize(
    ("given", "phone"),
    [
        (given, "+15125550142")
        for given in (
            "+15125550142",
            "512-555-0142",
            "(512) 555-0142",
            "512.555.0142",
            "1 512 555 0142",
            " +1 (512) 555-0142 ",
            "tel:+1-512-555-0142",
            "whatsapp:+15125550142",
            "512-555-0142 ext. 7",
            "call me at 512 555 0142",
            "call (512) 555-0142 after 5",
            "apt 204, 512-555-0142",
            5125550142,
            "0015125550142",
            "5.125550142E9",
            "\uff15\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12",  # full width
            ["none", "512-555-0142"],
        )
    ]
    + [("+41 44 668 18 00", "+41446681800"), ("011 44 20 7946 0018", "+442079460018")],
)
def test_phone(given: Any, phone: str) -> None:
    assert read(fields.Phone(path="a"), given) == phone


def test_a_mexican_mobile_as_whatsapp_writes_it() -> None:
    assert read(fields.Phone(path="a"), "+5215512345678") == "+525512345678"


@pytest.mark.parametrize(
    "given", ["call me", "12", "555-0142", "+999 123", "9" * 300, True, "maya@example.com"]
)
def test_no_phone(given: Any) -> None:
    assert refused(fields.Phone(path="a"), given)["expected"] == "a phone number such as +1 512-555-0142"


def test_a_phone_stands_behind_what_is_none() -> None:
    field = fields.Phone(path=["a", "b", "c"])
    assert read(field, "after 5 pm", None, "512-555-0142") == "+15125550142"
    assert refused(field, "after 5 pm", "call me")["found"] == "'after 5 pm'"


# Whoever fills a public form can send a megabyte.


def test_of_a_long_list_of_phones_only_the_first_are_tried() -> None:
    assert read(fields.Phone(path="a"), ["no", "512-555-0142"] * 10) == "+15125550142"
    assert refused(fields.Phone(path="a"), ["5125550"] * 1_000_000)["found"]


@pytest.mark.parametrize("title", ["Mr", "Mrs.", "Ms", "Mx", "Miss", "Dr.", "Prof.", "Rev"])
def test_a_title_before_one_word_leaves_the_last_name(title: str) -> None:
    assert read(fields.PersonName(path="a"), f"{title} Reed") == {"first": None, "last": "Reed"}
    assert read(fields.PersonName(path="a"), f"{title} Maya Reed") == {"first": "Maya", "last": "Reed"}


def test_a_name_in_two_inputs() -> None:
    assert read(fields.PersonName(path="a"), {"first": "Maya", "last": "Okafor"}) == {
        "first": "Maya",
        "last": "Okafor",
    }


@pytest.mark.parametrize(
    "given",
    [
        "Maya Okafor <maya@example.com>",
        "maya@example.com,leasing@example.org",
        "maya@example.com; office@example.org",
        "maya@example.com.",
        "mailto:maya@example.com",
        "<mailto:maya@example.com|maya@example.com>",
        "my address is maya@example.com, thanks",
        "mailto:maya@example.com?subject=Tour",
        "maya%40example.com",
        "\u200emaya@example.com\u200b",
        "\uff4daya@example.com",
        "[maya@example.com](mailto:maya@example.com)",
        ["maya@example.com"],
        ["none", "maya@example.com"],
        [{"email": "maya@example.com"}],
        {"emailAddress": {"address": "maya@example.com"}},
    ],
)
def test_an_email_inside_text(given: Any) -> None:
    assert read(fields.Email(path="a"), given) == "maya@example.com"


@pytest.mark.parametrize(
    "given",
    [
        {"country": "44", "area": "20", "phone": "7946 0018"},
        {"country": "+44", "area": "20", "phone": "7946 0018"},
        {"countryCode": "GB", "number": "020 7946 0018"},
        {"full": "+44 20 7946 0018"},
    ],
)
def test_a_phone_with_its_country_beside_it(given: Any) -> None:
    assert read(fields.Phone(path="a"), given) == "+442079460018"
