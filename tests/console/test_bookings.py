"""Tours, a line each with their lives."""

from datetime import timedelta

from bridge.models import Role


def test_a_tour_is_one_line_with_its_life(world, signed_in):
    began = world.clock()
    world.book(at=began)
    world.run()
    world.reschedule(at=began + timedelta(minutes=5))
    world.run()
    world.cancel(at=began + timedelta(minutes=9))
    world.run()
    page = signed_in(Role.OPERATOR).get("/console/bookings").text
    assert page.count("Maya Okafor") == 1
    life = [page.index(f">{what}</a>") for what in ("booked", "moved", "cancelled")]
    assert life == sorted(life)
    assert "Fri, Dec 4, 1:00 PM CST" in page
    assert '<span class="badge badge-cancelled">Cancelled in Rent Manager</span>' in page


def test_what_the_pms_does_not_hold_yet_is_marked(world, signed_in):
    world.book(property="Elm Cuort")
    world.run_due()
    page = signed_in(Role.VIEWER).get("/console/bookings").text
    assert "Not in the PMS" in page
    assert "Maya" not in page


def test_filters_and_empty_pages_say_what_to_do(world, signed_in):
    browser = signed_in(Role.OPERATOR)
    assert "Paste the address of a" in browser.get("/console/bookings").text
    world.book()
    world.run()
    assert (
        "Maya Okafor"
        in browser.get("/console/bookings?q=maya@example.com&property=oakwood&state=booked").text
    )
    assert "No booking matches." in browser.get("/console/bookings?state=cancelled").text
    assert "No property" in browser.get("/console/bookings?property=nowhere").text
