"""What a page shows while it waits for an answer, and what it says of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, Route, expect
from sqlalchemy import update

from bridge.console.access import sessions
from bridge.models import Event, Role

pytestmark = pytest.mark.processes

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
Held = Callable[[str], list[Route]]


@pytest.fixture
def held(page: Page) -> Held:
    """`held("**/address")`: the posts to it that have not been let through."""

    def hold(address: str) -> list[Route]:
        routes: list[Route] = []
        page.route(
            address,
            lambda route: routes.append(route) if route.request.method == "POST" else route.continue_(),
        )
        return routes

    return hold


def assert_accessible(page: Page) -> None:
    """Nothing that axe finds in the messages, in either theme."""
    if not AXE.exists():
        return
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = page.evaluate("axe.run('#toasts', {resultTypes: ['violations']})")
        assert [violation["id"] for violation in found["violations"]] == []


def assert_busy(button: Any) -> None:
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("aria-busy", "true")


def test_a_form_that_leads_to_another_page_is_sent_once(page: Page) -> None:
    """The answer 204 leaves the page as it was while the form was on its way."""
    sent: list[Any] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data_json)
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route("**/console/tokens", answer)
    page.goto("/console/tokens")
    purpose, create = page.get_by_label("Purpose"), page.get_by_role("button", name="Create")
    purpose.fill("The report")
    create.click()
    assert_busy(create)
    purpose.press("Enter")
    expect(create).to_be_disabled()
    assert [form["name"] for form in sent] == ["The report"]


def test_a_part_of_a_page_gives_its_buttons_back(world: Any, page: Page, held: Held) -> None:
    event = world.book("B-1", property="Elm Court West")
    world.run()
    routes = held(f"**/console/events/{event}/replay")
    page.goto(f"/console/events/{event}")
    page.get_by_role("button", name="Replay").click()
    now = page.locator("#panel form").get_by_role("button").first
    now.click(no_wait_after=True)
    assert_busy(now)
    routes[0].continue_()
    expect(page.locator("#state")).to_contain_text("In the queue")
    assert page.evaluate("document.querySelectorAll('[aria-busy]').length") == 0


def test_a_download_leaves_its_button_alone(page: Page) -> None:
    page.goto("/console/workbench?mapping=standard_webhooks")
    page.locator("#reading table").first.wait_for()
    button = page.locator("#trial button:not([type=button])").first
    with page.expect_download():
        button.click()
    expect(button).to_be_enabled()
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_a_message_follows_an_action_once_and_moves_nothing(page: Page) -> None:
    page.clock.install()
    page.goto("/console/properties")
    before = page.locator("h1").bounding_box()
    page.get_by_label("What a sender calls").fill("The Elms")
    page.get_by_role("combobox", name="Property").select_option(label="Elm Court")
    page.get_by_role("button", name="Add").click()
    toast = page.locator("#toasts .toast")
    page.clock.run_for(100)
    expect(toast).to_contain_text("The name is added.")
    assert page.locator("h1").bounding_box() == before
    page.clock.run_for(9_000)
    expect(toast).to_have_count(0)
    page.reload()
    page.clock.run_for(100)
    expect(page.get_by_text("The Elms", exact=False).first).to_be_visible()
    expect(toast).to_have_count(0)


def test_a_message_about_a_part_of_a_page_can_be_closed(world: Any, page: Page) -> None:
    event = world.book("B-1", property="Elm Court West")
    world.run()
    page.goto(f"/console/events/{event}")
    page.get_by_role("button", name="Replay").click()
    page.locator("#panel form").get_by_role("button").first.click()
    toast = page.get_by_role("status").locator(".toast")
    expect(toast).to_contain_text("Queued again.")
    assert_accessible(page)
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_a_refused_request_says_why(world: Any, browser: Any, site: str) -> None:
    """In a window without the check of its log: a browser writes down each refused request."""
    event = world.book("B-1", property="Elm Court West")
    world.run()
    with world.database.session() as session:
        cookie = sessions.begin_from_outside(session, world.settings, "olga", Role.OPERATOR, world.clock())
    context = browser.new_context(base_url=site)
    context.add_cookies([{"name": "bridge", "value": cookie, "url": site}])
    page = context.new_page()
    page.goto(f"/console/events/{event}")
    with world.database.session() as session:
        session.execute(update(Event).values(removed_at=world.clock()))
    page.get_by_role("button", name="Mark as done").click()
    toast = page.locator("#toasts .toast")
    page.get_by_label("What was done").fill("Called her")
    page.locator("#panel").get_by_role("button", name="Mark as done").click()
    expect(toast.locator("p")).to_have_text(f"There is no event {event}, or it is no longer kept.")
    assert_accessible(page)
    context.close()
