"""The table of deploy/size.md is what its figures give."""

import re

import pytest
from documentation.documents import ROOT, TEXTS

from bridge.cli.deployment import WEB_CONNECTIONS, WORKER_CONNECTIONS

GUIDE = TEXTS[ROOT / "deploy/size.md"]
PER_DAY = [row.split(" | ") for row in re.findall(r"^\| ([\d,]+ \| .*) \|$", GUIDE, re.MULTILINE)]
DAYS = 90


def figure(words: str) -> float:
    """The value beside a figure, without its unit."""
    [found] = re.findall(rf"^\| {words}[^|]* \| ([\d.]+)[^|]* \|", GUIDE, re.MULTILINE)
    return float(found)


def first_number(cell: str) -> float:
    return float(re.findall(r"[\d.]+", cell)[0])


@pytest.mark.parametrize("row", PER_DAY, ids=lambda row: row[0])
def test_a_row_is_computed_from_the_figures(row: list[str]) -> None:
    tours, calls, web, workers, memory, connections, database = row
    a_day = int(tours.replace(",", ""))
    calls_a_minute = a_day / 5 / 60 * figure("calls to Propexo for a tour")
    assert first_number(calls) == pytest.approx(calls_a_minute, rel=0.03, abs=0.5)
    kilobytes = figure("a tour in the database")
    assert first_number(database) == pytest.approx(a_day * DAYS * kilobytes / 1e6, rel=0.15, abs=0.05)
    processes = first_number(web) * (2 if "machines" in web else 1)
    needed = processes * figure("memory of a web process") + first_number(workers) * figure(
        "memory of a worker"
    )
    assert first_number(memory) * 1000 >= needed
    if connections.isdigit():
        assert int(connections) == processes * 10 + int(workers) * 5 + 3


def test_the_rows_go_far_enough() -> None:
    assert len(PER_DAY) == 4


@pytest.mark.parametrize("page", ["size.md", "scale.md"])
def test_the_guides_know_how_many_connections_a_process_opens(page: str) -> None:
    text = " ".join(TEXTS[ROOT / "deploy" / page].split())
    numbers = re.findall(r"at most (\w+),? (?:database connections|whatever)", text)
    assert (numbers[:2], WEB_CONNECTIONS, WORKER_CONNECTIONS) == (["ten", "five"], 10, 5)


def test_the_plan_counts_connections_as_the_table_does() -> None:
    [(workers, webs, total)] = re.findall(
        r"(\d+) workers and (\d+) web processes hold at most (\d+)", TEXTS[ROOT / "deploy/scale.md"]
    )
    assert int(total) == int(workers) * WORKER_CONNECTIONS + int(webs) * WEB_CONNECTIONS
