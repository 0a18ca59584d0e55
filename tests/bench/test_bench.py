"""Every benchmark runs, in a short form, and answers what its README says. How fast it was is not judged here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "bench"


def run(name: str, *flags: str, **options: int) -> dict[str, Any]:
    """The result of a benchmark with these sizes."""
    stated = [
        text for option, value in options.items() for text in (f"--{option.replace('_', '-')}", str(value))
    ]
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *stated, *(f"--{flag}" for flag in flags)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=FOLDER.parents[1],
        env={"PYTHONPATH": str(FOLDER.parents[1]), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.bench
def test_accept_compares_the_endpoint_with_a_bare_view() -> None:
    reported = run("accept", requests=40, rounds=1, connections=8)
    assert reported["settings"]["synchronous_commit"] == reported["settings"]["fsync"] == "on"
    assert reported["stored"] == 80
    assert {"ratio", "p99_ratio", "processor_ratio"} <= reported.keys()
    assert reported["bare"]["requests"] == reported["hook"]["requests"] == 40


@pytest.mark.bench
def test_accept_goes_on_while_a_worker_forwards() -> None:
    reported = run("accept", "with-worker", requests=40, rounds=1, connections=8)
    assert reported["stored"] == 80
    assert {"ratio", "processor_ratio", "forwarded"} <= reported.keys()


@pytest.mark.bench
def test_delivery_times_the_way_to_the_first_call() -> None:
    reported = run("delivery", bookings=3)
    assert reported["bookings"] == 3
    assert 0 < reported["webhook_to_first_call_p50_ms"] <= reported["webhook_to_first_call_p99_ms"]


@pytest.mark.bench
def test_availability_compares_free_times_with_a_bare_view() -> None:
    measured = run("availability", requests=200, rounds=1, connections=8)
    assert measured["bare"]["requests"] == measured["times"]["requests"] == 200
    assert measured["calls"] == 1


@pytest.mark.bench
def test_chat_measures_answers_while_propexo_is_slow() -> None:
    measured = run("chat", requests=10, connections=2, delay=3)
    assert measured["requests"] == 10
    assert measured["p50_ms"] <= measured["p99_ms"] <= measured["max_ms"]


@pytest.mark.bench
def test_growth_fills_the_table_and_measures_twice() -> None:
    reported = run("growth", few=20, many=400, requests=20, rounds=1)
    assert reported["few"]["events"] == 20
    assert reported["many"]["events"] == 400
    assert {"accept_slower_by", "events_list_slower_by"} <= reported.keys()


@pytest.mark.bench
def test_fleet_measures_a_day_and_says_what_is_saturated() -> None:
    [step] = run("fleet", webs=1, workers=1, sources=3, hour=1, rates=1, drain=60)["steps"]
    assert step["offered"] == step["stored"] > 20
    assert step["not_accepted"] == {}
    assert step["processor_ms_per_event"].keys() == {"workers", "postgresql", "web"}
    assert step["peak_rate"] > step["mean_rate"]


@pytest.mark.bench
def test_plans_explains_what_each_address_asks() -> None:
    reported = run("plans", events=2000)
    assert {"/console", "/api/v1/today", "retention, 500 rows: events_removed"} <= reported["plans"].keys()
    assert all(plan["plan"] for plan in reported["plans"].values())


@pytest.mark.parametrize("name", ["fleet", "plans"])
def test_a_benchmark_without_a_goal_is_in_the_readme(name: str) -> None:
    assert f"`{name}.py`" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("name", ["accept", "availability", "delivery", "drain", "growth", "memory"])
def test_every_benchmark_is_in_the_readme_and_shows_its_goal(name: str) -> None:
    assert f"`{name}.py`" in (FOLDER / "README.md").read_text()
    assert "Goal:" in (FOLDER / f"{name}.py").read_text()
