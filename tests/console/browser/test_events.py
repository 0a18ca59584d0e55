"""What a leasing office does every morning, in a browser: look, repair, send again, and see it done."""

from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

from bridge.console.access import accounts
from bridge.models import Role

pytestmark = pytest.mark.processes

PASSWORD = "correct horse battery"
WEST = {"property": "Elm Court West"}


def test_a_parked_tour_gets_the_missing_alias_and_becomes_written_without_a_reload(
    world: Any, visitor: Page
) -> None:
    page = visitor
    with world.database.session() as session:
        accounts.add(session, world.settings, "ada", Role.OPERATOR, PASSWORD, world.clock())
    first = world.book("B-1", **WEST)
    other = world.book("B-2", email="jo@example.com", **WEST)
    world.run()
    page.goto("/console/events?status=parked")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("link", name=str(first), exact=True).click()
    expect(page.get_by_role("heading", name="Maya Okafor")).to_be_visible()
    page.evaluate("window.sameAsBefore = true")
    expect(page.locator("#tour")).to_contain_text("Elm Court West")

    page.get_by_role("button", name="Choose the property").click()
    expect(page.locator("#panel")).to_contain_text("1 other event waits for the same")
    page.get_by_role("combobox", name="Property").select_option(label="Elm Court")
    page.get_by_role("button", name="Add the alias and replay all 2").click()
    expect(page.locator("#panel [role=status]")).to_have_text("2 of 2: 2 queued again.")
    expect(page.locator("#state")).to_contain_text("In the queue")

    world.run()
    expect(page.locator("#state")).to_contain_text("Booked in Rent Manager")
    expect(page.locator("#history")).to_contain_text("Booking confirmed by the PMS")
    assert page.evaluate("window.sameAsBefore")
    assert [world.status(event) for event in (first, other)] == [("written", None)] * 2
    assert len(world.tours) == 2


def test_new_rows_and_changes_appear_and_leave_the_choice_and_the_focus_alone(world: Any, page: Page) -> None:
    parked = world.book("B-1", **WEST)
    world.run()
    page.goto("/console/events")
    box = page.get_by_label(f"Choose event {parked}")
    box.check()
    box.focus()
    world.replay(parked)
    expect(page.locator(f"#event-{parked}-state")).to_contain_text("In the queue")
    arrived = world.book("B-2", email="jo@example.com")
    expect(page.locator("#rows tr").first).to_have_id(f"event-{arrived}")
    world.run()
    expect(page.locator(f"#event-{arrived}-state")).to_contain_text("Booked in Rent Manager")
    expect(box).to_be_checked()
    expect(box).to_be_focused()


def test_an_event_that_comes_to_match_appears_in_its_place(world: Any, page: Page) -> None:
    first, second, third = (world.book(f"B-{n}", email=f"{n}@example.com", **WEST) for n in range(3))
    world.run()
    world.replay(second)
    page.goto("/console/events?status=parked")
    expect(page.locator("#rows tr")).to_have_count(2)
    world.run()
    expect(page.locator("#rows tr")).to_have_count(3)
    reported = [row.get_attribute("id") for row in page.locator("#rows tr").all()]
    assert reported == [f"event-{event}" for event in (third, second, first)]


def test_many_are_replayed_with_a_bar_that_grows(world: Any, page: Page) -> None:
    events = [world.book(f"B-{n}", email=f"{n}@example.com", **WEST) for n in range(45)]
    world.run()
    page.goto("/console/events?status=parked")
    page.get_by_label("All that match").check()
    page.get_by_role("button", name="Replay…").click()
    expect(page.get_by_role("heading", name="Replay 45 events")).to_be_focused()
    expect(page.locator("#panel")).to_contain_text("for the first 10")
    assert {world.status(event)[0] for event in events} == {"parked"}
    seen: list[str] = []
    page.on("request", lambda sent: seen.append(sent.url) if sent.url.endswith("/bulk/run") else None)
    page.get_by_role("button", name="Replay now").click()
    expect(page.locator("#panel [role=status]")).to_have_text("45 of 45: 45 queued again.")
    assert len(seen) == 3
    assert {world.status(event)[0] for event in events} == {"received"}


def test_all_of_it_works_with_the_keyboard_alone(world: Any, page: Page) -> None:
    parked = world.book("B-1", **WEST)
    world.run()
    page.goto("/console/events")
    page.get_by_label(f"Choose event {parked}").focus()
    page.keyboard.press("Space")
    _tab_to(page, "Dismiss…", backwards=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dismiss 1 event")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Booked by phone")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel [role=status]")).to_have_text("1 of 1: 1 dismissed.")
    assert world.status(parked)[0] == "dismissed"
    assert "Booked by phone" in world.event(parked).detail


def test_what_is_typed_is_read_at_once_and_goes_out(world: Any, page: Page) -> None:
    event = world.book("B-1", email="not an address", start="soon")
    world.run()
    page.goto(f"/console/events/{event}")
    page.get_by_text("Edit the JSON").click()
    page.get_by_role("button", name="Open the editor").click()
    expect(page.locator("#correction-reading")).to_contain_text("found 'soon'")
    payload = page.get_by_role("textbox", name="Payload")
    good = payload.input_value().replace('"soon"', '"2026-12-03T10:30:00-06:00"')
    payload.fill(good[:-3])
    expect(page.locator("#correction-reading")).to_contain_text("This is not JSON yet")
    payload.fill(good)
    expect(page.locator("#correction-reading")).to_contain_text("The payload can be read")
    page.get_by_role("button", name="Save and replay").click()
    expect(page.locator("#history")).to_contain_text("Corrected by ada")
    world.run()
    expect(page.locator("#state")).to_contain_text("Booked in Rent Manager")


def test_nineteen_tours_are_released_by_one_alias_in_four_clicks(world: Any, page: Page, clicks: Any) -> None:
    events = [world.book(f"B-{n}", email=f"{n}@example.com", **WEST) for n in range(19)]
    world.run_due()
    page.goto("/console")
    clicks.click(page.get_by_role("link", name="Action needed"))
    clicks.choose(page.get_by_role("combobox", name="No property is called “Elm Court West”"), "Elm Court")
    clicks.click(page.get_by_role("button", name="Use this and send 19"))
    expect(page.locator("#panel [role=status]")).to_have_text("19 of 19: 19 queued again.")
    assert clicks.count <= 4
    expect(page.locator(f"#event-{events[0]}-state")).to_contain_text("In the queue")
    assert {world.status(event)[0] for event in events} == {"received"}


def test_a_start_is_corrected_in_five_clicks(world: Any, page: Page, clicks: Any) -> None:
    event = world.book("B-1", start="next Tuesday, maybe")
    world.run()
    page.goto("/console")
    clicks.click(page.get_by_role("link", name="Action needed"))
    clicks.click(page.get_by_role("link", name="Maya Okafor"))
    expect(page.locator("#tour")).to_contain_text("next Tuesday, maybe")
    clicks.fill(page.get_by_label("Date of the tour"), "2026-12-03")
    clicks.fill(page.get_by_label("Time, by the clock of Oakwood Flats"), "10:30")
    clicks.click(page.get_by_role("button", name="Save and send"))
    expect(page.locator("#history")).to_contain_text("Corrected by ada")
    assert clicks.count <= 5
    world.run()
    expect(page.locator("#state")).to_contain_text("Booked in Rent Manager")
    expect(page.locator("#tour time")).to_have_text("Thu, Dec 3, 10:30 AM CST")
    assert world.status(event) == ("written", None)


def test_a_renter_is_found_by_the_last_four_digits(world: Any, page: Page, clicks: Any) -> None:
    world.book("B-1")
    world.run()
    page.goto("/console")
    clicks.click(page.get_by_role("link", name="Events", exact=True))
    clicks.fill(page.get_by_role("searchbox", name="Search"), "0142")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    clicks.fill(page.get_by_role("searchbox", name="Search"), "0143")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(0)
    assert clicks.count == 3


def test_the_tours_of_tomorrow_at_one_property_take_five_clicks(world: Any, page: Page, clicks: Any) -> None:
    world.book("B-1", start="2026-11-25T14:00:00-06:00")
    world.book("B-2", start="2026-11-25T09:30:00-06:00", email="b2@example.com", property="elm")
    world.run()
    page.goto("/console")
    clicks.click(page.get_by_role("link", name="Tours", exact=True))
    clicks.click(page.get_by_role("link", name="Tomorrow"))
    expect(page.locator("tbody tr")).to_have_count(2)
    clicks.choose(page.get_by_label("Property"), "Oakwood Flats")
    clicks.click(page.get_by_role("button", name="Show"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Wed, Nov 25, 2:00 PM CST")
    assert clicks.count <= 5


def test_what_was_done_by_hand_says_who_and_why(world: Any, page: Page) -> None:
    event = world.book("B-1", **WEST)
    world.run()
    page.goto(f"/console/events/{event}")
    page.get_by_role("button", name="Mark as done").click()
    page.get_by_label("What was done").fill("Called her")
    page.locator("#panel").get_by_role("button", name="Mark as done").click()
    expect(page.locator("#actions")).to_contain_text("Called her")
    expect(page.locator("#history")).to_contain_text("Dismissed by ada")


def _tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    for _ in range(40):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"The keyboard does not come to {name}.")
