"""The database goes away, or takes nothing more."""

import threading

import pytest
from chaos.disk import small_disk
from chaos.proxy import Proxy
from chaos.readiness import is_ready
from sqlalchemy import text

from bridge.database import Database
from bridge.embedded import embedded

pytestmark = pytest.mark.chaos

FULL = """
CREATE FUNCTION {table}_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'could not extend file "base/5/16384": No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER {table}_is_full BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_is_full();
"""
"""What PostgreSQL itself raises, 53100, where it would: as a row of an event or of its lane wants a new page."""
FREE = "DROP FUNCTION {table}_is_full CASCADE"


def test_the_database_is_away_for_a_while(scene, database):
    """All processes serve again, and none was started anew; in a long run two minutes, in a short one ten seconds."""
    proxy = Proxy(database.url)
    seconds = 120 if scene.is_long else 10
    scene.configure(proxy.url)
    scene.fleet.web()
    scene.fleet.worker()
    scene.until(lambda: is_ready(scene.fleet.url))
    processes = {process.pid for process in scene.fleet.processes()}

    def go_away():
        scene.fleet.did["database away"] += 1
        proxy.away()
        threading.Timer(seconds, proxy.back).start()

    with scene.passing(database) as passing:
        scene.send({scene.points(1)[0]: go_away})
        scene.end(database, passing)
    assert scene.senders.answers["503"] > 0
    assert is_ready(scene.fleet.url)
    assert {process.pid for process in scene.fleet.processes()} == processes
    proxy.away()


def test_the_disk_is_full_as_events_come_in(scene, database):
    scene.configure(database.url)
    scene.fleet.web()

    def run(statement):
        with database.session() as session:
            session.execute(text(statement))

    def fill(table):
        scene.fleet.did[f"{table} full"] += 1
        run(FULL.format(table=table))
        threading.Timer(10 if scene.is_long else 0.5, run, [FREE.format(table=table)]).start()

    first, second = scene.points(2)
    with scene.passing(database) as passing:
        scene.send({first: lambda: fill("events"), second: lambda: fill("lanes")})
        assert scene.senders.answers["503"] > 0
        scene.fleet.worker()
        scene.end(database, passing)


def test_there_really_is_no_space_left_on_the_disk(scene):
    disk = scene.stack.enter_context(small_disk(scene.folder / "disk", megabytes=250))
    database = Database(scene.stack.enter_context(embedded(scene.folder / "disk")))
    database.migrate()
    scene.stack.callback(database.close)
    scene.stack.callback(disk.free)
    scene.configure(database.url)

    def fill():
        scene.fleet.did["disk full"] += 1
        disk.fill()
        threading.Timer(10 if scene.is_long else 2, disk.free).start()

    scene.sandbox.going[scene.calls(1)[0]] = fill
    scene.fleet.web()
    scene.until(scene.answers_at_the_endpoint)
    fill()
    with scene.passing(database) as passing:
        scene.fleet.worker()
        scene.send()
        assert scene.senders.answers["503"] > 0
        scene.end(database, passing)
