"""kill -9 of any process at any moment."""

import threading
import time

import pytest
from chaos.fleet import SLOTS
from sqlalchemy import text

from bridge.database import Database
from bridge.embedded import embedded
from bridge.sandbox.faults import Fault

pytestmark = pytest.mark.chaos


def test_web_and_worker_are_killed_at_random_moments(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker()
    endpoints = [lambda: scene.fleet.kill("web"), lambda: scene.fleet.kill_a_child("web")]
    mischief = {
        point: endpoints[turn % 2] for turn, point in enumerate(scene.points(8 if scene.is_long else 2))
    }
    for turn, call in enumerate(scene.calls(12 if scene.is_long else 3)):
        # As the call comes in nothing is written yet, as the answer goes out it is.
        moments = scene.sandbox.going if turn % 2 else scene.sandbox.coming
        moments[call] = lambda: scene.fleet.kill("worker")
    with scene.passing(database) as passing:
        scene.send(mischief)
        scene.end(database, passing)


def test_everything_under_one_roof_is_killed_at_random_moments(scene):
    scene.configure(None)
    with embedded(scene.folder / "bridge-data") as url:
        database = Database(url)
        database.migrate()
        database.close()
    scene.fleet.serve()
    victims = [
        scene.fleet.kill_postgres,
        lambda: scene.fleet.kill("serve"),
        lambda: scene.fleet.kill_a_child("serve"),
    ]
    for turn, call in enumerate(scene.calls(12 if scene.is_long else 2)):
        scene.sandbox.going[call] = victims[turn % 3]
    mischief = dict.fromkeys(scene.points(4) if scene.is_long else [], scene.fleet.kill_postgres)
    with scene.passing(database) as passing:
        scene.send(mischief)
        scene.end(database, passing)
    database.close()


UNKNOWN = "SELECT count(*) FROM attempts WHERE outcome = 'sending' AND id > :last"
LAST = "SELECT coalesce(max(id), 0) FROM attempts"


def test_no_kill_leaves_more_writes_of_unknown_outcome_than_there_are_slots(scene, database):
    scene.at_least(100)
    scene.configure(database.url)
    scene.sandbox.flaps = lambda _: Fault(delay=0.05)
    scene.fleet.web()
    scene.fleet.worker()
    ended = threading.Event()
    unknown = scene.figures["unknown after kills"] = []

    def kill_and_count():
        last = 0
        for _ in range(20 if scene.is_long else 3):
            before = scene.sandbox.calls
            while scene.sandbox.calls == before:  # it has not begun yet
                if ended.wait(0.05):
                    return
            ended.wait(2 if scene.is_long else 0.7)
            killed = scene.fleet.members["worker"].process
            scene.fleet.kill("worker")
            killed.wait()
            time.sleep(0.2)  # what it has sent to the database by now is carried out
            with database.session() as session:
                unknown.append(session.scalar(text(UNKNOWN), {"last": last}))
                last = session.scalar(text(LAST))

    killer = threading.Thread(target=kill_and_count)
    with scene.passing(database) as passing:
        killer.start()
        try:
            scene.send()
            scene.end(database, passing)
        finally:
            ended.set()
            killer.join()
    assert unknown
    assert max(unknown) <= SLOTS, unknown
