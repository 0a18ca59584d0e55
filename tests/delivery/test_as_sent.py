"""What people really send, from the request to the appointment."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.mapping.catalogue import shipped_folder

SAMPLES = shipped_folder() / "samples/cal_com"
HOUR = timedelta(hours=1)


def test_a_tour_at_night_is_held_until_the_hours_of_the_property_allow_it(world: Any) -> None:
    del world.document["properties"]["oakwood"]["tour_hours"]
    world.restart()
    night = world.book(start="2026-12-03T02:30:00-06:00")
    world.run()
    assert world.status(night) == ("parked", "invalid_time")
    assert world.event(night).detail.startswith(
        "02:30 at night at Oakwood Flats; expected between 07:00 and 21:00"
    )
    world.document["properties"]["oakwood"]["tour_hours"] = "00:00-24:00"
    world.restart()
    world.replay(night)
    world.run()
    assert world.status(night) == ("written", None)


def test_a_form_of_a_page_in_latin_1_keeps_its_names(world: Any) -> None:
    world.connect("page", "zapier")
    body = (
        b"event=tour.booked&booking_id=7&name=Jos%E9+Mu%F1oz&email=jose%40example.com"
        b"&tour_start=2026-12-03T10%3A30%3A00-06%3A00"
    )
    answer = world.client.post(
        "/hooks/page", data=body, content_type="application/x-www-form-urlencoded; charset=iso-8859-1"
    )
    world.run()
    assert world.status(answer.json["id"]) == ("written", None)
    assert world.event(answer.json["id"]).body == body
    [lead] = world.sandbox.leads
    assert (lead.first_name, lead.last_name) == ("José", "Muñoz")


@pytest.mark.parametrize("is_known", [False, True])
def test_a_confirmation_of_cal_com_takes_the_metadata_from_its_request(world: Any, is_known: bool) -> None:
    """Without them it would be a tour of the property of the source."""
    world.connect("calendar", "cal_com")
    asked = json.loads((SAMPLES / "BOOKING_REQUESTED.json").read_text(encoding="utf-8"))
    asked["payload"] |= {"startTime": "2026-12-03T16:30:00Z", "endTime": "2026-12-03T17:00:00Z"}
    asked["payload"]["metadata"] = {"property_id": "elm"}
    confirmed = {
        **asked,
        "triggerEvent": "BOOKING_CREATED",
        "payload": {
            **asked["payload"], "metadata": {}, "type": "tour", "requiresConfirmation": True, "status": "ACCEPTED",
        },
    }  # fmt: skip
    (request,) = world.deliver("calendar", asked)
    if is_known:
        world.run_due()
        assert world.status(request) == ("waiting", "requested")
    (event,) = world.deliver("calendar", confirmed)
    world.run(until=world.clock() + HOUR)
    assert world.status(event) == ("written", None)
    assert world.event(event).property == "elm"
    assert world.status(request) == ("ignored", "superseded")
    assert len(world.tours) == 1
