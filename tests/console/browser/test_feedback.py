"""What a page shows while it waits for an answer."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.processes

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
    page.locator("#reading table").wait_for()
    button = page.locator("#trial button:not([type=button])").first
    with page.expect_download():
        button.click()
    expect(button).to_be_enabled()
    expect(button).not_to_have_attribute("aria-busy", "true")
