"""A new mapping by its name, from recorded requests, read side by side, and saved: in the browser alone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

from bridge.console.workbench.views import bench
from bridge.mapping.catalogue import load_file
from bridge.mapping_checks.contract import check

pytestmark = pytest.mark.processes

TO_SAVED = 7
"""Clicks from the workbench to the saved mapping: New mapping, its name, its page, two requests, Begin, Save."""
PROCESS_PATIENCE = 60_000
"""Milliseconds: each reading and each save begins a process, which takes its time on a busy machine."""
PASTE = """(element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def payload(delivery: str, event: str, start: str) -> dict[str, Any]:
    guest = {"name": "Maya Okafor", "email": "maya@example.com", "phone": "+1 512 555 0142"}
    return {"id": delivery, "event": event, "tour": {"tour_id": "T-7", "starts": start, "guest": guest}}


@pytest.fixture
def folder(world: Any, tmp_path: Path) -> Iterator[Path]:
    """`mappings_dir` of an installation that lets the console save into it, with a source that records."""
    world.document["mappings_dir"] = str(tmp_path)
    world.document["console"] = {"save_mappings": True}
    world.document["sources"]["new"] = {"record": True, "auth": "none"}
    world.restart()
    yield tmp_path
    bench.close()


def test_from_recorded_requests_to_a_saved_mapping(world: Any, folder: Path, page: Page, clicks: Any) -> None:
    [booked] = world.deliver("new", payload("evt_1", "booked", "2026-12-03T10:30:00-06:00"))
    [moved] = world.deliver("new", payload("evt_2", "moved", "2026-12-04T11:00:00-06:00"))
    page.goto("/console/workbench")
    clicks.click(page.get_by_role("link", name="New mapping"))
    clicks.fill(page.get_by_role("textbox", name="Name", exact=True), "acme_tours")
    clicks.fill(page.get_by_role("textbox", name=re.compile("^Page on which")), "https://acme.example/docs")
    clicks.click(page.get_by_role("checkbox", name=f"new {booked}"))
    clicks.click(page.get_by_role("checkbox", name=f"new {moved}"))
    clicks.click(page.get_by_role("button", name="Begin"))

    table = page.locator("#reading table.compared")
    expect(table.locator("tr", has_text="action")).to_contain_text("book", timeout=PROCESS_PATIENCE)
    expect(table.locator("tr", has_text="action").locator("td")).to_have_text(["book", "reschedule"])
    expect(table.locator("tr", has_text="reference").locator("td")).to_have_text(["T-7", "T-7"])
    clicks.click(page.get_by_role("button", name="Save acme_tours.py"))
    expect(page.get_by_role("heading", name=re.compile("^Saved acme_tours.py"))).to_be_focused(
        timeout=PROCESS_PATIENCE
    )
    assert clicks.count == TO_SAVED
    file = load_file(folder / "acme_tours.py")
    assert check(file) == []
    assert [json.loads(sample.body)["id"] for sample in file.samples] == ["evt_1", "evt_2"]

    # An edit leaves no result without a sign; what it replaces is shown first.
    page.route("**/workbench/reading", lambda route: None)  # never answered
    editor = page.get_by_role("textbox", name="acme_tours.py")
    text = page.locator("textarea[name=text]").input_value()
    editor.click()
    page.keyboard.press("Control+A")
    editor.evaluate(
        PASTE, text.replace("    reference =", '    title = fields.String(path="event")\n    reference =')
    )
    expect(page.get_by_text("This is the result of an earlier text.")).to_be_visible()
    expect(page.locator("#saving")).to_be_empty()
    page.get_by_role("button", name="Save acme_tours.py").click()
    expect(page.locator(".difference").first).to_be_visible(timeout=PROCESS_PATIENCE)
    assert "title" not in (folder / "acme_tours.py").read_text()
    page.get_by_role("button", name="Replace 3 files").click()
    expect(page.get_by_role("heading", name=re.compile("^Saved"))).to_be_visible(timeout=PROCESS_PATIENCE)
    assert "title" in (folder / "acme_tours.py").read_text()
