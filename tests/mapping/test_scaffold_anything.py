"""Whatever is sent, the scaffold is a mapping that loads."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.scaffolded import written

from bridge.mapping.catalogue import load_file
from bridge.mapping.scaffold.payload_paths import literal, payload_paths
from bridge.mapping_checks.preview import Posted, preview

NAMES = st.sampled_from(
    [
        "email",
        "Phone number",
        "start",
        "tour date",
        "time",
        "id",
        "data",
        "answers",
        "label",
        "value",
        "event",
        "1.3",
    ]
)
VALUES = (
    st.sampled_from(
        [
            "maya@example.com",
            "512-555-0142",
            "2031-03-04T10:30:00Z",
            "10:30",
            "Maya",
            "booked",
            "{}",
            '{"a": 1}',
            "",
        ]
    )
    | st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=60)
)
PAYLOADS = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(min_size=1, max_size=9), inner, max_size=5)
    ),
)
BODIES = st.dictionaries(NAMES, PAYLOADS, min_size=1, max_size=6).filter(payload_paths)


@settings(max_examples=60, deadline=None)
@given(first=BODIES, second=BODIES, headers=st.dictionaries(NAMES, st.text()))
def test_whatever_is_sent_gives_a_mapping_that_loads(
    first: dict[str, Any], second: dict[str, Any], headers: dict[str, str]
) -> None:
    given_headers = {f"x-{name.lower().replace(' ', '-')}": text for name, text in headers.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "acme.py"
        file.write_text(written(given_headers, booked=first, moved=second), encoding="utf-8")
        [*_] = preview(load_file(file).schema(), Posted(json.dumps(first).encode()))


@pytest.mark.parametrize("payload", [[], "text", 7, None, {}, ["a"], {"a": {}}])
def test_what_holds_no_values_is_refused(payload: Any) -> None:
    if payload == {"a": {}}:
        assert "a" in written(booked=payload)
        return
    with pytest.raises(ValueError, match="holds no object"):
        written(booked=payload)


@pytest.mark.parametrize(
    "key", ["k" * 200, "form\rdata", "form\0data", "form\x0cdata", "(" * 120, "a|b", "'\"\\"]
)
def test_a_long_or_odd_key_gives_a_mapping_that_loads(tmp_path: Path, key: str) -> None:
    inner = {"id": "7", "email": "maya@example.com", "start": "2031-03-04T10:30:00Z"}
    file = tmp_path / "acme.py"
    file.write_text(written(booked={"event": "booked", key: inner}), encoding="utf-8")
    assert load_file(file).schema().where("email").endswith("email")


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        'with "quotes"',
        "what's",
        """both ' and \"\"""",
        "back\\slash",
        "dash \u2013 and \u2019",
        "größe",
    ],
)
def test_texts_are_written_as_python_reads_them(text: str) -> None:
    assert eval(literal(text)) == text
