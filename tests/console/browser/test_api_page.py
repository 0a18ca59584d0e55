"""The page of the API: an operator enters a token and tries a call."""

from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

from bridge.console.access import tokens
from bridge.models import Role

pytestmark = pytest.mark.processes


def test_a_call_is_tried_out(world: Any, page: Page) -> None:
    world.book("B-1")
    with world.database.session() as session:
        _, token = tokens.create(session, "a person", Role.VIEWER, world.clock(), None)
    reported: list[str] = []
    page.on("console", lambda message: reported.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: reported.append(str(error)))
    page.goto("/api/docs")
    page.get_by_role("button", name="Authorize").click()
    page.locator("#auth-bearer-value").fill(token)
    page.get_by_label("Apply credentials").click()
    page.locator(".modal-ux .btn-done").click()
    call = page.locator("#operations-Events-list_events")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(call.locator(".live-responses-table")).to_contain_text('"source": "widget"')
    assert reported == []
