"""Propexo is away, refuses, is slow, and answers every few calls with a failure of whatever kind."""

import threading
import time

import pytest
from chaos.fleet import READ_TIMEOUT, SLOTS

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
        passing.all_reported = True
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


def test_calls_that_are_not_answered_delay_no_others(scene, database):
    """A few are held back for longer than the worker waits: a slot is busy with each, and the others go on."""
    scene.at_least(100)
    scene.configure(database.url)
    slow = range(20, scene.plan.stands.total() * 3, 100 if scene.is_long else 30)
    came = scene.sandbox.came
    scene.sandbox.flaps = lambda number: Fault(delay=READ_TIMEOUT + 0.5 if number in slow else 0.02)
    scene.fleet.web()
    with scene.passing(database) as passing:
        scene.send()
        scene.fleet.worker()
        scene.until(
            lambda: scene.sandbox.calls > slow[-1] and time.monotonic() - came[slow[-1] - 1] > READ_TIMEOUT
        )
        meanwhile = [sum(0 < at - came[number - 1] < READ_TIMEOUT for at in came) for number in slow]
        scene.figures["calls beside a slow one"] = meanwhile
        scene.end(database, passing)
    assert min(meanwhile) > 3 * SLOTS
