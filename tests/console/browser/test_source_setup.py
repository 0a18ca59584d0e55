"""A new Calendly source from nothing to its first event in shadow, live, and back, without a file or a restart."""

import hashlib
import hmac
import json
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.processes

TO_THE_FIRST_EVENT, TO_LIVE, BACK = 3, 4, 2
"""Clicks: to where the bridge waits for the first event; from there to live; and from live to shadow mode."""


class Clicks:
    """Clicks, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def __call__(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).click()
        self.count += 1

    def on_text(self, text: str) -> None:
        self.page.get_by_text(text).click()
        self.count += 1

    def taken(self) -> int:
        count, self.count = self.count, 0
        return count


def send(world: Any, secret: str, number: int, start: str) -> None:
    """An event as Calendly signs it."""
    body = json.dumps(
        {
            "event": "invitee.created",
            "created_at": world.clock().isoformat(),
            "payload": {
                "uri": f"https://api.calendly.com/scheduled_events/E{number}/invitees/I{number}",
                "email": f"maya{number}@example.com",
                "name": "Maya Okafor",
                "scheduled_event": {"start_time": start, "name": "Apartment tour"},
            },
        }
    ).encode()
    stamp = str(int(world.clock().timestamp()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    answer = world.client.post(
        "/hooks/calendly",
        data=body,
        headers={
            "Calendly-Webhook-Signature": f"t={stamp},v1={signature}",
            "Content-Type": "application/json",
        },
    )
    assert answer.status_code == 200, answer.text
    world.refresh_sources()
    world.run()


def test_a_calendly_source_from_nothing_to_live_and_back(page: Page, world: Any, clock: Any) -> None:
    click = Clicks(page)
    page.goto("/console/sources")
    click("link", "Add a source")
    click("link", "Calendly")
    click("button", "Create it in shadow mode")
    expect(page.get_by_text("Waiting for the first event.")).to_be_visible()
    assert click.taken() == TO_THE_FIRST_EVENT

    secret = page.locator("#secret").text_content() or ""
    send(world, secret, 1, "2026-12-03T16:30:00Z")
    expect(page.get_by_role("heading", name="The first event is here and could be read")).to_be_visible()
    expect(page.locator("#first")).to_contain_text("Maya Okafor, maya1@example.com")
    expect(page.locator("#first")).to_contain_text("Thu, Dec 3, 10:30 AM CST")  # sent as 16:30 UTC
    page.get_by_label("Property of tours that name none").select_option("oakwood")
    click("button", "Save")
    send(world, secret, 2, "2026-12-03T17:30:00Z")
    assert world.tours == []

    click("link", "Watch first")
    expect(page.locator("#shadow")).to_contain_text("2 watched in 7 days")
    expect(page.locator("#shadow")).to_contain_text("Not listed in")
    click.on_text("Go live…")
    click("button", "Go live")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert click.taken() == TO_LIVE
    clock.advance(minutes=1)
    send(world, secret, 3, "2026-12-03T18:30:00Z")
    assert len(world.tours) == 1

    click.on_text("Watch only…")
    click("button", "Switch to shadow mode")
    assert click.taken() == BACK
    expect(page.get_by_text("Shadow mode: nothing is written")).to_be_visible()
    clock.advance(minutes=1)
    send(world, secret, 4, "2026-12-03T19:30:00Z")
    assert len(world.tours) == 1
    assert [event.reason for event in world.events()][3] == "shadow"
