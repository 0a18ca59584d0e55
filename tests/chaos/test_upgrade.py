"""The bridge is brought to this version in the middle of a run, and back to the one before."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from chaos.fleet import THIS_VERSION, environment, free_ports
from chaos.next_version import make_next_version
from chaos.passing import OLD_STATEMENTS, STATEMENTS
from chaos.readiness import ReadinessWatch, is_ready
from chaos.traffic import Delivery, Plan, Senders
from databases import named
from sqlalchemy import text

from bridge.database import Database

pytestmark = pytest.mark.chaos

PREVIOUS = "6b839d7"
"""The last commit of the version before. It works on its own tables only, so that its processes stop being ready."""
WEB = ("web", "second web")


@pytest.fixture(scope="session")
def previous(tmp_path_factory) -> Path:
    """The source tree of the version before."""
    tree = tmp_path_factory.mktemp("previous")
    archive = ["git", "-C", str(THIS_VERSION), "archive", PREVIOUS, "bridge", "mappings"]
    try:
        packed = subprocess.run(archive, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"commit {PREVIOUS} is not there")
    subprocess.run(["tar", "-x", "-C", tree], input=packed, check=True)
    return tree


@pytest.fixture(scope="session")
def next_version(tmp_path_factory) -> Path:
    return make_next_version(tmp_path_factory.mktemp("next") / "tree")


_numbers = itertools.count()


@pytest.fixture
def empty(server_url):
    """A database without tables."""
    name = f"bridge_upgrade_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(named(server_url, name))
        yield database
        database.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Upgrade:
    """A run whose processes are of two versions."""

    def __init__(self, scene, database, previous) -> None:
        self.scene, self.database, self.previous = scene, database, previous
        scene.configure(database.url)
        self.passing = scene.passing(database)
        self.began, self.sending = 0, None
        self.private_ports = dict(zip(WEB, free_ports(len(WEB)), strict=True))
        self.open_at_switches: list[int] = []
        scene.figures["open at migrations"] = self.open_at_switches

    def use(self, version: Path) -> None:
        """What is started from now on is of this version, and time passes on its tables."""
        self.scene.fleet.version = version
        self.passing.statements = OLD_STATEMENTS if version == self.previous else STATEMENTS

    def migrate(self, *options: str) -> None:
        """Of the version in use. Nobody hurries time meanwhile: it would wait for the tables, and they for it."""
        self.open_at_switches.append(self.open_events())
        self.scene.fleet.did[" ".join(("migrated", *options))] += 1
        command = [sys.executable, "-m", "bridge", "migrate", *options]
        env = environment(self.scene.fleet.version)
        with self.passing.guard:
            done = subprocess.run(
                command, cwd=self.scene.folder, env=env, check=False, capture_output=True, text=True
            )
        assert done.returncode == 0, done.stderr

    def send_until(self, part: float) -> None:
        """Let the senders send up to this part of the plan; returns when they are rid of it."""
        deliveries = self.scene.plan.deliveries
        until = round(len(deliveries) * part)
        self._send(deliveries[self.began : until])
        self.began = until

    def begin_to_send_until(self, part: float) -> None:
        """The same, while other things happen."""
        self.sending = threading.Thread(target=self.send_until, args=[part])
        self.sending.start()

    def wait_for_senders(self) -> None:
        self.sending.join()

    def _send(self, deliveries: Sequence[Delivery]) -> None:
        scene = self.scene
        senders = Senders(scene.fleet.url, patience=600 if scene.is_long else 90)
        senders.send(Plan(list(deliveries), scene.plan.stands))
        for delivery, event in senders.ids.items():
            assert scene.senders.ids.setdefault(delivery, event) == event, "two events of one delivery"
        scene.senders.answers += senders.answers

    def open_events(self) -> int:
        with self.database.session() as session:
            if not session.scalar(text("SELECT to_regclass('events') IS NOT NULL")):
                return 0
            return session.scalar(text("SELECT count(*) FROM events WHERE ended_at IS NULL"))

    def end(self) -> None:
        assert len(self.scene.senders.ids) == len(self.scene.plan.distinct)
        self.scene.end(self.database, self.passing)


@pytest.fixture
def upgrade(scene, empty, previous):
    made = Upgrade(scene, empty, previous)
    made.use(previous)
    made.migrate()
    scene.fleet.web()
    scene.fleet.worker()
    with made.passing:
        yield made


def test_an_upgrade_in_the_middle_of_a_run(upgrade, scene):
    to_this_version(upgrade, scene)
    upgrade.send_until(1)
    upgrade.end()


def to_this_version(upgrade, scene):
    """Workers first; the web process of the version before goes on until the new workers run."""
    upgrade.send_until(0.4)
    upgrade.begin_to_send_until(0.6)
    scene.fleet.stop("worker")
    upgrade.use(THIS_VERSION)
    upgrade.migrate()
    scene.fleet.worker()
    upgrade.wait_for_senders()
    upgrade.send_until(0.75)
    scene.fleet.stop("web")
    scene.fleet.web(private_port=upgrade.private_ports["web"])


def to_the_next_version_and_back(upgrade, scene, next_version):
    """Two web processes, one by one: this version works on the tables of the next one, also when it starts on them."""
    ports = upgrade.private_ports
    ready = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def start(name):
        scene.fleet.web(name=name, private_port=ports[name])
        scene.until(lambda: is_ready(ready[name]))

    start("second web")
    with ReadinessWatch(list(ready.values())) as watch:
        upgrade.use(next_version)
        upgrade.migrate()
        assert all(map(is_ready, ready.values()))
        first = WEB[0]
        killed = scene.fleet.members[first].process
        scene.fleet.kill(first)
        killed.wait()
        scene.until(lambda: scene.fleet.members[first].process is not killed and is_ready(ready[first]))
        for version in (next_version, THIS_VERSION):
            upgrade.use(version)
            for name in WEB:
                scene.fleet.stop(name)
                start(name)
    scene.figures["rounds of /readyz"] = (watch.rounds, watch.red_of_one)
    assert watch.red == []
    assert 0 < watch.red_of_one < watch.rounds


def test_an_upgrade_and_the_way_back(upgrade, scene, next_version):
    to_this_version(upgrade, scene)
    upgrade.begin_to_send_until(0.9)
    to_the_next_version_and_back(upgrade, scene, next_version)
    upgrade.wait_for_senders()
    upgrade.begin_to_send_until(0.95)
    scene.fleet.stop("worker")
    for name in WEB:
        scene.fleet.stop(name)
    upgrade.use(next_version)
    upgrade.migrate("--back")
    upgrade.use(upgrade.previous)
    scene.fleet.web()
    scene.fleet.worker()
    upgrade.wait_for_senders()
    upgrade.send_until(1)
    upgrade.passing.all_reported = True
    scene.until(lambda: not upgrade.open_events())
    # The verdict reads the tables of this version.
    scene.fleet.stop("worker")
    upgrade.use(THIS_VERSION)
    upgrade.migrate()
    scene.fleet.worker()
    upgrade.end()
