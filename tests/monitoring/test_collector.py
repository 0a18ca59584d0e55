"""A scrape while processes begin."""

from pathlib import Path

import pytest

from bridge.database import Database
from bridge.monitoring.collector import KnownGauges, Scrape
from bridge.monitoring.multiprocess import VARIABLE


def test_a_scrape_waits_for_the_file_of_a_process_that_begins(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    begun = tmp_path / "counter_4711.db"
    begun.touch()
    pauses = []

    def go_on() -> None:
        pauses.append(begun.write_bytes(bytes([8, *bytes(7)])))

    assert b"bridge_gauges_timestamp_seconds" in Scrape(KnownGauges(database), go_on).text()
    assert len(pauses) == 1
