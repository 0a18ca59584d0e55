"""A bridge of real processes on real PostgreSQL, before a sandbox Propexo, in whose way a test can throw things."""

import contextlib
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from chaos.fleet import READ_TIMEOUT, SLOTS, Fleet
from chaos.passing import Death, Passing
from chaos.traffic import PROPERTIES, SECRET, SOURCES, Plan, Planner, Senders
from chaos.verdict import Verdict

from bridge.cli.demo import toml_of
from bridge.clock import utc_now
from bridge.database import Database
from bridge.queue import LEASE
from bridge.sandbox.faults import Fault
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

LONG = 200
"""So many events are a long run: nothing about who is dead is told earlier than the bridge finds out by itself."""
SHORT = 17
"""With fewer events than these only the most telling runs are made; `--chaos-events 17` makes all."""
STOPS_WITHIN = timedelta(seconds=0.5)
"""A worker that outlives `bridge serve` begins nothing after this time; the next one has not started by then."""
Mischief = Mapping[int, Callable[[], None]]


IDENTIFYING = {
    "test_the_database_is_away_for_a_while",
    "test_web_and_worker_are_killed_at_random_moments",
    "test_propexo_flaps",
    "test_an_upgrade_and_the_way_back",
    "test_a_worker_is_frozen_past_its_lease_and_goes_on",
    "test_a_worker_that_sleeps_between_record_and_call_sends_nothing_afterwards",
    "test_clocks_are_five_minutes_apart",
}
"""The runs of the short form: one for each way in which something is in the way."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever hangs is broken off, and says where. The short form is some of the runs."""
    events = config.getoption("chaos_events")
    ours = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in ours:
        item.add_marker(pytest.mark.timeout(1800 if events >= LONG else 900))
    if events < SHORT:
        left = [item for item in ours if item.name not in IDENTIFYING]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


class WatchedSandbox(Sandbox):
    """Propexo, at whose endpoint something happens as a call comes in, or as its answer goes out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.coming: dict[int, Callable[[], None]] = {}
        """By the number of the call."""
        self.going: dict[int, Callable[[], None]] = {}
        self.flaps: Callable[[int], Fault | None] = lambda _: None
        """What goes wrong with a call of this number."""
        self.calls = self.answers = 0
        self.came: list[float] = []
        """When each call came in."""

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.calls += 1
            number = self.calls
            self.came.append(time.monotonic())
        self.coming.pop(number, lambda: None)()
        return super().take_fault(method, path) or self.flaps(number)

    def record(self, request: SeenRequest, answer: Any) -> None:
        super().record(request, answer)
        with self._lock:
            self.answers += 1
            number = self.answers
        self.going.pop(number, lambda: None)()


class Scene:
    """Everything around one run: the plan, the fleet, Propexo, and in the end the verdict."""

    def __init__(self, folder: Path, events: int, seed: int, record: Callable[[str, object], None]) -> None:
        self.record = record
        self.folder, self.events, self.seed = folder, events, seed
        self.is_long = events >= LONG
        self.random = random.Random(seed)
        self.plan: Plan = Planner(seed, events).plan()
        self.sandbox = WatchedSandbox(slow_zone_seconds=0, budget_per_minute=100_000)
        self.propexo = SandboxServer(self.sandbox)
        self.propexo.start()
        self.properties = {}
        for key, vendor in PROPERTIES.items():
            self.sandbox.add_integration(f"i{key}", vendor)
            self.properties[key] = self.sandbox.add_property(f"i{key}", f"c{key}", key.title())
        self.fleet = Fleet(folder)
        self.senders = Senders(self.fleet.url)
        self.began = time.monotonic()
        self.figures: dict[str, Any] = {}
        self.stack = contextlib.ExitStack()
        """What is closed when all processes have ended."""

    def at_least(self, events: int) -> None:
        """Plan more, for what shows only in a crowd."""
        self.plan = Planner(self.seed, max(self.events, events)).plan()

    def configure(self, database_url: str | None, **propexo: Any) -> Path:
        """Write bridge.toml."""
        document: dict[str, Any] = {
            **({"database_url": database_url} if database_url else {}),
            "server": {"threads": 4, "worker_concurrency": SLOTS},
            "propexo": {
                "token": "secret-token",
                "base_url": self.propexo.url,
                "budget_per_minute": 100_000,
                "read_timeout": READ_TIMEOUT,
                **propexo,
            },
            "properties": {
                key: {
                    "integration_id": f"i{key}",
                    "property_id": f"c{key}",
                    "pms": vendor,
                    "time_zone": "America/Chicago",
                    "name": key.title(),
                    "defaults": {"employee_id": "cemployee", "lead_relationship_id": "crelationship"},
                }
                for key, vendor in PROPERTIES.items()
            },
            "sources": {
                name: {"mapping": "standard_webhooks", "secrets": [SECRET], "property": "oakwood"}
                for name in SOURCES
            },
        }
        path = self.folder / "bridge.toml"
        path.write_text(toml_of(document))
        return path

    def points(self, many: int) -> list[int]:
        """Numbers of deliveries in the midst of the run at which something happens."""
        whole = len(self.plan.deliveries)
        return sorted(self.random.sample(range(whole // 10 + 1, whole * 9 // 10), many))

    def calls(self, many: int) -> list[int]:
        """Likewise numbers of calls to Propexo: a tour costs two at least."""
        return sorted(self.random.sample(range(3, self.plan.stands.total() * 3), many))

    def passing(self, database: Database) -> Passing:
        """Time that passes quickly; in short runs a worker that was killed is known to be dead."""
        passing = Passing(database, self.sandbox, every=1.0 if self.is_long else 0.2, buries=not self.is_long)

        def died(left: Sequence[psutil.Process]) -> None:
            at = utc_now() + STOPS_WITHIN * bool(left)
            passing.deaths.append(Death(at, lambda: not any(map(runs, left))))

        self.fleet.died = died
        return passing

    def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition answers, as soon as it is something."""
        deadline = time.monotonic() + (300 if self.is_long else 60)
        while not (found := condition()):
            assert time.monotonic() < deadline, f"it never came true\n{self.tail()}"
            time.sleep(0.1)
        return found

    def answers_at_the_endpoint(self) -> bool:
        """Whether the web process has started."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.fleet.url}/livez", timeout=5).ok
        return False

    def propexo_away(self, seconds: float) -> None:
        """Connections are refused, until it is there again."""

        def go() -> None:
            self.propexo.stop()
            time.sleep(seconds)
            self.propexo = SandboxServer(self.sandbox, port=int(self.propexo.url.rpartition(":")[2]))
            self.propexo.start()

        threading.Thread(target=go, daemon=True).start()

    def send(self, mischief: Mischief | None = None) -> None:
        """Returns when the senders are rid of everything."""
        self.senders.patience = 600 if self.is_long else 60
        self.senders.send(self.plan, mischief)
        self.figures["sent"] = round(time.monotonic() - self.began, 1)

    def end(self, database: Database, passing: Passing) -> None:
        """Wait until all events have ended, judge, replay what is parked as a person would, and judge again."""
        try:
            self._end(database, passing)
        finally:
            self.record("chaos", self.reported())

    def _end(self, database: Database, passing: Passing) -> None:
        passing.all_reported = True
        verdict = Verdict(self.plan, database, self.sandbox, self.properties, self.senders.ids)
        self._wait_for_all(verdict)
        self.figures["parked"] = dict(verdict.parked())
        verdict.never()
        rounds = 0
        while not verdict.wrong and rounds < 3 and verdict.replay_parked():
            rounds += 1
            self._wait_for_all(verdict)
        if not verdict.wrong:
            verdict.at_the_end()
        assert not verdict.wrong, "\n".join([*verdict.wrong, str(self.figures), self.tail()])

    def _wait_for_all(self, verdict: Verdict) -> None:
        # A claim whose answer was lost on the way is found when its lease ends.
        short = LEASE.total_seconds() + 60
        deadline = time.monotonic() + (900 if self.is_long else short)
        pause = 1.0 if self.is_long else 0.1
        while (left := verdict.unfinished()) != []:
            if time.monotonic() > deadline:
                reported = [
                    (one.id, one.status, one.reason, one.detail, one.next_attempt_at) for one in left or ()
                ]
                pytest.fail(f"never ended: {reported}\n{self.tail()}")
            time.sleep(pause)

    def tail(self) -> str:
        return self.fleet.log()[-6000:]

    def reported(self) -> str:
        """The figures, in a line."""
        seconds = time.monotonic() - self.began
        figures = {
            "events": len(self.plan.distinct),
            "deliveries": len(self.plan.deliveries),
            "tours": self.plan.stands.total(),
            "answers": dict(self.senders.answers),
            "did": dict(self.fleet.did),
            "calls": self.sandbox.calls,
            **self.figures,
            "seconds": round(seconds, 1),
            "seed": self.seed,
        }
        return ", ".join(f"{name} {value}" for name, value in figures.items())

    def close(self) -> None:
        self.fleet.close()
        self.propexo.stop()
        self.stack.close()


def runs(process: psutil.Process) -> bool:
    """Whether a process still lives; who is dead may wait for its parent to notice."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def database(own_database: Database) -> Database:
    """One that no other test uses: processes may be dying in it when a run ends."""
    return own_database


@pytest.fixture
def scene(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Iterator[Scene]:
    events, seed = request.config.getoption("chaos_events"), request.config.getoption("chaos_seed")
    # Not pytest's own folder: another session of root closes it to the user as whom PostgreSQL then runs.
    with tempfile.TemporaryDirectory(prefix="bridge-chaos-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 - as above
        made = Scene(Path(folder), events, seed, record_property)
        yield made
        made.close()
