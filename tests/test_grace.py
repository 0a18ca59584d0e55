"""How long a stop may take, and what the guide says of it."""

import re
from pathlib import Path

from bridge import grace

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("bridge*.service"))


def test_all_limits_are_parts_of_one_sum() -> None:
    assert grace.of_processes(0) >= max(grace.REQUESTS, grace.JOBS)
    assert grace.of_processes(10) == grace.of_processes(0) + 10
    assert grace.total(10) == 10 + grace.REQUESTS + grace.JOBS + grace.DATABASE


def test_units_and_guide_grant_as_much() -> None:
    found = [re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE) for unit in UNITS]
    granted = {int(seconds) for each in found for seconds in each}
    assert granted == {grace.total(0)}
    guide = (DEPLOY / "operate.md").read_text(encoding="utf-8")
    assert f"Grant it these {grace.total(0):.0f} s" in " ".join(guide.split())
