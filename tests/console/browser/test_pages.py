"""Every page: nothing that axe calls serious, no sideways scrolling on a phone; and pictures of all, on request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page

pytestmark = pytest.mark.processes

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "today": "/console",
    "bookings": "/console/bookings",
    "appointments": "/console/appointments?property=oakwood",
    "free-times": "/console/availability?property=oakwood",
    "health": "/console/health",
    "properties": "/console/properties",
    "sources": "/console/sources",
    "source": "/console/sources/widget",
    "source-new": "/console/sources/_new",
    "source-new-named": "/console/sources/_new?mapping=calendly",
    "source-shadow": "/console/sources/shadowed",
    "source-set-up": "/console/sources/stored/setup",
    "sign-in": "/console/sign-in",
    "account": "/console/account",
    "users": "/console/users",
    "tokens": "/console/tokens",
    "audit": "/console/audit",
    "action-needed": "/console/action-needed",
    "events": "/console/events",
    "events-parked": "/console/events?status=parked",
    "events-none": "/console/events?source=other",
    "event-written": "/console/events/1",
    "event-parked": "/console/events/2",
    "event-unreadable": "/console/events/3",
    "workbench": "/console/workbench?mapping=standard_webhooks",
    "workbench-new": "/console/workbench/new",
    "workbench-begun": "/console/workbench/new?name=acme",
    "alerts": "/console/alerts",
}
"""Of the world below."""
WIDER = """document.documentElement.scrollWidth <= innerWidth ? [] :
    [innerWidth, document.styleSheets.length, ...[...document.querySelectorAll('body *')]
        .filter(element => element.getBoundingClientRect().right > innerWidth)
        .map(element => element.outerHTML.slice(0, 80) + ' ' + element.getBoundingClientRect().right)].slice(0, 12)"""
"""What is wider than the window, where the page scrolls sideways."""
THEMES = ("light", "dark")
WIDTHS = (360, 1600)


def test_every_page_is_among_them(world: Any, signed_in: Any) -> None:
    browser = signed_in()
    rules = [rule for rule in world.client.application.url_map.iter_rules() if "GET" in rule.methods]
    plain = [rule.rule for rule in rules if rule.rule.startswith("/console") and not rule.arguments]
    answers = {path: browser.get(path) for path in plain}
    pages = {path for path, answer in answers.items() if answer.status_code == 200 and "<html" in answer.text}
    assert pages - {address.partition("?")[0] for address in PAGES.values()} == set()


@pytest.fixture
def furnished(world: Any) -> Any:
    """A world with something to see: written, parked for two reasons, in shadow mode, and on its way."""
    world.document["alerts"] = {"urls": ["json://user:password@127.0.0.1:9/"], "digest_at": "08:00"}
    world.connect("shadowed", "standard_webhooks", mode="shadow")
    world.store_source("stored", {"mapping": "calendly", "secrets": ["a-key"]})
    world.book("B-1")
    world.book("B-2", email="jo@example.com", property="Elm Court West")
    world.book("B-3", email="not an address", start="soon")
    world.book("B-4", email="ana@example.com", source="shadowed")
    world.run()
    world.book("B-5", email="dora@example.com")
    return world


@pytest.fixture
def each_page(furnished: Any, page: Page) -> Iterator[tuple[str, Page]]:
    """Every page in its turn, with what it loads by itself."""

    def pages() -> Iterator[tuple[str, Page]]:
        for name, address in PAGES.items():
            page.goto(address)
            if name in ("workbench", "workbench-begun"):
                page.locator("#reading table").wait_for()
            if name == "source-shadow":
                page.get_by_text("watched in 7 days").wait_for()
            if name == "health":
                page.get_by_text("Checked at").wait_for()
            yield name, page

    return pages()


def test_axe_finds_nothing_serious_in_either_theme(each_page: Iterator[tuple[str, Page]]) -> None:
    if not AXE.exists():
        pytest.skip("There is no axe-core: npm install --prefix tests/console/browser")
    findings = []
    for name, page in each_page:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=theme)
            found = page.evaluate("rules => axe.run({resultTypes: ['violations'], ...rules})", rules)
            findings += [
                (
                    name,
                    theme,
                    violation["id"],
                    violation["help"],
                    [node["target"] for node in violation["nodes"]][:3],
                )
                for violation in found["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
    assert findings == []


def test_no_page_scrolls_sideways_on_a_phone(each_page: Iterator[tuple[str, Page]], page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    too_wide = {name: one.evaluate(WIDER) for name, one in each_page}
    assert {name: elements for name, elements in too_wide.items() if elements} == {}


def test_pictures_of_every_page(
    each_page: Iterator[tuple[str, Page]], page: Page, pytestconfig: pytest.Config
) -> None:
    """`python tests/console/browser/screenshots.py OUT`"""
    folder = pytestconfig.getoption("--pictures")
    if not folder:
        pytest.skip("Pictures are made with --pictures FOLDER.")
    for name, one in each_page:
        for theme in THEMES:
            one.emulate_media(color_scheme=theme)
            for width in WIDTHS:
                one.set_viewport_size({"width": width, "height": 900})
                one.screenshot(path=Path(folder, f"{name}-{theme}-{width}.png"), full_page=True)
