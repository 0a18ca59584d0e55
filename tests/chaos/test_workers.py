"""Two workers on one database: one of them is frozen and goes on later, or their clocks differ."""

import contextlib
import signal
import time
from pathlib import Path

import psutil
import pytest
from chaos.passing import Death
from sqlalchemy import text

from bridge.clock import utc_now
from bridge.delivery.rules.outcomes import SEND_WITHIN

pytestmark = pytest.mark.chaos

CLOCKWORK = str(Path(__file__).with_name("clockwork.py"))
HALTING = str(Path(__file__).with_name("halting.py"))


def test_a_worker_is_frozen_past_its_lease_and_goes_on(scene, database):
    scene.configure(database.url)
    scene.fleet.web()
    scene.fleet.worker("frozen")
    with scene.passing(database) as passing:

        def freeze():
            scene.fleet.did["frozen"] += 1
            passing.stands_still.set()
            scene.fleet.members["frozen"].signal(signal.SIGSTOP)

        scene.sandbox.coming[scene.calls(1)[0]] = freeze
        scene.send()
        scene.until(passing.stands_still.is_set)
        time.sleep(0.5)  # what it has sent to the database by now is carried out
        frozen_at, last = utc_now(), one(database, "SELECT last_value FROM lease_seq")
        scene.fleet.worker("other")
        passing.leases_until = frozen_at
        scene.until(lambda: not one(database, HELD, last=last))
        before = scene.sandbox.calls
        scene.until(lambda: scene.sandbox.calls > before or not one(database, BUSY))
        scene.fleet.members["frozen"].signal(signal.SIGCONT)
        time.sleep(5)  # what it was about to send is sent by now
        passing.deaths.append(Death(frozen_at))
        passing.stands_still.clear()
        scene.end(database, passing)


def test_a_worker_that_sleeps_between_record_and_call_sends_nothing_afterwards(scene, database):
    config = str(scene.configure(database.url))
    scene.fleet.web()
    scene.fleet.worker("asleep", HALTING, config, database.url)
    with scene.passing(database) as passing:
        scene.send()
        scene.until(lambda: status_of(scene, "asleep") == psutil.STATUS_STOPPED)
        scene.fleet.did["asleep"] += 1
        time.sleep(0.5)  # as above
        slept_at, last = utc_now(), one(database, "SELECT last_value FROM lease_seq")
        assert one(database, SENDING) >= 1
        scene.fleet.worker("other")
        passing.leases_until = slept_at
        scene.until(lambda: not one(database, HELD, last=last))
        time.sleep(max(0, (slept_at + SEND_WITHIN - utc_now()).total_seconds()))
        passing.deaths.append(Death(slept_at))  # it sends nothing any more
        scene.until(lambda: not one(database, OPEN))
        before = writes(scene)
        scene.fleet.members["asleep"].signal(signal.SIGCONT)
        time.sleep(3)
        assert writes(scene) == before
        scene.end(database, passing)


SENDING = "SELECT count(*) FROM attempts WHERE outcome = 'sending'"


def status_of(scene, name):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(scene.fleet.members[name].process.pid).status()


def writes(scene):
    return sum(request.method in ("POST", "PUT") for request in scene.sandbox.requests)


HELD = "SELECT count(*) FROM lanes WHERE lease <= :last"
BUSY = "SELECT count(*) FROM lanes WHERE ready OR lease IS NOT NULL"
OPEN = "SELECT count(*) FROM lanes"


def one(database, statement, **values):
    with database.session() as session:
        return session.scalar(text(statement), values)


def test_clocks_are_five_minutes_apart(scene, database):
    config = str(scene.configure(database.url))
    endpoint = scene.fleet.endpoint.fileno()
    scene.fleet.web(CLOCKWORK, "web", config, database.url, "-150", str(endpoint))
    for name, seconds in (("ahead", "150"), ("behind", "-150")):
        scene.fleet.worker(name, CLOCKWORK, "worker", config, database.url, seconds)
    with scene.passing(database) as passing:
        scene.send()
        scene.end(database, passing)
