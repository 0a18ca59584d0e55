"""kill -9 of any process at any moment."""

import pytest

from bridge.database import Database
from bridge.embedded import embedded

pytestmark = pytest.mark.chaos


def test_web_and_worker_are_killed_at_random_moments(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker()
    doors = [lambda: scene.fleet.kill("web"), lambda: scene.fleet.kill_a_child("web")]
    mischief = {point: doors[turn % 2] for turn, point in enumerate(scene.points(8 if scene.is_long else 2))}
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
