"""The guide to mappings tells everything that an author must know."""

import re

import pytest
from documentation.documents import GUIDE, README, ROOT, TEXTS, code_words
from jmespath.functions import Functions

from bridge.cli.field_table import with_field_table
from bridge.cli.overview import with_table
from bridge.delivery.rules.outcomes import Reason
from bridge.inbound import signatures
from bridge.inbound.inbox import STORED_HEADERS
from bridge.mapping import Action, Api, Fetch, Mapping, fields
from bridge.mapping.base import BOOKING_FIELDS
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.paths import DecodedRequest


def test_the_table_of_the_mappings_is_true() -> None:
    """The guide ends in it; the README leads there."""
    files = Catalogue().all()
    reported = f"Run `bridge mappings table --write {GUIDE.relative_to(ROOT)}`: a mapping has changed."
    assert with_field_table(with_table(TEXTS[GUIDE], files)) == TEXTS[GUIDE], reported
    assert {file.name for file in files} <= code_words(GUIDE)
    assert "](mappings/README.md" in TEXTS[README]


def test_every_booking_field_is_described() -> None:
    rows = [line.split("|")[1] for line in TEXTS[GUIDE].splitlines() if line.startswith("| ")]
    first_cells = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert first_cells >= BOOKING_FIELDS


def test_every_type_of_field_is_described() -> None:
    types = [
        name
        for name, value in vars(fields).items()
        if isinstance(value, type) and issubclass(value, fields.Field) and value is not fields.Field
    ]
    assert types
    for name in types:
        assert re.search(rf"`{name}\b", TEXTS[GUIDE]), name


def test_every_part_of_a_mapping_is_described() -> None:
    parts = {name for name in Mapping.__annotations__ if not name.startswith("_")}
    options = signatures.Signature.__dataclass_fields__.keys()
    of_api = {name for one in (Api, Fetch) for name in one.__dataclass_fields__}
    for name in parts | options | of_api:
        assert re.search(rf"\b{name}\b", TEXTS[GUIDE]), name


def test_every_function_of_a_path_is_described() -> None:
    outside = DecodedRequest({}, {}).options.custom_functions
    named = [name.removeprefix("_func_") for name in dir(outside) if name.startswith("_func_")]
    ours = [name for name in named if not hasattr(Functions, f"_func_{name}")]
    assert len(ours) > 8
    for name in ours:
        assert re.search(rf"`{name}\(", TEXTS[GUIDE]), name


def test_every_action_is_described() -> None:
    for action in Action:
        assert re.search(rf"`{action.upper()}\b", TEXTS[GUIDE]), action


def test_the_stored_headers_are_named() -> None:
    named = {word.lower() for word in code_words(GUIDE)}
    assert set(STORED_HEADERS) <= named


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_advice(reason: Reason) -> None:
    assert reason.advice.endswith(".")
