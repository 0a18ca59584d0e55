import json
import subprocess
import sys


def test_the_demo_ends_as_expected():
    command = [sys.executable, "-m", "bridge", "demo", "--once", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert ended.returncode == 0, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {tuple(one) for one in told} == {
        ("source", "event", "action", "status", "reason", "job_id", "appointment_id", "seconds")
    }
    assert {one["source"] for one in told} == {"calendly", "cal_com", "standard_webhooks", "website_form"}
    assert {"written", "ignored", "parked", "refused", "duplicate"} == {one["status"] for one in told}
    assert all(one["job_id"] and one["appointment_id"] for one in told if one["status"] == "written")
