"""Every mapping keeps to the contract, and the contract notices one that does not."""

import inspect
import json
import shutil
import statistics
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.inbound.decoding import decode
from bridge.mapping.catalogue import Catalogue, MappingFile, load_file
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.samples import Sample
from bridge.mapping_checks.contract import check, check_sample

FILES = list(Catalogue().all())
SAMPLES = [
    pytest.param(file, sample, id=f"{file.name}/{sample.path.name}")
    for file in FILES
    for sample in file.samples
]


@pytest.mark.parametrize(("file", "sample"), SAMPLES)
def test_a_sample_gives_its_booking_and_is_authentic_only_as_signed(file: MappingFile, sample: Sample):
    assert list(check_sample(file.schema(), sample)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_mapping_keeps_to_the_contract(file: MappingFile):
    assert check(file) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_mapping_is_short(file: MappingFile):
    assert length(file) <= 140


def test_most_mappings_are_shorter():
    assert statistics.median(map(length, FILES)) <= 75


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.name != "recorder"], ids=lambda file: file.name
)
def test_the_docstring_shows_a_payload_that_the_mapping_reads(file: MappingFile):
    """Some five lines, indented, as JSON or XML; of a hook with ids only as it is before the API is asked."""
    paragraphs = inspect.cleandoc(file.schema.__doc__ or "").split("\n\n")
    [shown] = [paragraph for paragraph in paragraphs if paragraph.startswith("    ")]
    assert 1 <= len(shown.splitlines()) <= 7
    mapping = file.schema()
    [payload] = mapping.items(decode(shown.encode(), None))
    requests = [DecodedRequest(payload, sample.headers, sample.query) for sample in file.samples]
    assert any(mapping.translate(request).booking or mapping.asks_for(request) for request in requests)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("tally", {"eventType": "FORM_RESPONSE", "data": {"fields": [{"label": "Tour start", "value": "1" * 10_000}]}}),
        ("zapier", {"event": "tour.booked", "tour_time": "1" * 10_000}),
        ("activecampaign", {"type": "deal_update", "deal": {"stage_title": "x" * 10_000}}),
        ("adf", {"adf": {"prospect": {"requestdate": "T" * 10_000}}}),
        ("gravity_forms", {"date_created": "x", "form_id": "1", "id": "2", "9": "\n" * 10_000}),
        ("pipedrive", {"meta": {"action": "change", "entity": "activity"},
                       "data": {"type": "tour", "subject": "\n" * 10_000}}),
    ],
)  # fmt: skip
def test_long_text_that_visitors_write_costs_no_more_than_its_length(name: str, payload: object):
    mapping = Catalogue().get(name).schema()
    assert mapping.translate(DecodedRequest(payload, {})).booking is None


def length(file: MappingFile) -> int:
    return len(file.path.read_text(encoding="utf-8").splitlines())


MAPPING = '''
from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, IGNORE, Mapping, When, fields, path


class Acme(Mapping):
    """Acme Tours

    https://acme.example/webhooks
    """

    signature = Token(header="X-Acme-Key")
    event = path("kind")
    actions = [
        When(event="booked", then=BOOK),
        When(event="removed", where="moved", then=IGNORE("the new booking follows")),
        When(event="removed", then=CANCEL),
    ]
    reference = fields.String(path="id", required=True)
    email = fields.Email(path="email")
    starts_at = fields.Instant(path="start")
'''
BODIES = {
    "booked": {"kind": "booked", "id": 7, "email": "A@example.com", "start": "2031-03-04T16:00:00Z"},
    "removed": {"kind": "removed", "id": 7},
    "removed.moved": {"kind": "removed", "id": 7, "moved": True},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's own folder, with one mapping that keeps to the contract."""
    (tmp_path / "acme.py").write_text(MAPPING)
    samples = tmp_path / "samples" / "acme"
    samples.mkdir(parents=True)
    for name, body in BODIES.items():
        sample = samples / f"{name}.json"
        sample.write_text(json.dumps(body))
        shown = CliRunner().invoke(main, ["translate", str(tmp_path / "acme.py"), str(sample)])
        event = json.loads(shown.stdout)["events"][0]
        booking = event["booking"] or {"action": event["action"], "reason": event["reason"]}
        (samples / f"{name}.booking.json").write_text(json.dumps(booking))
    return tmp_path


def findings(folder: Path) -> list[str]:
    return check(load_file(folder / "acme.py"))


def test_the_mapping_of_these_tests_keeps_to_it(folder: Path):
    assert findings(folder) == []


def test_an_event_without_a_sample_fails(folder: Path):
    (folder / "samples/acme/booked.json").unlink()
    reported = "\n".join(findings(folder))
    assert "No sample of the event booked" in reported
    assert "No sample meets the rule `booked`" in reported
    assert "booked.booking.json belongs to no sample." in reported


def test_no_samples_at_all_fail(folder: Path):
    shutil.rmtree(folder / "samples")
    assert len(findings(folder)) == 5  # two events, three rules


def test_a_rule_without_a_sample_fails_although_its_event_has_one(folder: Path):
    for name in ("removed.moved.json", "removed.moved.booking.json"):
        (folder / "samples/acme" / name).unlink()
    [reported] = findings(folder)
    assert reported.startswith("No sample meets the rule `removed where moved`")


def test_another_booking_than_expected_fails_with_the_path_of_the_difference(folder: Path):
    expected = folder / "samples/acme/booked.booking.json"
    booking = json.loads(expected.read_text())
    booking["contact"]["email"] = "b@example.com"
    expected.write_text(json.dumps(booking))
    assert findings(folder) == [
        "booked.json: booking.contact.email is 'A@example.com', expected 'b@example.com'."
    ]


def test_a_sample_without_its_booking_fails(folder: Path):
    (folder / "samples/acme/booked.booking.json").unlink()
    [reported] = findings(folder)
    assert "booked.booking.json: is missing; write there what `bridge translate` shows" in reported


@pytest.mark.parametrize("content", ["{", "[1]", '"text"'])
def test_headers_that_are_no_object_fail(folder: Path, content: str):
    (folder / "samples/acme/booked.headers.json").write_text(content)
    assert any("booked.headers.json" in reported for reported in findings(folder))


def test_a_sample_that_cannot_be_translated_fails_with_the_field(folder: Path):
    (folder / "samples/acme/booked.json").write_text(json.dumps({**BODIES["booked"], "start": "soon"}))
    assert any("starts_at: found 'soon' at `start`" in reported for reported in findings(folder))


def test_a_sample_that_is_not_json_fails(folder: Path):
    (folder / "samples/acme/booked.json").write_text("kind=booked")
    assert any("is not JSON" in reported for reported in findings(folder))


@pytest.mark.parametrize(
    ("docstring", "reported"),
    [
        ("Acme Tours", "link the page"),
        ("https://acme.example/webhooks", "first line of its docstring"),
        ("A" * 61 + "\n\n    https://acme.example/webhooks\n", "first line of its docstring"),
    ],
)
def test_a_docstring_that_does_not_name_and_link_the_sender_fails(
    folder: Path, docstring: str, reported: str
):
    file = folder / "acme.py"
    file.write_text(MAPPING.replace("Acme Tours\n\n    https://acme.example/webhooks\n    ", docstring))
    assert any(reported in finding for finding in findings(folder))


def test_an_authentication_that_accepts_everything_fails(folder: Path):
    open_endpoint = "class Open(Token):\n    def _matches(self, *_):\n        return True\n\n\nclass Acme("
    file = folder / "acme.py"
    file.write_text(MAPPING.replace("class Acme(", open_endpoint).replace("= Token(", "= Open("))
    assert any(
        "is authentic although a bit of x-acme-key has changed" in reported for reported in findings(folder)
    )


def test_a_batch_expects_a_list(folder: Path):
    samples = folder / "samples/acme"
    bodies = [BODIES["booked"], BODIES["removed.moved"], BODIES["removed"]]
    (samples / "several.json").write_text(json.dumps(bodies))
    names = ("booked", "removed.moved", "removed")
    expected = [json.loads((samples / f"{name}.booking.json").read_text()) for name in names]
    (samples / "several.booking.json").write_text(json.dumps(expected))
    assert findings(folder) == []
    (samples / "several.booking.json").write_text(json.dumps(expected[:2]))
    assert len(findings(folder)) == 1


def test_the_command_checks_a_folder(folder: Path):
    result = CliRunner().invoke(main, ["mappings", "test", str(folder)])
    assert (result.exit_code, result.stdout) == (0, "acme: 3 samples, all passed\n")
    (folder / "broken.py").write_text("import no_such_module")
    (folder / "samples/acme/removed.json").unlink()
    result = CliRunner().invoke(main, ["mappings", "test", str(folder)])
    assert result.exit_code == 1
    assert "acme: No sample meets the rule `removed`" in result.stderr
    assert "cannot be loaded: ModuleNotFoundError" in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_the_command_checks_all_that_come_with_the_bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["mappings", "test"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(FILES)


def test_a_folder_without_mappings_is_reported(tmp_path: Path):
    result = CliRunner().invoke(main, ["mappings", "test", str(tmp_path)])
    assert result.exit_code == 1
    assert "no mapping file" in result.stderr


def test_the_list_shows_every_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    listed = json.loads(CliRunner().invoke(main, ["mappings", "list", "--json"]).stdout)["mappings"]
    table = CliRunner().invoke(main, ["mappings", "list"]).stdout
    assert [row["name"] for row in listed] == [file.name for file in FILES]
    for row, file in zip(listed, FILES, strict=True):
        assert row["events"] == file.schema.event_names()
        assert (row["samples"], row["file"]) == (len(file.samples), str(file.path))
        assert row["name"] in table
        assert row["sender"] in table
