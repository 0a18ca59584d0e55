"""Propexo is away, refuses, is slow, and answers every few calls with a failure of whatever kind."""

import threading

import pytest

from bridge.sandbox.faults import Fault

pytestmark = pytest.mark.chaos

FLAPPING = (
    {"status": 503},
    {"drop": "after"},
    {"status": 500, "after_write": True},
    {"delay": 1.5},
    {"no_job_id": True},
    {"status": 500},
    {"drop": "before"},
    {"status": 409, "after_write": True},
)


def test_propexo_flaps(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker()
    scene.sandbox.flaps = lambda number: (
        Fault(**FLAPPING[number // 4 % len(FLAPPING)]) if number % 4 == 0 else None
    )
    with scene.passing(database) as passing:
        scene.send()
        passing.all_told = True
        scene.until(lambda: scene.sandbox.calls > scene.plan.stands.total() * 5)
        scene.sandbox.flaps = lambda _: None
        scene.end(database, passing)


def test_propexo_is_away_then_slow_then_refuses_everything(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker()
    away, slow, refusing = scene.calls(3)

    def go_away():
        scene.fleet.did["propexo away"] += 1
        scene.propexo_away(130 if scene.is_long else 2)

    def refuse():
        scene.fleet.did["propexo refuses"] += 1
        scene.sandbox.fail(path="/v1/*", times=10**6, status=429, headers={"Retry-After": "1"})
        threading.Timer(20 if scene.is_long else 2, scene.sandbox.clear_faults).start()

    scene.sandbox.going[away] = go_away
    scene.sandbox.going[slow] = lambda: scene.sandbox.fail(path="/v1/*", times=8, delay=0.7)
    scene.sandbox.going[refusing] = refuse
    with scene.passing(database) as passing:
        scene.send()
        scene.end(database, passing)
