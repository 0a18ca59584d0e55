"""Every column that can hold personal data is encrypted, erased and expired; a new one cannot be forgotten."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from world import World

from bridge.app import create_app
from bridge.console.access import tokens
from bridge.database import Database
from bridge.encryption import SealedBytes, SealedJson, SealedText
from bridge.models import Base, Event, Role
from bridge.privacy.columns import DIGESTS, FREE_OF_PERSONAL_DATA, IDS_OF_SENDERS
from bridge.privacy.erasure import Person, erase_person
from bridge.privacy.retention import Retention
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import PrivacySettings

MARKER = "zebulon.quux@example.com"
WORDS = (MARKER, "Zebulon", "Quuxington", "5125550177", "allergic-to-wombats")
COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version' AND table_name NOT LIKE 'procrastinate%'
    AND data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'ARRAY', 'xml', 'hstore')
"""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


def sealed() -> set[tuple[str, str]]:
    return {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, SealedBytes | SealedJson | SealedText)
    }


def declared() -> list[tuple[str, str]]:
    every = chain(FREE_OF_PERSONAL_DATA.items(), DIGESTS.items(), IDS_OF_SENDERS.items())
    return [(table, column) for table, columns in every for column in columns]


def test_each_column_is_declared_or_encrypted(database: Database) -> None:
    with database.session() as session:
        found = {(table, column) for table, column in session.execute(text(COLUMNS))}
    assert not (missing := found - sealed() - set(declared())), f"declare or encrypt {missing}"
    assert not (gone := set(declared()) - found), f"{gone} are declared and not there"
    assert not sealed() & set(declared())
    assert len(declared()) == len(set(declared()))


@pytest.fixture(params=[(), (Fernet.generate_key().decode(),)], ids=["plain", "encrypted"])
def filled(request: Any, database: Database, clock: Any) -> Iterator[World]:
    """A person everywhere where the bridge can store one, among them answers of the management API."""
    sandbox = Sandbox(clock, slow_zone_seconds=0, write_seconds=2, budget_per_minute=1000)
    keyed = Database(database.url, encryption_keys=request.param)
    with SandboxServer(sandbox) as server:
        world = World(keyed, sandbox, server.url, clock, "RENTMANAGER")
        person = {
            "first_name": "Zebulon", "last_name": "Quuxington", "email": MARKER, "phone": "+15125550177",
        }  # fmt: skip
        start = "2026-12-03T10:30:00-06:00"
        world.document["sources"]["other"]["mode"] = "shadow"
        world.restart()
        tour = {"start": start, "notes": "allergic-to-wombats"}
        world.send("booked", "B-3", source="other", prospect=person, tour=tour)
        world.send("booked", "B-1", prospect=person, tour={"start": start, "notes": "allergic-to-wombats"})
        parked = world.send("booked", "B-2", prospect=person, tour={"start": start}, property="Atlantis")
        world.run()
        _correct(world, parked)
        yield world
        world.close()
        keyed.close()


def _correct(world: World, event_id: int) -> None:
    with world.database.session() as session:
        _, token = tokens.create(session, "a token", Role.OPERATOR, world.clock(), None)
        payload = json.loads(session.get_one(Event, event_id).body)
    client = create_app(world.settings, world.database, clock=world.clock).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    payload["data"]["property"] = "oakwood"
    answer = client.post(
        f"/api/v1/events/{event_id}/edit",
        json={"payload": payload, "replay": False},
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 200, answer.text
    assert MARKER in answer.text
    assert client.post("/api/v1/events/dismiss", json={"ids": [event_id], "note": "done"}).status_code == 200


def found_in(world: World) -> set[tuple[str, str]]:
    """The words of the person that can be read in the tables, with the table."""
    with world.database.session() as session:
        rows = [
            (table, f"{row[0]} {bytes(row[1] or b'')!r}")
            for (table,) in session.execute(text(TABLES)).all()
            for row in session.execute(text(_texts(session, table)))
        ]
    return {(table, word) for table, row in rows for word in WORDS if word in row}


def _texts(session: Any, table: str) -> str:
    """A query of each row as text, with its bytes as they are."""
    of_bytes = text(
        "SELECT column_name FROM information_schema.columns WHERE table_name = :table AND data_type = 'bytea'"
    )
    names = session.scalars(of_bytes, {"table": table}).all()
    return f"SELECT t::text, {' || '.join(names) if names else 'NULL::bytea'} FROM {table} t"


def erase(world: World) -> None:
    with world.database.session() as session:
        assert erase_person(session, Person(email=MARKER), world.clock(), force=True)


def test_it_is_only_readable_without_keys(filled: World, request: Any) -> None:
    found = {table for table, _ in found_in(filled)}
    keyed = "encrypted" in request.node.name
    assert found == (set() if keyed else {"events", "bookings", "attempts", "idempotency_keys"})


def test_an_erasure_leaves_nothing(filled: World) -> None:
    erase(filled)
    assert not found_in(filled)


def test_all_of_it_expires(filled: World) -> None:
    filled.clock.advance(days=200)
    Retention(filled.database, PrivacySettings(body_days=30, row_days=90), filled.clock).run()
    assert not found_in(filled)
