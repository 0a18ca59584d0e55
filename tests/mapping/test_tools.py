"""The tools of AI agents, by their names."""

import pytest

from bridge.mapping import Action
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.tools import tool_rules

RULES = tool_rules("name")


@pytest.mark.parametrize(
    ("name", "action", "requested"),
    [
        ("book_tour", Action.BOOK, False),
        ("bookTour", Action.BOOK, False),
        ("schedule_appointment", Action.BOOK, False),
        ("create_property_tour", Action.BOOK, False),
        ("tour_booked", Action.BOOK, False),
        ("schedule", Action.BOOK, False),
        ("request_tour", Action.BOOK, True),
        ("reschedule_tour", Action.RESCHEDULE, False),
        ("re-schedule appointment", Action.RESCHEDULE, False),
        ("update_booking", Action.RESCHEDULE, False),
        ("cancel_tour", Action.CANCEL, False),
        ("tour.cancelled", Action.CANCEL, False),
        ("cancel_my_tour_booking", Action.CANCEL, False),
        ("check_tour_availability", Action.IGNORE, False),
        ("get_booking", Action.IGNORE, False),
    ],
)
def test_a_tool_says_by_its_name_what_it_does(name: str, action: Action, requested: bool) -> None:
    rule = next(rule for rule in RULES if rule.applies(None, DecodedRequest({"name": name}, {})))
    assert (rule.then.action, rule.then.requested) == (action, requested)


@pytest.mark.parametrize(
    "name", ["create_contact", "cancellation_policy", "unschedule_tour", "transfer_call", "", None]
)
def test_another_tool_is_left_to_the_other_rules(name: str | None) -> None:
    assert not any(rule.applies(None, DecodedRequest({"name": name}, {})) for rule in RULES)
