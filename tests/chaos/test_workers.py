"""Two workers on one database: one of them is frozen and goes on later, or their clocks differ."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.chaos

CLOCKWORK = str(Path(__file__).with_name("clockwork.py"))


def test_a_worker_is_frozen_past_its_heartbeat_and_goes_on(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker("frozen")
    with scene.passing(database, workers=0 if scene.is_long else 2) as passing:
        frozen = scene.until(lambda: one(database, "SELECT max(id) FROM procrastinate_workers"))
        scene.fleet.worker("other")

        def freeze():
            scene.fleet.did["frozen"] += 1
            passing.stands_still.set()
            passing.dead = () if scene.is_long else (frozen,)
            scene.fleet.members["frozen"].signal(signal.SIGSTOP)

        scene.sandbox.coming[scene.calls(1)[0]] = freeze
        scene.send()
        scene.until(passing.stands_still.is_set)
        scene.until(lambda: not one(database, HELD, worker=frozen))
        before = scene.sandbox.calls
        scene.until(lambda: scene.sandbox.calls > before or not one(database, DUE))
        scene.fleet.members["frozen"].signal(signal.SIGCONT)
        passing.dead = ()
        passing.stands_still.clear()
        scene.end(database, passing)


HELD = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = :worker"
DUE = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = 'forward'"


def one(database, statement, **values):
    with database.session() as session:
        return session.scalar(text(statement), values)


def test_clocks_are_five_minutes_apart(scene, database):
    config = str(scene.configure(database.url))
    door = scene.fleet.door.fileno()
    scene.fleet.web(CLOCKWORK, "web", config, database.url, "-150", str(door))
    for name, seconds in (("ahead", "150"), ("behind", "-150")):
        scene.fleet.worker(name, CLOCKWORK, "worker", config, database.url, seconds)
    with scene.passing(database, workers=0 if scene.is_long else 2) as passing:
        scene.send()
        scene.end(database, passing)
