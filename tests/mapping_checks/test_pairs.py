"""What `bridge mappings test` notices between two samples, and `--accept`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.mapping.catalogue import load_file
from bridge.mapping_checks.contract import accept, check

MAPPING = '''
from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, Mapping, When, fields, path


class Acme(Mapping):
    """Acme Tours

    https://acme.example/webhooks
    """

    signature = Token(header="X-Acme-Key")
    event = path("kind")
    delivery_id = path("delivery")
    actions = [When(event="booked", then=BOOK)]
    reference = fields.String(path="id", required=True)
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")
    starts_at = fields.Instant(path="start")
    property = fields.String(path="community")
    unit = fields.String(path="unit")
    agent = fields.String(path="agent")
'''
MAYA = {
    "kind": "booked", "delivery": "d-1", "id": "b-1", "email": "maya@example.com", "start": "2031-03-04T16:30:00Z",
    "community": "oakwood", "unit": "2B", "agent": "sam@example.com",
}  # fmt: skip
JONAS = {**MAYA, "delivery": "d-2", "id": "b-2", "email": "jonas@example.com"}


def findings(folder: Path, *bodies: Any, mapping: str = MAPPING) -> list[str]:
    """What is found in a mapping with these samples; each has the booking that it gives."""
    samples = folder / "samples" / "acme"
    samples.mkdir(parents=True)
    (folder / "acme.py").write_text(mapping, encoding="utf-8")
    for number, body in enumerate(bodies, 1):
        (samples / f"{number}.json").write_text(json.dumps(body), encoding="utf-8")
    file = load_file(folder / "acme.py")
    accept(file)
    return check(file)


def test_two_bookings_of_two_renters_are_well(tmp_path: Path) -> None:
    assert findings(tmp_path, MAYA, JONAS) == []


@pytest.mark.parametrize(
    ("path", "name"), [("community", "property"), ("unit", "unit"), ("agent", "agent"), ("email", "email")]
)
def test_a_reference_at_the_path_of_something_shared_is_noticed(tmp_path: Path, path: str, name: str) -> None:
    found = findings(tmp_path, MAYA, mapping=MAPPING.replace('path="id"', f'path="{path}"'))
    assert found[0].startswith(f"`reference` and `{name}` both read `{path}`")


def test_a_reference_that_has_the_value_of_something_shared_is_noticed(tmp_path: Path) -> None:
    found = findings(tmp_path, {**MAYA, "id": "Oakwood"})
    assert found == [
        "1.json: the reference 'Oakwood' is also its property: several bookings would have one reference."
    ]


@pytest.mark.parametrize(
    "extra", [{"email": "jonas@example.com"}, {"email": None, "phone": "512-555-0177", "delivery": "d-2"}]
)
def test_one_reference_of_two_renters_is_noticed(tmp_path: Path, extra: dict[str, Any]) -> None:
    found = findings(tmp_path, {**MAYA, "phone": "512-555-0142"}, {**JONAS, "id": "b-1", **extra})
    assert found == [
        "1.json and 2.json: the reference 'b-1' is that of two renters; read an id that belongs to one booking."
    ]


def test_one_booking_that_changes_is_well(tmp_path: Path) -> None:
    moved = {**MAYA, "delivery": "d-3", "start": "2031-03-05T16:30:00Z"}
    assert (
        findings(tmp_path, MAYA, moved, {**MAYA, "delivery": "d-4", "email": None, "phone": "512-555-0142"})
        == []
    )


def test_one_delivery_id_of_two_events_is_noticed(tmp_path: Path) -> None:
    found = findings(tmp_path, MAYA, {**JONAS, "delivery": "d-1"})
    assert found == [
        "1.json and 2.json: two events have the delivery id 'd-1'; the second would be a duplicate."
    ]


def test_where_equal_content_is_news_no_delivery_id_is_compared(tmp_path: Path) -> None:
    mapping = MAPPING.replace('    delivery_id = path("delivery")\n', "    repeats = True\n")
    assert findings(tmp_path, MAYA, MAYA, mapping=mapping) == []


def test_the_same_body_twice_is_well(tmp_path: Path) -> None:
    assert findings(tmp_path, MAYA, MAYA) == []


# --accept


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["mappings", "test", *arguments])


def test_accept_writes_what_each_sample_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert findings(tmp_path, MAYA) == []
    booking = tmp_path / "samples/acme/1.booking.json"
    booking.write_text(json.dumps({**json.loads(booking.read_text()), "unit": "7"}), encoding="utf-8")
    assert call("acme.py").exit_code == 1
    accepted = call("acme.py", "--accept")
    assert (accepted.exit_code, accepted.stdout.splitlines()) == (
        0,
        ["samples/acme/1.booking.json", "acme: 1 samples, all passed"],
    )
    assert call("acme.py", "--accept").stdout == "acme: 1 samples, all passed\n"


def test_accept_takes_no_error(tmp_path: Path) -> None:
    found = findings(tmp_path, {**MAYA, "start": "soon"})
    assert not (tmp_path / "samples/acme/1.booking.json").exists()
    assert found[0].startswith("1.json: starts_at: found 'soon' at `start`")
    assert "1.booking.json: is missing" in found[1]


def test_accept_wants_to_know_which_mapping() -> None:
    refused = call("--accept")
    assert refused.exit_code == 2
    assert "Name the mapping whose bookings you accept" in refused.stderr
