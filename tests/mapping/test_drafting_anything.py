"""Whatever is sent, the draft is a mapping that loads."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.drafted import written

from bridge.mapping.catalogue import load_file
from bridge.mapping.drafting import draft
from bridge.mapping.drafting.writing import literal
from bridge.mapping.paths import Received
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
        ["maya@example.com", "512-555-0142", "2031-03-04T10:30:00Z", "10:30", "Maya", "booked", "{}", ""]
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


@settings(max_examples=200, deadline=None)
@given(
    inner=st.dictionaries(NAMES, PAYLOADS, min_size=1, max_size=6), headers=st.dictionaries(NAMES, st.text())
)
def test_whatever_is_sent_gives_a_mapping_that_loads(inner: dict[str, Any], headers: dict[str, str]) -> None:
    given_headers = {f"x-{name.lower().replace(' ', '-')}": text for name, text in headers.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "acme.py"
        file.write_text(written(inner, given_headers), encoding="utf-8")
        [*_] = preview(load_file(file).schema(), Posted(json.dumps(inner).encode()))


@pytest.mark.parametrize("payload", [[], "text", 7, None, {}, ["a"]])
def test_what_holds_no_object_is_refused(payload: Any) -> None:
    with pytest.raises(ValueError, match="holds no object"):
        draft(Received(payload, {}))


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
