"""Sources that the console stores: running processes take them, bridge.toml wins, secrets are encrypted."""

from typing import Any

import pytest
from sqlalchemy import text

from bridge.app import create_app
from bridge.cli.toml import toml_of
from bridge.console.actions.sources import SourceConfiguredError, remove, save, switch
from bridge.console.actor import Actor, Via
from bridge.database import Database
from bridge.errors import ConfigurationError
from bridge.models import Role
from bridge.settings import parse
from bridge.stored_sources import LiveSources

KEY = "Vp3jq0ZJc2tq6rU7v8xq1n3g4b5c6d7e8f9g0h1i2j4="
SECRET = "a-secret-that-nobody-reads"
ADMIN = Actor("priya", Role.ADMIN, Via.CONSOLE)
STORED = {"mapping": "calendly", "secrets": [SECRET], "property": "oakwood"}
FILE: dict[str, Any] = {
    "propexo": {"token": "x"},
    "properties": {
        "oakwood": {
            "integration_id": "i", "property_id": "p", "pms": "RENTMANAGER", "time_zone": "America/Chicago",
        }
    },
    "sources": {"hooks": {"mapping": "calendly", "secrets": ["of-the-file"]}},
}  # fmt: skip


def live_of(database: Database) -> LiveSources:
    return LiveSources(parse(FILE, {}), database)


def test_a_running_process_takes_a_stored_source(database, clock):
    client = create_app(parse(FILE, {}), database, clock=clock).test_client()
    assert client.post("/hooks/new", json={}).status_code == 404
    live = live_of(database)
    save(live, database, ADMIN, "new", STORED, clock(), mode="shadow")
    client.application.extensions["live_sources"].refresh(at_once=True)
    assert client.post("/hooks/new", json={}).status_code == 401
    assert live.settings.sources["new"].is_shadow_at(clock())
    switch(live, database, ADMIN, "new", "live", clock())
    assert not live.settings.sources["new"].is_shadow_at(clock())
    remove(live, database, ADMIN, "new", clock())
    client.application.extensions["live_sources"].refresh(at_once=True)
    assert client.post("/hooks/new", json={}).status_code == 404


def test_the_file_wins(database, clock):
    live = live_of(database)
    with pytest.raises(SourceConfiguredError):
        save(live, database, ADMIN, "hooks", STORED, clock())
    save(live, database, ADMIN, "new", STORED, clock())
    again = LiveSources(
        parse({**FILE, "sources": {"new": {"mapping": "acuity", "auth": "none"}}}, {}), database
    )
    again.refresh(at_once=True)
    assert again.settings.sources["new"].mapping == "acuity"


def test_a_source_of_the_file_can_be_switched_unless_it_says_how_it_is(database, clock):
    live = live_of(database)
    switch(live, database, ADMIN, "hooks", "shadow", clock())
    assert live.settings.sources["hooks"].mode == "shadow"
    assert live.sources["hooks"].settings.mode == "shadow"
    fixed = parse({**FILE, "sources": {"hooks": {**FILE["sources"]["hooks"], "mode": "live"}}}, {})
    of_file = LiveSources(fixed, database)
    of_file.refresh(at_once=True)
    assert of_file.settings.sources["hooks"].mode == "live"
    with pytest.raises(SourceConfiguredError):
        switch(of_file, database, ADMIN, "hooks", "shadow", clock())


def test_what_cannot_work_is_not_stored_and_stops_nobody(database, clock):
    live = live_of(database)
    wrong = {**STORED, "property": "elm", "phone_region": "Mars", "secret": "x"}
    with pytest.raises(ConfigurationError) as raised:
        save(live, database, ADMIN, "New", wrong, clock())
    assert [problem.key for problem in raised.value.problems] == [
        "sources.New", "sources.New.phone_region", "sources.New.secret",
    ]  # fmt: skip
    save(live, database, ADMIN, "new", STORED, clock())
    without = LiveSources(parse({**FILE, "properties": {}}, {}), database)
    without.refresh(at_once=True)
    assert list(without.settings.sources) == ["hooks"]
    assert [problem.key for problem in without.broken["new"]] == ["sources.new.property"]


def test_a_stored_secret_is_encrypted(database, clock):
    encrypting = Database(database.url, encryption_keys=(KEY,))
    try:
        live = live_of(encrypting)
        save(live, encrypting, ADMIN, "new", STORED, clock())
        assert live.settings.sources["new"].secrets == (SECRET,)
    finally:
        encrypting.close()
    with database.session() as session:
        assert SECRET not in str(session.scalar(text("SELECT document FROM stored_sources")))


def test_a_look_is_made_once_in_a_second(database):
    moments = iter([0.0, 0.5, 0.9, 1.0])
    live = LiveSources(parse(FILE, {}), database, monotonic=lambda: next(moments))
    looks = []
    live._read = lambda: looks.append(1)  # type: ignore[method-assign]
    for _ in range(4):
        live.refresh()
    assert len(looks) == 2


def test_a_document_becomes_the_same_tables():
    parsed = parse({**FILE, "sources": {"new": STORED}}, {}).sources["new"]
    assert parsed.secrets == (SECRET,)
    assert 'secrets = ["' in toml_of(STORED)
