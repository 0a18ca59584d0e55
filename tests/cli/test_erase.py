"""`bridge erase`, `bridge retention`, `bridge encrypt`."""

import json

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import text

from bridge.cli import main
from bridge.clock import utc_now
from bridge.keys import contact_key
from bridge.models import Event, Status

MAYA = contact_key("maya@example.com", None)


@pytest.fixture
def call(database, tmp_path):
    config = tmp_path / "bridge.toml"

    def run(*args, privacy=""):
        config.write_text(f'database_url = "{database.url}"\n[propexo]\ntoken = "t"\n[privacy]\n{privacy}\n')
        return CliRunner().invoke(main, [*args, "--config", str(config)])

    return run


@pytest.fixture
def event(database):
    with database.session() as session:
        row = Event(
            source="widget", delivery_id="1", received_at=utc_now(), ended_at=utc_now(), lock=MAYA,
            status=Status.WRITTEN, body=b'{"email": "Maya@example.com"}', content_type="application/json",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_first_it_is_only_reported(call, event, database):
    result = call("erase", "--email", "maya@example.com")
    assert result.exit_code == 0, result.stderr
    assert "Events: 1" in result.stdout
    assert "add --yes" in result.stderr
    with database.session() as session:
        assert session.get_one(Event, event).body


def test_then_it_is_done_with_a_receipt(call, event, database):
    result = call("erase", "--email", "maya@example.com", "--yes", "--json")
    reported = json.loads(result.stdout)
    assert (reported["erased"], reported["contact"], reported["counts"]["events"]) == (True, MAYA, 1)
    with database.session() as session:
        assert session.get_one(Event, event).body == b""
        [stored] = session.execute(text("SELECT id, contact FROM erasures"))
    assert (stored.id, stored.contact) == (reported["receipt"], MAYA)
    again = call("erase", "--email", "maya@example.com", "--yes")
    assert (again.exit_code, again.stderr) == (1, "Nothing is stored of this person.\n")


@pytest.mark.parametrize(
    ("args", "status", "reported"),
    [
        ([], 2, "either --email or --phone"),
        (["--email", "a@example.com", "--phone", "5125550142"], 2, "either --email or --phone"),
        (["--phone", "555"], 1, "neither an e-mail address nor a phone number"),
    ],
)
def test_a_wrong_call_is_reported(call, args, status, reported):
    result = call("erase", *args)
    assert result.exit_code == status
    assert reported in result.stderr


def test_what_is_due_is_reported_before_it_is_forgotten(call, event, database):
    with database.session() as session:
        session.execute(text("UPDATE events SET ended_at = now() - interval '31 days'"))
    assert json.loads(call("retention", "report", "--json").stdout)["events_blanked"] == 1
    assert "Events to be blanked: 1" in call("retention", "report").stdout
    assert (
        json.loads(call("retention", "report", "--json", privacy="body_days = 60").stdout)["events_blanked"]
        == 0
    )
    assert "Events blanked: 1" in call("retention", "run").stdout
    assert json.loads(call("retention", "report", "--json").stdout)["events_blanked"] == 0


def test_what_is_stored_is_encrypted(call, event, database):
    assert "No key is configured" in call("encrypt").stderr
    key = Fernet.generate_key().decode()
    result = call("encrypt", privacy=f'encryption_keys = ["{key}"]')
    assert "Events: 1" in result.stdout, result.stderr
    with database.session() as session:
        assert bytes(session.scalar(text("SELECT body FROM events"))).startswith(b"sealed:")
    assert "encryption_keys" in call("erase", "--email", "maya@example.com").stderr
