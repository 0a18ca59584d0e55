"""How long a stop may take, and what the guide says of it."""

import re
from pathlib import Path

from bridge import grace

GUIDE = (Path(__file__).parents[1] / "deploy" / "README.md").read_text(encoding="utf-8")


def test_all_limits_are_parts_of_one_sum() -> None:
    assert grace.of_processes(0) >= max(grace.REQUESTS, grace.JOBS)
    assert grace.of_processes(10) == grace.of_processes(0) + 10
    assert grace.total(10) == 10 + grace.REQUESTS + grace.JOBS + grace.DATABASE


def test_the_guide_grants_a_service_as_much() -> None:
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", GUIDE, re.MULTILINE)[0]) == grace.total(0)
    assert f"{grace.total(0):.0f} s in all" in GUIDE
