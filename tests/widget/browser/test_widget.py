"""The widget on a page of another origin, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect
from widget.browser.conftest import POLICY

pytestmark = pytest.mark.processes

Open = Callable[..., Page]
AXE = Path(__file__).parents[2] / "console" / "browser" / "node_modules" / "axe-core" / "axe.min.js"


def tab_to(page: Page, **what: Any) -> None:
    """Press Tab until the element with this role and name has the focus, at most 40 times."""
    wanted = page.get_by_role(what["role"], name=what["name"], exact=what.get("exact", False)).first
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === element.getRootNode().activeElement"):
            return
    raise AssertionError(f"Tab does not reach {what}")


def choose_a_time(page: Page, label: str = "10:00 AM") -> None:
    page.get_by_role("radio", name=label).check(force=True)
    page.get_by_role("button", name="Continue").click()


def fill_in(page: Page) -> None:
    page.get_by_label("First name").fill("Maya")
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("E-mail").fill("maya@example.com")


def test_a_tour_is_booked_by_keyboard_alone_under_a_strict_policy(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    website.policy = POLICY.format(bridge=website.bridge) + "; img-src data:"
    page = open_page()
    page.evaluate(
        "addEventListener('tour-booked', (event) => { (window.booked ||= []).push(event.detail); })"
    )
    expect(page.get_by_role("heading", name="Book a tour")).to_be_visible()
    expect(page.get_by_role("radio", name="Wednesday, November 25, 18 times")).to_have_count(1)
    tab_to(page, role="radio", name="Guided")
    page.keyboard.press("Tab")  # one stop for the days
    page.keyboard.press("ArrowRight")
    expect(page.locator("[role=status]")).to_contain_text("free times on Wednesday, November 25")
    page.keyboard.press("Tab")
    while not page.get_by_role("radio", name="9:30 AM").evaluate("e => e === e.getRootNode().activeElement"):
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
    tab_to(page, role="button", name="Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    for text in ("Maya", "Okafor", "maya@example.com"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    tab_to(page, role="button", name="Book the tour")
    clock.advance(seconds=30)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you, Maya")).to_be_focused()
    assert page.evaluate("window.booked") == [{"property": "oakwood", "kind": "in_person"}]
    world.run()
    (tour,) = world.tours
    assert (str(tour.appointment_date), str(tour.appointment_time)) == ("2026-11-25", "09:30:00")
    assert page.context.cookies() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(
    world: Any, clock: Any, website: Any, open_page: Open, scheme: Any, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("There is no axe-core: npm install --prefix tests/console/browser")
    website.body = f'<meta name="color-scheme" content="light dark">{website.line()}'
    page = open_page(width, color_scheme=scheme)
    script = AXE.read_text(encoding="utf-8")
    findings: list[Any] = []

    def look(step: str) -> None:
        page.evaluate(script)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        findings.extend(
            (step, violation["id"], [node["target"] for node in violation["nodes"]][:3])
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width, step

    expect(page.get_by_role("radio", name="Guided with our team")).to_have_count(1)
    look("times")
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    choose_a_time(page)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="Please check")).to_be_visible()
    look("errors")
    fill_in(page)
    clock.advance(seconds=30)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="Thank you, Maya")).to_be_visible()
    look("done")
    assert findings == []


def test_the_page_is_spanish_and_so_are_the_widget_and_its_errors(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    website.language = "es"
    page = open_page()
    expect(page.get_by_role("heading", name="Reserve una visita")).to_be_visible()
    page.get_by_role("radio", name="miércoles, 25 de noviembre").check(force=True)
    page.get_by_role("radio", name="10:00 a.m.").check(force=True)
    page.get_by_role("button", name="Continuar").click()
    page.get_by_label("Nombre", exact=True).fill("Maya")
    page.get_by_label("Apellido").fill("Okafor")
    page.get_by_label("Teléfono").fill("12345")
    clock.advance(seconds=30)
    page.get_by_role("button", name="Reservar la visita").click()
    expect(page.get_by_role("link", name="Escriba el teléfono con su código de área.")).to_be_visible()
    expect(page.get_by_label("Nombre", exact=True)).to_have_value("Maya")
    page.get_by_label("Teléfono").fill("512-555-0142")
    page.get_by_role("button", name="Reservar la visita").click()
    expect(page.get_by_role("heading", name="Gracias, Maya")).to_be_visible()
    open_page.errors.clear()  # type: ignore[attr-defined]  # chromium writes every 422 there


def test_a_time_that_went_meanwhile_is_answered_with_others_and_nothing_typed_is_lost(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    page = open_page()
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    choose_a_time(page)
    fill_in(page)
    world.document["properties"]["oakwood"]["slots"]["blackouts"] = ["2026-11-25 10:00-10:30"]
    world.restart()
    clock.advance(seconds=30)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="This time was just taken")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("maya@example.com")
    page.get_by_role("button", name="Book the tour").click()  # nothing is chosen for the renter
    expect(page.locator("#near-e")).to_be_visible()
    page.get_by_role("radio", name="10:30 AM").check(force=True)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="Thank you, Maya")).to_be_visible()
    open_page.errors.clear()  # type: ignore[attr-defined]
    world.run()
    assert [str(tour.appointment_time) for tour in world.tours] == ["10:30:00"]


def test_a_lost_answer_and_a_double_click_make_one_tour(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    page = open_page()
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    choose_a_time(page)
    fill_in(page)
    clock.advance(seconds=30)
    sent: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method == "OPTIONS" or sent:
            route.continue_()
            return
        sent.append(route.request.post_data)
        route.fetch()  # the bridge has it
        route.abort()

    page.route("**/hooks/website", lose)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="We could not reach the leasing office")).to_be_visible()
    expect(page.get_by_role("link", name="Call us: +1 512-555-0134")).to_be_visible()
    expect(page.get_by_label("First name")).to_have_value("Maya")
    page.get_by_role("button", name="Book the tour").dblclick()
    expect(page.get_by_role("heading", name="Thank you, Maya")).to_be_visible()
    open_page.errors.clear()  # type: ignore[attr-defined]
    world.run()
    assert len(world.tours) == 1


def test_without_an_answer_the_phone_and_the_ordinary_page_are_shown(website: Any, open_page: Open) -> None:
    website.body = website.line("property=oakwood&amp;phone=512-555-0134")
    page = open_page(path="about:blank")
    page.clock.install()
    page.route("**/widget/website/places*", lambda _: None)
    page.route("**/availability/**", lambda _: None)
    page.goto(website.url)
    expect(page.get_by_text("Loading free times…").last).to_be_visible()
    page.clock.run_for(8100)
    expect(page.get_by_role("link", name="Call us: 512-555-0134")).to_be_visible()
    link = page.get_by_role("link", name="Open the booking page")
    expect(link).to_have_attribute("href", f"{website.bridge}/widget/website?property=oakwood&lang=en")


def test_a_browser_that_has_to_work_does_so_and_the_visitor_waits_a_moment(
    world: Any, website: Any, open_page: Open
) -> None:
    page = open_page()
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    choose_a_time(page)
    fill_in(page)
    page.get_by_role("button", name="Book the tour").click()  # no second has passed on the bridge's clock
    expect(page.get_by_role("heading", name="Thank you, Maya")).to_be_visible()
    open_page.errors.clear()  # type: ignore[attr-defined]


def test_it_lives_in_tag_managers_twice_moved_and_added_later(website: Any, open_page: Open) -> None:
    website.body = "<div id='here'></div>"
    page = open_page()
    add = """src => { const tag = document.createElement('script'); tag.async = true; tag.src = src;
        document.head.append(tag); return new Promise((done) => { tag.onload = done; }); }"""
    line = f"{website.bridge}/widget.js?source=website&property=oakwood&target=here"
    page.evaluate(add, line)
    page.evaluate(add, line)  # a tag manager that fires twice
    expect(page.locator("#here tour-booking")).to_have_count(1)
    expect(page.get_by_role("heading", name="Book a tour")).to_have_count(1)
    page.evaluate(add, f"{website.bridge}/widget.js?source=website&property=elm")
    expect(page.get_by_role("heading", name="Elm Court")).to_be_visible()
    page.evaluate("""() => { const later = document.createElement('tour-booking');
        later.setAttribute('source', 'website'); later.setAttribute('property', 'elm,oakwood'); later.id = 'later';
        document.querySelector('main').append(later); }""")
    later = page.locator("#later")
    expect(later.get_by_label("Community")).to_have_value("elm")
    later.get_by_label("Community").select_option("oakwood")
    expect(later.get_by_role("heading", name="Oakwood Flats")).to_be_visible()
    later.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    later.get_by_role("radio", name="10:00 AM").check(force=True)
    page.evaluate("document.querySelector('#here').prepend(document.querySelector('#later'))")
    expect(later.get_by_role("radio", name="10:00 AM")).to_be_checked()
    page.evaluate("document.querySelector('#later').setAttribute('property', 'elm')")
    expect(later.get_by_role("heading", name="Elm Court")).to_be_visible()


def test_without_scripts_the_ordinary_page_books_and_keeps_what_was_typed(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    page = open_page(320, path=f"{website.bridge}/widget/website?property=oakwood", java_script_enabled=False)
    page.get_by_label("First name").fill("Maya")
    page.get_by_role("button", name="Wednesday, November 25").click()
    expect(page.get_by_label("First name")).to_have_value("Maya")
    page.get_by_role("radio", name="10:00 AM").check(force=True)
    clock.advance(seconds=30)
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter your last name.")
    expect(page.get_by_role("radio", name="10:00 AM")).to_be_checked()
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("Phone").fill("512-555-0142")
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_role("heading", name="Your tour is requested")).to_be_visible()
    open_page.errors.clear()  # type: ignore[attr-defined]
    world.run()
    assert [str(tour.appointment_time) for tour in world.tours] == ["10:00:00"]


def test_days_without_times_say_why(world: Any, website: Any, open_page: Open) -> None:
    hours = ["mon 09:00-18:00", "wed 09:00-18:00", "fri 09:00-18:00"]
    world.document["properties"]["oakwood"] |= {"tour_hours": hours}
    world.restart()
    page = open_page()
    expect(page.locator("tour-booking #empty")).to_contain_text("closed")


def test_24_hours_and_right_to_left(website: Any, open_page: Open) -> None:
    website.body = f'<div dir="rtl">{website.line("property=oakwood&amp;hours=24")}</div>'
    page = open_page(320)
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    expect(page.get_by_role("radio", name="14:30", exact=True)).to_be_attached()
    first, second = (page.locator(".days .c").nth(number).bounding_box() for number in (0, 1))
    assert first["x"] > second["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_scanner_that_runs_scripts_and_follows_every_link_changes_nothing(
    world: Any, clock: Any, website: Any, open_page: Open
) -> None:
    """A mail scanner opens the renter's link in a real browser, and every address that it finds from there on."""
    page = open_page()
    page.get_by_role("radio", name="Wednesday, November 25").check(force=True)
    choose_a_time(page)
    fill_in(page)
    clock.advance(seconds=30)
    page.get_by_role("button", name="Book the tour").click()
    link = page.get_by_role("link", name="Change or cancel").get_attribute("href")
    assert link is not None
    world.run()
    before = len(world.events())
    waiting, seen, methods = [link], set(), set()
    page.on("request", lambda request: methods.add(request.method))
    while waiting:
        address = waiting.pop()
        if address in seen or not address.startswith(link) or address.endswith(".ics"):
            continue
        seen.add(address)
        page.goto(address)
        assert page.evaluate("document.scripts.length") == 0
        found = "[...document.querySelectorAll('a[href], form')].map(each => each.href || each.action)"
        waiting += [each.split("#")[0] for each in page.evaluate(found)]
    assert {address.removeprefix(link).split("?")[0] for address in seen} == {"", "/move", "/cancel"}
    assert methods == {"GET"}
    world.run()
    assert len(world.events()) == before
    assert [str(tour.appointment_time) for tour in world.tours] == ["10:00:00"]
