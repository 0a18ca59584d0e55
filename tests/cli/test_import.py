"""`bridge import`: requests that were saved elsewhere go through the same endpoint."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bridge.app import create_app
from bridge.cli import main
from bridge.clock import utc_now
from bridge.database import Database
from bridge.inbound.signatures import Request, Signature
from bridge.models import Event, Lane
from bridge.settings import load

CONFIGURATION = """
database_url = "{url}"

[propexo]
token = "t"

[server]
public_url = "https://bridge.example.com"

[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "ENTRATA"
time_zone = "America/Chicago"

[sources.tours]
mapping = "calendly"
secrets = ["key"]
property = "oakwood"

[sources.own]
mapping = "standard_webhooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
property = "oakwood"

[sources.off]
mapping = "standard_webhooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
enabled = false

[sources.slack]
mapping = "recorder"
record = true
auth = "none"

[sources.site]
mapping = "website_form"
property = "oakwood"
origins = ["https://www.example.com"]
"""
CALENDLY = Signature(
    header="Calendly-Webhook-Signature", parse="t={t},v1={signature}", signs="{t}.{body}", tolerance=None
)
LAST_WEEK = datetime.now(UTC).replace(microsecond=0) - timedelta(days=7)


@pytest.fixture
def config(tmp_path: Path, database: Database) -> Path:
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIGURATION.format(url=database.url))
    return path


@pytest.fixture
def bring(config: Path) -> Callable[..., Result]:
    def run(*arguments: Any, stdin: bytes | None = None) -> Result:
        command = ["import", *map(str, arguments), "--config", str(config)]
        result = CliRunner().invoke(main, command, input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def stored(database: Database) -> list[Event]:
    with database.session() as session:
        return list(session.scalars(select(Event).order_by(Event.id)))


def invitee(number: int = 1) -> bytes:
    sample = Path(__file__).parents[2] / "mappings/samples/calendly/invitee.created.json"
    body = json.loads(sample.read_text())
    body["payload"]["uri"] = f"https://api.calendly.com/invitees/{number}"
    return json.dumps(body).encode()


def signed(body: bytes, at: datetime = LAST_WEEK) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        **CALENDLY.sign_request(Request({}, body), ["key"], at).headers,
    }


def line(body: bytes, **more: Any) -> str:
    return json.dumps({"source": "tours", "headers": signed(body), "body": body.decode(), **more})


def test_lines_of_json_are_stored_as_if_they_had_been_posted(
    database: Database, bring: Callable[..., Result], tmp_path: Path
):
    file = tmp_path / "saved.jsonl"
    received = LAST_WEEK.isoformat()
    file.write_text("\n".join([line(invitee(1), received_at=received), "", line(invitee(2))]))
    result = bring(file)
    first, second = stored(database)
    assert result.stdout == f"{file}:1: stored as event {first.id}\n{file}:3: stored as event {second.id}\n"
    assert (result.exit_code, result.stderr) == (0, "2 stored, 0 known already, 0 refused.\n")
    assert first.body == invitee(1)
    assert (first.status, first.source, first.event) == ("received", "tours", "invitee.created")
    with database.session() as session:
        assert set(session.scalars(select(Lane.lane))) == {first.lock, second.lock}
    assert first.received_at == LAST_WEEK
    assert first.replayed_at is not None, "it has time from now on, not from last week on"
    assert second.replayed_at is None
    assert "calendly-webhook-signature" not in first.headers
    [action] = first.history or []
    assert (action["what"], action["file"], action["verified"]) == ("imported", f"{file}:1", True)


def test_what_is_there_already_is_a_duplicate(
    database: Database, config: Path, bring: Callable[..., Result], tmp_path: Path
):
    body = invitee()
    client = create_app(load(config, {}), database).test_client()
    posted = client.post("/hooks/tours", data=body, headers=signed(body, utc_now())).json["id"]
    file = tmp_path / "saved.json"
    file.write_text(line(body))
    result = bring(file)
    assert result.stdout == f"{file}: duplicate of event {posted} (received)\n"
    assert (result.exit_code, len(stored(database))) == (0, 1)


def test_equal_content_without_an_id_is_never_news(
    database: Database, bring: Callable[..., Result], tmp_path: Path
):
    """A file that overlaps with what came must not book again what was cancelled meanwhile."""
    texts = [
        json.dumps({"type": kind, "data": {"booking_id": "B-1", "prospect": {"email": "maya@example.com"}}})
        for kind in ("tour.booked", "tour.cancelled")
    ]
    file = tmp_path / "saved.jsonl"
    file.write_text("\n".join(json.dumps({"source": "own", "body": text}) for text in texts))
    for reported in ("2 stored, 0 known", "0 stored, 2 known"):
        assert reported in bring(file, "--no-verify").stderr
    assert len(stored(database)) == 2


def test_a_forged_request_is_refused_and_the_others_are_not(
    database: Database, bring: Callable[..., Result], tmp_path: Path
):
    file = tmp_path / "saved.jsonl"
    changed = json.loads(line(invitee(1)))
    changed["body"] += " "
    lines = [
        json.dumps(changed),
        line(invitee(2)),
        line(invitee(3), headers={}),
        line(invitee(4), source="x"),
        "{",
    ]
    file.write_text("\n".join(lines))
    result = bring(file)
    reported = result.stdout.splitlines()
    assert (result.exit_code, len(stored(database))) == (1, 1)
    assert "refused: The request is not signed" in reported[0]
    assert "fits none of the secrets" in reported[0]
    assert "stored as event" in reported[1]
    assert "has no header Calendly-Webhook-Signature" in reported[2]
    assert "No source 'x' is configured; there are: tours" in reported[3]
    assert "It is no saved request" in reported[4]
    assert "1 stored, 0 known already, 4 refused." in result.stderr
    assert "--no-verify imports them unverified" in result.stderr
    assert bring(file, "--no-verify").stdout.count("stored as event") == 2


def test_a_dry_run_stores_nothing(database: Database, bring: Callable[..., Result], tmp_path: Path):
    file = tmp_path / "saved.jsonl"
    file.write_text("\n".join([line(invitee(1)), line(invitee(1)), line(b"{", headers=signed(b"{"))]))
    reported = bring(file, "--dry-run")
    assert [splitline.partition(": ")[2] for splitline in reported.stdout.splitlines()][:2] == [
        "would be stored",
        "duplicate of one above",
    ]
    assert "would be stored and parked: The body" in reported.stdout
    assert "2 would be stored, 1 known already" in reported.stderr
    assert stored(database) == []
    assert "2 stored, 1 known already" in bring(file).stderr
    assert "0 would be stored, 3 known" in bring(file, "--dry-run").stderr


def test_a_batch_is_split(database: Database, bring: Callable[..., Result], tmp_path: Path):
    batch = [
        {"type": "tour.cancelled", "id": f"e{number}", "data": {"booking_id": f"B-{number}"}}
        for number in (1, 2)
    ]
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"source": "own", "headers": {}, "body": batch}))
    result = bring(file, "--no-verify", "--json")
    reported = json.loads(result.stdout)
    assert (reported["stored"], reported["refused"]) == (2, 0)
    assert [event["id"] for event in reported["requests"][0]["events"]] == [
        one.id for one in stored(database)
    ]
    assert [one.reference for one in stored(database)] == ["B-1", "B-2"]


def test_what_a_recipe_makes_of_a_har_export(
    database: Database, bring: Callable[..., Result], tmp_path: Path
):
    """One line for each request of it, as the refusal of the export itself says."""

    def request(url: str, body: bytes, method: str = "POST") -> dict[str, Any]:
        headers = [{"name": name, "value": value} for name, value in signed(body).items()]
        pseudo = {"name": ":method", "value": method}
        return {
            "method": method,
            "url": url,
            "headers": [pseudo, *headers],
            "postData": {"text": body.decode()},
        }

    requests = [
        request("https://old.example.com/hooks/tours?a=b", invitee(1)),
        request("https://old.example.com/hooks/tours", b"", "GET"),
        request("https://old.example.com/login", b"user=me"),
    ]
    export = tmp_path / "export.har"
    export.write_text(json.dumps({"log": {"entries": [{"request": request} for request in requests]}}))
    refused = bring(export)
    assert (refused.exit_code, stored(database)) == (1, [])
    assert "jq -c '.log.entries[].request | {url, method, headers, body: .postData.text}'" in refused.stdout
    file = tmp_path / "saved.jsonl"
    lines = [
        {
            "url": request["url"],
            "method": request["method"],
            "headers": request["headers"],
            "body": request["postData"]["text"],
        }
        for request in requests
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    reported = [splitline.partition(": ")[2] for splitline in bring(file).stdout.splitlines()]
    [event] = stored(database)
    assert (event.body, event.query) == (invitee(1), {"a": "b"})
    assert reported[1:] == ["left out: GET /hooks/tours is no hook", "left out: POST /login is no hook"]


@pytest.mark.parametrize("head", [b"POST /hooks/tours HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /hooks/tours\n\n"])
def test_a_raw_request_is_refused_with_what_to_do(
    database: Database, bring: Callable[..., Result], tmp_path: Path, head: bytes
):
    file = tmp_path / "request.http"
    file.write_bytes(head + invitee())
    result = bring(file)
    assert (result.exit_code, stored(database)) == (1, [])
    assert "Save its body alone" in result.stdout


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ('{"url": "/hooks/off", "headers": {}, "body": "{}"}', "`enabled` of sources.off is false"),
        (
            '{"source": "site", "headers": {"Content-Type": "application/json"}, "body": "{}"}',
            "Please correct",
        ),
        (
            '{"source": "site", "headers": {"Origin": "https://evil.example"}, "body": "{}"}',
            "not accepted here",
        ),
        ('{"source": "own", "headers": {}, "body": "{}", "received_at": "2099-01-01"}', "still to come"),
        ('{"source": "own", "headers": {}, "body": "{}", "received_at": "soon"}', "is not ISO 8601"),
        ('{"source": "own", "headers": {}, "body_base64": "?"}', "is not base64"),
        ('{"type": "tour.booked"}', "use --source"),
    ],
)
def test_what_cannot_be_taken_is_reported(
    database: Database, bring: Callable[..., Result], tmp_path: Path, text: str, reported: str
):
    file = tmp_path / "saved"
    file.write_text(text)
    unverified = () if "evil" in text else ("--no-verify",)
    result = bring(file, *unverified)
    assert (result.exit_code, stored(database)) == (1, [])
    assert reported in result.stdout


def test_a_bare_body(database: Database, bring: Callable[..., Result], tmp_path: Path):
    file = tmp_path / "body.json"
    file.write_bytes(invitee())
    headers = [part for name, value in signed(invitee()).items() for part in ("--header", f"{name}: {value}")]
    assert bring(file, "--source", "tours", *headers).exit_code == 0
    [event] = stored(database)
    assert (event.body, event.content_type) == (invitee(), "application/json")
    again = bring(
        "-", "--source", "tours", "--no-verify", "--content-type", "application/json", stdin=invitee()
    )
    assert again.stdout == f"standard input: duplicate of event {event.id} (received)\n"


def test_a_source_can_be_given_instead(database: Database, bring: Callable[..., Result], tmp_path: Path):
    file = tmp_path / "saved.json"
    file.write_text(line(invitee(), source="gone"))
    assert bring(file, "--source", "tours").exit_code == 0
    assert stored(database)[0].source == "tours"


def test_several_files_and_a_missing_one(bring: Callable[..., Result], tmp_path: Path):
    for number in (1, 2):
        (tmp_path / f"{number}.json").write_text(line(invitee(number)))
    assert "2 stored" in bring(tmp_path / "1.json", tmp_path / "2.json").stderr
    assert bring(tmp_path / "3.json").exit_code == 2
