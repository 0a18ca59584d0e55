"""`bridge translate` on recorded payloads in which anything may stand anywhere."""

import copy
import json
from dataclasses import replace
from typing import Any

from cli.translating import KEYS
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.mapping.catalogue import Catalogue
from bridge.mapping_checks.preview import Posted, preview
from bridge.settings import parse

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
RECORDED = [
    (file, sample) for file in Catalogue().all() for sample in file.samples if sample.path.suffix == ".json"
]
SETTINGS = parse(
    {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "ci", "property_id": "cp", "pms": "ENTRATA", "time_zone": "America/Chicago",
            }
        },
        "sources": {"any": {"mapping": "calendly", "secrets": ["s"], "property": "oakwood"}},
    },
    {},
)  # fmt: skip


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of a document."""
    pairs = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [at, *(place for key, inner in pairs for place in places(inner, (*at, key)))]


@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_no_payload_breaks_it(data: st.DataObject):
    """Recorded payloads in which any value is replaced by any other."""
    file, sample = data.draw(st.sampled_from(RECORDED))
    document = copy.deepcopy(json.loads(sample.body))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        value = data.draw(JSON)
        if not place:
            document = value
            continue
        inner = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    posted = replace(Posted.of(sample), body=json.dumps(document).encode())
    for event in preview(file.schema(), posted, SETTINGS, "any"):
        reported = event.as_json()
        assert list(json.loads(json.dumps(reported))) == KEYS
        assert reported["booking"] or reported["errors"] or reported["action"] == "ignore"
        assert reported["propexo"] is None or not reported["errors"]
