"""Writing a mapping against real traffic: every change shows at once."""

import re
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.processes


PROCESS_PATIENCE = 60_000
"""Milliseconds: a process begins for each reading, which takes its time on a busy machine."""
PASTE = """(element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def rewrite(page: Page, text: str) -> None:
    """Paste another text into the editor."""
    editor = page.get_by_role("textbox", name="standard_webhooks.py")
    editor.click()
    page.keyboard.press("Control+A")
    editor.evaluate(PASTE, text)


def test_an_edited_mapping_is_read_at_once_compared_and_downloaded(world: Any, page: Page) -> None:
    event = world.book("B-1")
    world.run()
    page.goto("/console/workbench?mapping=standard_webhooks")
    expect(page.locator("#reading table").first).to_be_visible(timeout=PROCESS_PATIENCE)
    page.get_by_role("combobox", name="Add a payload").select_option(label=f"{event} tour.booked, written")
    expect(page.get_by_role("textbox", name="Body").nth(1)).to_have_value(re.compile("Maya"))
    expect(page.get_by_role("textbox", name="Body").nth(1)).to_be_focused()
    expect(page.locator("#reading table.compared th", has_text=f"event {event}")).to_be_visible(
        timeout=PROCESS_PATIENCE
    )
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#reading table.compared")).to_be_hidden(timeout=PROCESS_PATIENCE)
    expect(page.locator("#reading")).to_contain_text("maya@example.com")
    expect(page.locator("#reading")).to_contain_text("POST /v1/events/appointments/leads")

    area = page.locator("textarea[name=text]")
    edited = area.input_value() + '\n    title = fields.String(path="tour_notes")\n'
    edited = edited.replace("class ", "from bridge.mapping import fields\n\n\nclass ", 1)
    rewrite(page, edited)
    assert area.input_value() == edited
    expect(page.locator("#reading tr", has_text="tour_notes")).to_contain_text(
        "2 BR", timeout=PROCESS_PATIENCE
    )
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#comparison")).to_contain_text(
        "1 of 1 events give a different result", timeout=PROCESS_PATIENCE
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download standard_webhooks.py").click()
    assert "tour_notes" in download.value.path().read_text()

    rewrite(page, "# a comment\nclass\n")
    expect(page.locator("#reading")).to_contain_text("SyntaxError", timeout=PROCESS_PATIENCE)
    expect(page.locator(".cm-lintRange-error, .cm-lint-marker-error").first).to_be_attached()
    expect(page.get_by_text("This is the result of an earlier text.")).to_be_hidden()


def test_an_answer_that_does_not_come_leaves_a_sign(world: Any, page: Page) -> None:
    page.goto("/console/workbench?mapping=standard_webhooks")
    expect(page.locator("#reading")).to_contain_text("The request to Propexo", timeout=PROCESS_PATIENCE)
    page.route("**/workbench/reading", lambda route: None)  # never answered
    rewrite(page, "# nothing")
    expect(page.get_by_text("This is the result of an earlier text.")).to_be_visible()
