"""The mappings, signatures and bodies that the guide offers to copy work."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from documentation.documents import GUIDE, OWN_BODY, TEXTS, block, blocks, code_words, translate

from bridge.cli import main
from bridge.inbound import signatures
from bridge.mapping.catalogue import load_file


def run(*args: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, list(args))
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_mapping_to_copy_works(tmp_path: Path) -> None:
    samples = tmp_path / "samples/acme"
    samples.mkdir(parents=True)
    (tmp_path / "acme.py").write_text(block("python", "class Acme"))
    (samples / "booked.json").write_text(block("json", "evt_1"))
    [event] = run("translate", str(tmp_path / "acme.py"), "booked")["events"]
    booking = event["booking"]
    assert (booking["action"], booking["reference"], booking["property"]) == ("book", "7", "Oakwood Flats")
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "Maya@example.com", "phone": "+15125550142"
    }  # fmt: skip
    assert booking["starts_at"] == "2031-03-04T16:30:00Z"
    assert booking["notes"] == "Phone: (512) 555-0142\nMove-in: April"

    (samples / "booked.booking.json").write_text(json.dumps(booking))
    body = json.loads(block("json", "evt_1"))
    ignored = json.loads(next(word for word in code_words(GUIDE) if word.startswith('{"action": "ignore"')))
    for name, more in {"moved": {}, "cancelled": {}, "replaced": {"moved_to": 8}}.items():
        event_name = "cancelled" if name == "replaced" else name
        sample = {**body, "id": f"evt_{name}", "event": event_name, "data": {**body["data"], **more}}
        (samples / f"{name}.json").write_text(json.dumps(sample))
        [event] = run("translate", str(tmp_path / "acme.py"), name)["events"]
        expected = ignored if name == "replaced" else event["booking"]
        (samples / f"{name}.booking.json").write_text(json.dumps(expected))
    result = CliRunner().invoke(main, ["mappings", "test", str(tmp_path)])
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_signatures_to_copy_can_be_declared() -> None:
    known = {name: getattr(signatures, name) for name in signatures.__all__}
    whole = {word for word in code_words(GUIDE) if re.match(rf"({'|'.join(known)})\(.*\)$", word)}
    options = re.findall(r"with `((?:parse|encoding|timestamp_header|algorithm|signs)=.*?)`", TEXTS[GUIDE])
    written = [*whole, *(f'Signature(header="X-Sign", {option})' for option in options)]
    assert len(written) >= 18
    for scheme in written:
        assert eval(scheme, known).where


@pytest.mark.parametrize("text", [text for text in blocks(GUIDE, "python") if "\n\n\nclass " in text])
def test_every_mapping_to_copy_can_be_loaded(text: str, tmp_path: Path) -> None:
    (tmp_path / "copied.py").write_text(text, encoding="utf-8")
    assert load_file(tmp_path / "copied.py").schema.event_names()


def test_the_body_to_copy_is_read_whole() -> None:
    booking = translate(OWN_BODY).booking
    data = OWN_BODY["data"]
    assert (booking.reference, booking.property, booking.unit) == (
        data["booking_id"],
        data["property"],
        data["unit"],
    )
    assert (booking.agent, booking.lead_source) == (data["agent"], data["lead_source"])
    assert (booking.lead_id, booking.previous_reference) == (None, None)
    assert vars(booking.contact) == data["prospect"]
    tour = data["tour"]
    assert (booking.kind, booking.title, booking.notes) == (tour["type"], tour["title"], tour["notes"])
    assert (booking.starts_at.isoformat(), booking.duration_minutes) == ("2031-03-04T16:30:00+00:00", 30)
    assert booking.occurred_at.isoformat() == "2026-11-24T15:50:00+00:00"


def without(document: Any, path: str) -> Any:
    """The body without one of its keys."""
    copy = json.loads(json.dumps(document))
    *tables, last = path.split(".")
    inner = copy["data"]
    for table in tables:
        inner = inner[table]
    del inner[last]
    return copy


MINIMAL = {
    "tour.booked": {
        "booking_id": "B",
        "tour": {"start": "2031-03-04T10:30:00Z"},
        "prospect": {"email": "maya@example.com"},
    },
    "tour.rescheduled": {"booking_id": "B", "tour": {"start": "2031-03-04T10:30:00Z"}},
    "tour.cancelled": {"booking_id": "B"},
}


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_table_names_what_each_type_needs(kind: str) -> None:
    [row] = re.findall(rf"^\| `{kind}` \|(.*)\|$", TEXTS[GUIDE], re.MULTILINE)
    named = re.findall(r"`([\w.]+)`", row)
    body = {"type": kind, "data": MINIMAL[kind]}
    assert translate(body).booking is not None
    for path in ("booking_id", "tour.start", "prospect.email"):
        if path.split(".")[0] in MINIMAL[kind]:
            assert path in named
            assert translate(without(body, path)).errors
