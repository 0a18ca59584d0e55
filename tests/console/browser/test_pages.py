"""Every page: nothing that axe calls serious, no sideways scrolling on a phone; and pictures of all, on request."""

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

from bridge.models import HourlyCount

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
WIDTHS = (360, 1280)
PHONE = {"width": 360, "height": 640}
CUT = """[...document.querySelectorAll('table')].flatMap(table => {
    let edge = innerWidth;
    for (let frame = table.parentElement; frame; frame = frame.parentElement) {
        const overflow = getComputedStyle(frame).overflowX;
        if (['auto', 'scroll'].includes(overflow) && frame.getBoundingClientRect().right <= innerWidth) return [];
        if (['hidden', 'clip'].includes(overflow)) edge = Math.min(edge, frame.getBoundingClientRect().right);
    }
    return [table, ...table.querySelectorAll('*')]
        .filter(part => !part.closest('.visually-hidden, thead') && part.getBoundingClientRect().right > edge + 0.5)
        .map(part => part.outerHTML.slice(0, 80));
})"""
"""What is in a table beyond the edge of the screen, unless the table scrolls in a frame of its own."""
FIRST_ROWS = {"action-needed": "#rows tbody tr", "events": "#rows tr", "bookings": ".tours tbody tr"}
"""Of the pages on which people work all day."""


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
def pictures_folder(pytestconfig: pytest.Config) -> Path:
    """Where the pictures go; first among the fixtures, because nothing else is needed without it."""
    folder = pytestconfig.getoption("--pictures")
    if not folder:
        pytest.skip("Pictures are made with --pictures FOLDER.")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


@pytest.fixture
def filled(furnished: Any) -> Any:
    """A leasing office in the middle of its day: its tours, its figures of 30 days, and what people did."""
    world, now = furnished, furnished.clock()
    people = ("Priya Castellano", "Wei Fischer", "Noor Haddad", "Elena Amini", "Jordan Avery", "Chloe Meyer",
              "Tomas Lindqvist", "Aisha Bello")  # fmt: skip
    for number, name in enumerate(people, 10):
        first, last = name.split()
        prospect = {"first_name": first, "last_name": last, "email": f"{first}@example.com".lower(),
                    "phone": f"+15125550{number:03}"}  # fmt: skip
        where = {"property": "The Elm Court Residences"} if number > 14 else {}
        start = f"2026-11-{24 + number % 4}T{9 + number % 8:02}:30:00-06:00"
        world.send("booked", f"B-{number}", prospect=prospect, tour={"start": start}, **where)
    world.run(until=now + timedelta(minutes=1))
    world.reschedule("B-10", start="2026-11-30T13:00:00-06:00")
    world.cancel("B-11")
    world.run(until=now + timedelta(minutes=5))
    hour = now.replace(minute=0, second=0, microsecond=0)
    with world.database.session() as session:
        for n in range(1, 30 * 24):
            received = max(0, round(4 * math.sin(n / 24 * 2 * math.pi) + n % 3))
            parked, ignored = int(received > 3 and n % 13 == 0), int(received > 2 and n % 5 == 0)
            counts = {"received": received, "parked": parked, "ignored": ignored}
            counts["written"] = max(0, received - parked - ignored)
            session.merge(HourlyCount(hour=hour - timedelta(hours=n), source="widget", **counts))
    return world


@pytest.fixture
def each_page(furnished: Any, page: Page) -> Iterator[tuple[str, Page]]:
    """Every page in its turn, with what it loads by itself."""

    def pages() -> Iterator[tuple[str, Page]]:
        for name, address in PAGES.items():
            page.goto(address)
            if name in ("workbench", "workbench-begun"):
                page.locator("#reading table").first.wait_for()
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


def test_nothing_is_cut_on_a_phone_and_the_first_event_stands_in_the_first_screen(
    each_page: Iterator[tuple[str, Page]], page: Page
) -> None:
    page.set_viewport_size(PHONE)
    findings = {}
    for name, one in each_page:
        findings[name] = one.evaluate(WIDER) + one.evaluate(CUT)
        if name in FIRST_ROWS:
            row = one.locator(FIRST_ROWS[name]).first.bounding_box()
            if row["y"] + row["height"] > PHONE["height"]:
                findings[name] += [f"The first row ends at {row['y'] + row['height']:.0f} px."]
    assert {name: found for name, found in findings.items() if found} == {}


def test_the_navigation_folds_on_a_phone(furnished: Any, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/console")
    link, button = page.get_by_role("link", name="Workbench"), page.get_by_role("button", name="Menu")
    expect(link).to_be_hidden()
    expect(button).to_contain_text("2 waiting")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(link).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(link).to_be_visible()
    expect(button).to_be_hidden()


def test_the_navigation_unfolds_without_scripts(page: Page, browser: Any, site: str) -> None:
    state = page.context.storage_state()
    with browser.new_context(
        base_url=site, java_script_enabled=False, viewport=PHONE, storage_state=state
    ) as context:
        plain = context.new_page()
        plain.goto("/console/events")
        plain.get_by_role("button", name="Menu").click()
        plain.get_by_role("link", name="Tours", exact=True).click()
        expect(plain.get_by_role("heading", level=1, name="Tours")).to_be_visible()


def test_pictures_of_every_page(
    pictures_folder: Path, filled: Any, each_page: Iterator[tuple[str, Page]]
) -> None:
    """`python tests/console/browser/screenshots.py OUT`"""
    for name, one in each_page:
        for theme in THEMES:
            one.emulate_media(color_scheme=theme)
            for width in WIDTHS:
                one.set_viewport_size({"width": width, "height": 900})
                one.screenshot(path=pictures_folder / f"{name}-{theme}-{width}.png", full_page=True)
