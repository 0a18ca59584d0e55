"""The log, as a program that writes it sees it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.logs import without_secrets

SCRIPT = """
import logging, structlog
from bridge import logs
logs.configure(json={json})
log = structlog.get_logger("bridge.test")
log.info("stored", event_id=7)
log.debug("not told")
logging.getLogger("procrastinate.worker").info("ended with status: Error, to retry")
logging.getLogger("gunicorn.error").error("Error handling request %s", "/calendar/hush.ics?token=hush")
try:
    try:
        raise KeyError("jane@example.com")
    except KeyError as error:
        raise ValueError("found jane@example.com") from error
except ValueError:
    log.exception("unexpected")
"""


def written(json: bool | None) -> list[str]:
    reported = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(json=json)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert reported.stdout == ""
    return reported.stderr.splitlines()


@pytest.mark.processes
def test_a_machine_reads_a_json_document_per_line() -> None:
    entries: list[dict[str, Any]] = [json.loads(line) for line in written(None)]
    assert [entry["message"] for entry in entries] == [
        "stored",
        "Error handling request /calendar/...?...",
        "unexpected",
    ]
    assert entries[0].items() >= {"event_id": 7, "level": "info", "logger": "bridge.test"}.items()
    assert "timestamp" in entries[0]


@pytest.mark.processes
def test_an_exception_is_reported_by_kind_and_place_and_never_by_its_words() -> None:
    for lines in (written(True), written(False)):
        text = "\n".join(lines)
        assert "jane" not in text
        assert "hush" not in text
        assert text.index("KeyError") < text.index("ValueError")
        assert "<string>" in text


@pytest.mark.processes
def test_a_person_reads_words() -> None:
    assert "stored" in written(False)[0]
    assert not written(False)[0].startswith("{")


@pytest.mark.processes
def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    script = "import os; os.close(2)\n" + SCRIPT.format(json=True) + "print('went on')"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "went on\n"


@pytest.mark.parametrize(
    ("address", "logged"),
    [
        ("/calendar/hush.ics", "/calendar/..."),
        ("/tour/hush", "/tour/..."),
        ("/tour/hush/move?start=x", "/tour/...?..."),
        ("http://bridge/hooks/form/hush", "http://bridge/hooks/form/..."),
        ("/hooks/form?token=hush", "/hooks/form?..."),
        ("/hooks/form", "/hooks/form"),
        ("/console/sources/calendar", "/console/sources/calendar"),
    ],
)
def test_an_address_in_the_log_has_no_secret(address: str, logged: str) -> None:
    assert without_secrets(f"Exception on {address} [GET]") == f"Exception on {logged} [GET]"
