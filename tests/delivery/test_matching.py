"""Which of Propexo's records a name means: never one of several people or units."""

import pytest

from bridge.delivery.rules.record_cache import match
from bridge.delivery.rules.resolve import AGENT, LEAD_SOURCE, UNIT

UNITS = [
    {"id": "c1", "name": "204B"},
    {"id": "c2", "name": "Unit 7"},
    {"id": "c3", "name": "101"},
    {"id": "c4", "name": "101"},
    {"id": "c5"},
    {"id": "c6", "name": "Apt 9"},
    {"id": "c7", "name": "9"},
]
PEOPLE = [
    {"id": "c1", "name": "Sam Lee", "email": "Sam@Example.com"},
    {"id": "c2", "name": "Ana Ruiz", "email": "leasing@example.com"},
    {"id": "c3", "name": "Joe Cole", "email": "leasing@example.com"},
    {"id": "c5", "name": "Kim Park", "email": "kim@example.com"},
    {"id": "c4", "name": "Kim Park", "email": "kim@example.com", "leasing": True},
    {"id": "c6", "name": "Lee Wu"},
    {"id": "c7", "name": "Lee Wu"},
    {"id": "c8", "email": "sole@example.com"},
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("204B", "c1"),
        (" 204b ", "c1"),
        ("Unit 204B", "c1"),
        ("apt. #204B", "c1"),
        ("# 204b", "c1"),
        ("7", "c2"),
        ("Suite 7", "c2"),
        ("c5", "c5"),
        ("9", "c7"),
        ("apt 9", "c6"),
        ("No. 9", None),
        ("101", None),
        ("204", None),
        ("Unit", None),
        ("#", None),
    ],
)
def test_a_unit_is_meant_by_its_number(name, found):
    assert match(UNIT, name, UNITS) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sam@example.COM", "c1"),
        ("sam  LEE", "c1"),
        ("leasing@example.com", None),
        ("Joe Cole", "c3"),
        ("kim@example.com", "c4"),
        ("Kim Park", "c4"),
        ("Lee Wu", None),
        ("sole@example.com", "c8"),
        ("c6", "c6"),
        ("Sam", None),
    ],
)
def test_an_agent_is_meant_by_address_or_by_a_name_that_one_person_has(name, found):
    assert match(AGENT, name, PEOPLE) == found
    assert match(AGENT, name, PEOPLE[::-1]) == found


def test_a_lead_source_is_meant_by_its_name():
    sources = [
        {"id": "c1", "name": "Apartments.com"},
        {"id": "c2", "name": "Web"},
        {"id": "c3", "name": "web"},
    ]
    assert match(LEAD_SOURCE, "APARTMENTS.COM", sources) == "c1"
    assert match(LEAD_SOURCE, "Web", sources) is None
    assert match(LEAD_SOURCE, "Zillow", sources) is None
