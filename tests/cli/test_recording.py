"""A source that only records: any request is kept, can be looked at, and a mapping is written from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.working import work
from click.testing import CliRunner, Result
from sqlalchemy import text

from bridge.app import create_app
from bridge.cli import main
from bridge.database import Database
from bridge.mapping.catalogue import load_file
from bridge.settings import load

SECRET = "a-long-and-secret-word"
CONFIGURATION = """
database_url = "{url}"
mappings_dir = "mappings"

[propexo]
token = "t"

[sources.new]
record = true
secrets = ["{secret}"]

[sources.open]
record = true
auth = "none"
"""
BODY = {
    "topic": "visit.created", "visit": {"id": "v-9", "from": "2031-03-04T10:30:00-06:00"},
    "visitor": {"full_name": "Maya Okafor", "email": "maya@example.com", "mobile_phone": "+1 512 555 0142"},
}  # fmt: skip
SIGNED = {"X-Acme-Signature": "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"}


class Recording:
    """The webhook endpoint and the command line around one database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.config = folder / "bridge.toml"
        self.config.write_text(CONFIGURATION.format(url=database.url, secret=SECRET))
        self.database = database
        self.endpoint = create_app(load(self.config, {}), database).test_client()

    def post(self, address: str, body: bytes, **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.endpoint.post(f"/hooks/{address}", data=body, headers=given)

    def call(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, [*arguments, "--config", str(self.config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result


@pytest.fixture
def recording(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.chdir(tmp_path)
    return Recording(database, tmp_path)


REQUESTS = [
    ("application/json", json.dumps(BODY).encode()),
    ("application/x-www-form-urlencoded", b"name=Maya+Okafor&email=maya%40example.com"),
    ("text/xml", b"<visit><email>maya@example.com</email></visit>"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'),
    ("text/plain", b"hello"),
    ("application/json", b"\xff\xfe{"),
    ("", b""),
]  # fmt: skip


def test_whatever_is_sent_is_stored_listed_and_shown(recording: Recording):
    for content_type, body in REQUESTS:
        answer = recording.post("open", body, Content_Type=content_type, X_Acme_Topic="visit")
        assert answer.status_code == 200, body
    listed = json.loads(recording.call("events", "list", "--source", "open", "--json").stdout)["events"]
    assert len(listed) == len(REQUESTS)
    assert {event["status"] for event in listed} == {"received", "parked"}
    shown = recording.call("events", "show", str(listed[-1]["id"])).stdout
    assert "maya@example.com" in shown
    assert "x-acme-topic: (not stored)" in shown
    undecodable = json.loads(recording.call("events", "show", str(listed[2]["id"]), "--json").stdout)
    assert (undecodable["payload"], undecodable["reason"]) == ("hello", "undecodable")


def test_nothing_is_forwarded(recording: Recording):
    event_id = recording.post("open", json.dumps(BODY).encode(), Content_Type="application/json").json["id"]
    work(recording.config, recording.database)
    event = json.loads(recording.call("events", "show", str(event_id), "--json").stdout)
    assert (event["status"], event["reason"]) == ("ignored", "not_forwarded")
    assert "write a mapping from it" in event["detail"]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("new", {"X_Bridge_Key": SECRET}),
        ("new", {"Authorization": f"Bearer {SECRET}"}),
        (f"new?token={SECRET}&page=2", {}),
        (f"new/{SECRET}", {}),
    ],
)
def test_the_secret_is_asked_for_and_not_stored(recording: Recording, address: str, headers: dict[str, str]):
    body = json.dumps(BODY).encode()
    assert recording.post("new", body, Content_Type="application/json").status_code == 401
    answer = recording.post(address, body, Content_Type="application/json", X_Session="id=7", **headers)
    assert answer.status_code == 200
    shown = recording.call("events", "show", str(answer.json["id"]), "--json").stdout
    assert json.loads(shown)["headers"]["x-session"] == "(not stored)"
    with recording.database.session() as session:
        rows = [str(row) for row in session.execute(text("SELECT e.* FROM events e"))]
    assert not any(word in "".join([shown, *rows]) for word in (SECRET, "id=7"))


def test_a_mapping_is_written_from_recorded_events(recording: Recording):
    moved = {**BODY, "topic": "visit.moved", "visit": {**BODY["visit"], "from": "2031-03-05T10:30:00-06:00"}}
    events = []
    for body in (BODY, moved):
        content = json.dumps(body).encode()
        answer = recording.post(
            "new", content, Content_Type="application/json", X_Bridge_Key=SECRET, **SIGNED
        )
        events += ["--event", str(answer.json["id"])]
    result = recording.call("mappings", "new", "acme", *events, "--docs", "https://acme.example")
    assert result.exit_code == 0, result.stderr
    path = Path("mappings/acme.py")
    file = load_file(path)
    assert file.schema.signature.header_names == ("X-Acme-Signature",)
    assert [sample.name for sample in file.samples] == ["visit_created", "visit_moved"]
    assert json.loads(file.samples[0].body) == BODY
    path.write_text(path.read_text().replace('"choose"', '"visit.id"'), encoding="utf-8")
    assert recording.call("mappings", "test", "acme", "--accept").exit_code == 0
    booking = file.samples[0].expected()
    assert (booking["reference"], booking["starts_at"]) == ("v-9", "2031-03-04T16:30:00Z")
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "phone": "+15125550142",
    }  # fmt: skip


def test_what_cannot_be_written_from_is_reported(recording: Recording):
    assert "There is no event 77." in recording.call("mappings", "new", "acme", "--event", "77").stderr
    for body, reported in ((b"hello", "begins with 'hello'"), (b"", "is empty or no longer kept")):
        event_id = recording.post("open", body, Content_Type="text/plain").json["id"]
        result = recording.call("mappings", "new", "acme", "--event", str(event_id))
        assert result.exit_code == 1
        assert reported in result.stderr
    assert not Path("mappings/acme.py").exists()
