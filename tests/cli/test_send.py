"""`bridge send`, against the bridge on a real port."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.app import create_app
from bridge.cli import main
from bridge.database import Database
from bridge.models import Event
from bridge.settings import load

CONFIGURATION = """
[propexo]
token = "t"

[server]
host = "127.0.0.1"
port = {port}

[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "ENTRATA"
time_zone = "America/Chicago"
name = "Oakwood Flats"

[sources.tours]
mapping = "calendly"
secrets = ["new key", "old key"]

[sources.cal]
mapping = "cal_com"
secrets = ["a"]
enabled = false

[sources.east]
mapping = "standard_webhooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

[sources.west]
mapping = "standard_webhooks"
secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]

[sources.site]
mapping = "website_form"
property = "oakwood"
origins = ["https://www.example.com"]
"""


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the test output clean."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "bridge.toml"


@pytest.fixture
def bridge(config: Path, database: Database) -> Iterator[Database]:
    """The running bridge, at the address that the configuration says."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    config.write_text(CONFIGURATION.format(port=server.server_port))
    server.app = create_app(load(config, {}), database)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield database
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def send(config: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(main, ["send", *arguments, "--config", str(config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def stored(database: Database) -> list[Event]:
    with database.session() as session:
        return list(session.scalars(select(Event).order_by(Event.id)))


def test_a_sample_is_signed_stored_and_answered(bridge: Database, send: Callable[..., Result]):
    result = send("tours", "invitee.created")
    [event] = stored(bridge)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"id": event.id, "status": "received"}
    assert (event.source, event.event) == ("tours", "invitee.created")
    shown = CliRunner().invoke(main, ["translate", "calendly", "invitee.created"])
    assert json.loads(shown.stdout)["events"][0]["delivery_id"] == event.delivery_id


def test_sent_again_it_is_a_duplicate(bridge: Database, send: Callable[..., Result]):
    first = json.loads(send("tours", "invitee.created").stdout)
    assert json.loads(send("calendly", "invitee.created.json").stdout) == {**first, "duplicate": True}


def test_values_can_be_changed_before_it_is_signed(bridge: Database, send: Callable[..., Result]):
    changes = [
        "payload.uri=urn:another",
        "payload.questions_and_answers[1].answer=+1 917 555 0143",
        "payload.rescheduled=false",
        'payload.extra={"a": [1]}',
    ]
    result = send("tours", "invitee.created", *(part for change in changes for part in ("--set", change)))
    assert result.exit_code == 0
    [event] = stored(bridge)
    assert event.reference == "urn:another"
    payload = json.loads(event.body)["payload"]
    assert payload["questions_and_answers"][1]["answer"] == "+1 917 555 0143"
    assert (payload["rescheduled"], payload["extra"]) == (False, {"a": [1]})


@pytest.mark.parametrize(
    "change", ["payload", "payload.nothing.here=1", "payload.questions_and_answers[9]=1", "=1"]
)
def test_a_change_that_leads_nowhere_is_wrong_usage(
    bridge: Database, send: Callable[..., Result], change: str
):
    result = send("tours", "invitee.created", "--set", change)
    assert result.exit_code == 2
    assert "has nothing at this path" in result.stderr
    assert stored(bridge) == []


def test_a_file_of_ones_own_may_be_sent(bridge: Database, send: Callable[..., Result], tmp_path: Path):
    body: dict[str, Any] = {
        "type": "tour.booked",
        "data": {"booking_id": "B-1", "prospect": {"email": "a@example.com"}},
    }
    sample = tmp_path / "mine.json"
    sample.write_text(json.dumps(body))
    for source in ("east", "west"):
        assert send(source, str(sample)).exit_code == 0
    (tmp_path / "mine.headers.json").write_text('{"webhook-id": "msg_mine"}')
    assert send("east", str(sample)).exit_code == 0
    reported = [(event.source, event.delivery_id) for event in stored(bridge)]
    assert [source for source, _ in reported] == ["east", "west", "east"]
    assert reported[0][1].startswith("msg_")
    assert reported[2][1] == "msg_mine"


def test_a_form_comes_from_a_listed_site(bridge: Database, send: Callable[..., Result]):
    for sample in ("form.submitted.form", "form.submitted.one_name_field"):
        assert send("site", sample).exit_code == 0, sample
    assert [event.content_type for event in stored(bridge)] == [
        "application/x-www-form-urlencoded",
        "application/json",
    ]


def test_a_refusal_is_reported_with_its_status(bridge: Database, send: Callable[..., Result], config: Path):
    off = send("cal", "BOOKING_CREATED")
    assert off.exit_code == 1
    assert json.loads(off.stdout)["status"] == 503
    assert "answered 503" in off.stderr
    assert "switched off" in off.stderr
    config.write_text(config.read_text().replace('"new key", "old key"', '"a third key"'))
    forged = send("tours", "invitee.created")
    assert forged.exit_code == 1
    assert "answered 401" in forged.stderr
    assert stored(bridge) == []


def test_another_address_may_be_given(bridge: Database, send: Callable[..., Result], config: Path):
    port = load(config, {}).server.port
    config.write_text(CONFIGURATION.format(port=1))
    assert send("tours", "invitee.created", "--url", f"http://127.0.0.1:{port}/").exit_code == 0
    nobody = send("tours", "invitee.created")
    assert nobody.exit_code == 1
    assert "No answer from http://127.0.0.1:1/hooks/tours" in nobody.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "reported"),
    [
        (["standard_webhooks", "tour.booked"], 1, "name one of east, west"),
        (["hubspot", "tour.booked"], 1, "there are: tours, cal, east, west, site"),
        (["tours", "invitee.deleted"], 2, "samples of calendly: invitee.canceled"),
        (["site", "form.submitted.form", "--set", "a=b"], 2, "--set changes JSON only"),
    ],
)
def test_what_is_not_there_is_reported(
    bridge: Database, send: Callable[..., Result], arguments: list[str], status: int, reported: str
):
    result = send(*arguments)
    assert result.exit_code == status
    assert reported in result.stderr
