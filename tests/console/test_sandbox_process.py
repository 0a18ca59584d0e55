"""A mapping is tried out in a process of its own, which can neither stay, nor grow, nor reach what is not its own."""

import json
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.console.workbench.confinement import can_confine
from bridge.console.workbench.runner import _outcome
from bridge.console.workbench.sandbox_process import (
    Bench,
    EmptyResultError,
    OutputTooLargeError,
    WorkbenchTimeoutError,
)
from bridge.console.workbench.tasks import Comparison, Reading, Script, StoredEvent, open_settings
from bridge.inbound.incoming import RequestMetadata
from bridge.mapping.catalogue import Catalogue
from bridge.mapping_checks.preview import Posted
from bridge.settings import ConsoleSettings, Workbench, parse

pytestmark = pytest.mark.processes

MAPPING = """
from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, Mapping, When, fields, path

class Acme(Mapping):
    \"\"\"Acme\"\"\"

    signature = Token()
    event = path("kind")
    delivery_id = path("id")
    actions = [When(event="booked", then=BOOK)]
    reference = fields.String(path="id", required=True)
    email = fields.Email(path=["mail", "email"])
    starts_at = fields.Instant(path="start", required=True)
"""
BODY = b'{"kind": "booked", "id": "A-1", "email": "Maya@Example.com", "start": "2026-12-03T10:30:00-06:00"}'
SETTINGS = parse(
    {
        "propexo": {"token": "secret-token"},
        "properties": {
            "oakwood": {
                "integration_id": "cintegration",
                "property_id": "cproperty",
                "pms": "RENTMANAGER",
                "time_zone": "America/Chicago",
                "defaults": {"duration_minutes": 30},
            }
        },
        "sources": {"acme": {"mapping": "make", "secrets": ["long-secret-of-make"], "property": "oakwood"}},
    },
    {},
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def read(bench: Bench, text: str, body: bytes = BODY) -> dict[str, Any]:
    settings = open_settings(SETTINGS, "acme", {})
    posted = Posted(body, {"content-type": "application/json"})
    reported = bench.run(Reading(Script("acme", text, "acme"), (posted,), settings))
    read_request: dict[str, Any] = reported["requests"][0] if "requests" in reported else reported
    return read_request


def test_a_text_is_read_into_booking_request_and_explanation(bench: Bench) -> None:
    reported = read(bench, MAPPING)
    assert "problem" not in reported, reported
    (event,) = reported["events"]
    assert event["booking"]["contact"]["email"] == "Maya@Example.com"
    assert event["propexo"]["body"]["appointment_date"] == "2026-12-03"
    assert event["explanation"]["fields"]["email"]["from"] == ["email"]
    assert event["explanation"]["fields"]["email"]["empty"] == ["mail"]


def test_a_text_that_cannot_be_loaded_says_where(bench: Bench) -> None:
    problem = read(bench, MAPPING + "\n1 / 0\n")["problem"]
    assert problem == "acme.py: cannot be loaded: ZeroDivisionError: division by zero (line 16)"


REACHING = """
import os, socket, sys
reached = []
for name, reach in {
    "file": lambda: open("/etc/passwd"),
    "environment": lambda: open("/proc/self/environ", "rb"),
    "new file": lambda: open("/tmp/from-a-mapping.py", "w"),
    "command": lambda: os.system("true"),
    "address": lambda: socket.create_connection(("127.0.0.1", 9)),
    "memory": lambda: "x" * (2 << 30),
}.items():
    try:
        reach()
        reached.append(name)
    except (PermissionError, MemoryError):
        pass
raise ValueError(f"reached {reached}, environment {sorted(os.environ)}")
"""


def test_a_text_reaches_nothing_around_it(bench: Bench) -> None:
    problem = read(bench, REACHING)["problem"]
    assert "ValueError: reached [], environment ['LANG', 'PYTHONPATH'] (line 17)" in problem


ESCAPING = """
import __main__, ctypes, os, pathlib, socket, threading
__main__.REFUSED = ("nothing",)
__main__._is_library = lambda *_: True
HERE = pathlib.Path(__main__.__file__)
reached = []
for name, reach in {
    "library": lambda: HERE.read_text(),
    "file": lambda: open("/etc/passwd"),
    "configuration": lambda: open(CONFIGURATION),
    "folder": lambda: os.listdir("/tmp"),
    "environment": lambda: open("/proc/self/environ", "rb"),
    "memory of the parent": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    "new file": lambda: open("/tmp/from-a-mapping.py", "w"),
    "library changed": lambda: open(HERE, "r+"),
    "permissions": lambda: os.chmod(HERE, 0o600),
    "program": lambda: os.system("true") and 1 / 0,
    "fork": lambda: os.fork() or os._exit(1),
    "thread": lambda: threading.Thread(target=print).start(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "address": lambda: socket.create_connection(("127.0.0.1", 9)),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "database": lambda: socket.socket(socket.AF_UNIX).connect(DATABASE),
    "ring": lambda: ctypes.CDLL(None).syscall(425, 8, 0) < 0 and 1 / 0,
}.items():
    try:
        reach()
        reached.append(name)
    except ConnectionError:
        reached.append(name)
    except (OSError, RuntimeError, ZeroDivisionError):
        pass
raise ValueError(f"reached {reached}")
"""


@pytest.mark.skipif(not can_confine(), reason="this kernel has no Landlock and seccomp")
def test_the_kernel_keeps_files_and_sockets_from_a_text_that_gets_around_python(
    bench: Bench, tmp_path: Path
) -> None:
    database, secrets = tmp_path / "socket", tmp_path / "bridge.toml"
    secrets.write_text('token = "secret"')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(database))
        listener.listen()
        problem = read(bench, f"CONFIGURATION, DATABASE = {str(secrets)!r}, {str(database)!r}\n{ESCAPING}")[
            "problem"
        ]
    assert "ValueError: reached ['library'] (line" in problem


def test_unconfined_is_what_it_says(bench: Bench, tmp_path: Path) -> None:
    secrets = tmp_path / "bridge.toml"
    secrets.write_text("")
    settings = replace(
        open_settings(SETTINGS, "acme", {}), console=ConsoleSettings(workbench=Workbench.UNCONFINED)
    )
    text = f"CONFIGURATION, DATABASE = {str(secrets)!r}, '/'\n{ESCAPING}"
    problem = bench.run(Reading(Script("acme", text, "acme"), (Posted(BODY, {}),), settings))["problem"]
    assert "'file', 'configuration'" in problem


CONFINED = """
import json, pickle, sys
from bridge.console.workbench import runner
from bridge.console.workbench.confinement import confine
tasks = pickle.load(sys.stdin.buffer)
confine()
print(json.dumps([runner._outcome(task) for task in tasks], default=str))
"""


@pytest.mark.skipif(not can_confine(), reason="this kernel has no Landlock and seccomp")
def test_every_mapping_reads_its_samples_confined() -> None:
    catalogue = Catalogue()
    tasks = [
        Reading(
            Script(name, file.path.read_text(encoding="utf-8")),
            tuple(map(Posted.of, file.samples[:2])),
            open_settings(SETTINGS, None, {}),
        )
        for name, file in ((name, catalogue.get(name)) for name in sorted(catalogue.paths))
        if file.samples
    ]
    done = subprocess.run(
        [sys.executable, "-c", CONFINED], input=pickle.dumps(tasks), stdout=subprocess.PIPE, check=True
    )
    assert sum(len(task.requests) for task in tasks) > 60
    assert json.loads(done.stdout) == json.loads(json.dumps([_outcome(task) for task in tasks], default=str))


def test_a_task_carries_no_secret() -> None:
    settings = open_settings(SETTINGS, "acme", {})
    assert settings.sources["acme"].secrets == ()
    assert "secret" not in f"{vars(settings.propexo)} {vars(settings.sources['acme'])}".replace("secrets", "")


def test_what_does_not_end_is_ended() -> None:
    bench = Bench(seconds=0.2)
    with pytest.raises(WorkbenchTimeoutError):
        read(bench, "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass")
    bench.close()


def test_what_ends_without_an_answer_is_reported(bench: Bench) -> None:
    with pytest.raises(EmptyResultError):
        read(bench, "import os; os._exit(0)")


def test_an_answer_is_bounded(bench: Bench) -> None:
    with pytest.raises(OutputTooLargeError):
        read(bench, "raise ValueError('x' * (5 << 20))")


def test_what_a_mapping_prints_is_no_answer(bench: Bench) -> None:
    assert len(read(bench, "print('hello')\n" + MAPPING)["events"]) == 1


def test_no_process_stays() -> None:
    before = psutil.Process().children()
    bench = Bench()
    read(bench, MAPPING)
    bench.close()
    assert psutil.Process().children() == before


STOPPING = """
class Stopping(fields.String):
    def convert(self, value):
        if value == "A-2":
            raise RuntimeError(value)
        return super().convert(value)


class Acme"""


def test_several_requests_are_read_at_once_and_fail_each_alone(bench: Bench) -> None:
    text = MAPPING.replace("\nclass Acme", STOPPING).replace('fields.String(path="id"', 'Stopping(path="id"')
    bodies = (BODY, BODY.replace(b"A-1", b"A-2"), BODY.replace(b"A-1", b"A-3"))
    requests = tuple(Posted(body, {"content-type": "application/json"}) for body in bodies)
    settings = open_settings(SETTINGS, "acme", {})
    first, failed, last = bench.run(Reading(Script("acme", text, "acme"), requests, settings))["requests"]
    assert [read["events"][0]["booking"]["reference"] for read in (first, last)] == ["A-1", "A-3"]
    assert failed == {"problem": "RuntimeError: A-2 (line 8)"}


def test_two_versions_are_compared_event_by_event(bench: Bench) -> None:
    stored = StoredEvent(17, BODY, "application/json", RequestMetadata({}, {}), {}, "A-1")
    other = StoredEvent(
        18, BODY.replace(b"email", b"mail"), "application/json", RequestMetadata({}, {}), {}, "A-2"
    )
    now = MAPPING.replace('["mail", "email"]', '"mail"')
    reported = bench.run(
        Comparison(
            Script("acme", MAPPING, "acme"),
            Script("acme", now, "acme"),
            (stored, other),
            open_settings(SETTINGS, "acme", {}),
        )
    )
    (event,) = reported["events"]
    assert event["id"] == 17
    assert {"field": "email", "before": "Maya@Example.com", "now": None} in event["differences"]
    assert [difference["field"] for difference in event["differences"]][-1] == "problems"
