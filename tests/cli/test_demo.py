import json
import os
import signal
import subprocess
import sys

import pytest

from bridge.cli.demo import DemoOutcome, follow
from bridge.cli.processes import Children
from bridge.cli.scenario import scenario
from bridge.clock import utc_now

pytestmark = pytest.mark.processes

DEMO = [sys.executable, "-m", "bridge", "demo"]


def test_one_signal_ends_it_and_it_leaves_nothing(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    tmp_path.chmod(0o755)
    demo = subprocess.Popen([*DEMO, "--json"], env=environment, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("bridge-demo-*/data/postgres/postmaster.pid")):
        assert demo.poll() is None
    demo.send_signal(signal.SIGTERM)
    _, reported = demo.communicate(timeout=60)
    assert "unexpected" not in reported
    assert list(tmp_path.glob("bridge-demo-*")) == []


def test_the_demo_ends_as_expected():
    command = [*DEMO, "--once", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert ended.returncode == 0, ended.stderr
    reported = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {tuple(one) for one in reported} == {
        ("source", "event", "action", "status", "reason", "job_id", "appointment_id", "seconds")
    }
    assert {one["source"] for one in reported} == {"calendly", "cal_com", "standard_webhooks", "website_form"}
    assert {"written", "ignored", "parked", "refused", "duplicate"} == {one["status"] for one in reported}
    assert all(one["job_id"] and one["appointment_id"] for one in reported if one["status"] == "written")


def test_the_table_is_printed_once_where_there_is_no_terminal(database, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as builds set it
    outcomes = [DemoOutcome(post, "refused") for post in scenario(utc_now()).posts]
    with Children() as children:
        assert follow(database, outcomes, children, quiet=False) is False
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(outcomes) + 1
    assert not any("\x1b[1A" in line for line in lines)
