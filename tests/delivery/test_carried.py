"""Changes that an update does not take: cancelled and made anew, or entered by an operator."""

from datetime import timedelta

import pytest
from delivery.cases import MAYA, NOW, event, in_pms, request, settings_of, snapshot, stored

from bridge.delivery.decide import decide
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Ignore, Park, Write

UNIT = "c" + "u" * 24
OTHER_UNIT = "c" + "v" * 24


def decided(vendor, written, **asked):
    row = in_pms(person=MAYA)
    known = {**row.confirmed_tour, "unit_name": None, "agent_name": None, "source_name": None, "visitor": None,
             "contact": None, **written}  # fmt: skip
    row = in_pms(confirmed_tour=known)
    later = event(2, minutes=1)
    return decide(snapshot(request(**asked), of=later, **stored(row)), settings_of(vendor), NOW)


@pytest.mark.parametrize("vendor", ["YARDI", "APPFOLIO"])
def test_another_unit_is_a_new_appointment_where_both_calls_exist(vendor):
    step = decided(vendor, {"unit_id": UNIT}, unit=OTHER_UNIT).step
    assert isinstance(step, Write)
    assert step.kind == "cancel"


@pytest.mark.parametrize("vendor", ["ENTRATA", "RESMAN"])
def test_another_unit_is_an_update_where_that_takes_it(vendor):
    step = decided(vendor, {"unit_id": UNIT}, unit=OTHER_UNIT).step
    assert isinstance(step, Write)
    assert (step.kind, step.request["unit_id"]) == ("update", OTHER_UNIT)


def test_other_notes_at_yardi_are_for_an_operator_and_a_replay_ends_well():
    decision = decided("YARDI", {"notes": "2 BR"}, notes="3 BR")
    assert isinstance(decision.step, Park)
    assert decision.step.reason is Reason.FINISH_BY_HAND
    assert decision.step.detail == (
        "Booked at Oakwood on Thu, Dec 3, 2026, 10:30 AM CST. "
        "Yardi takes no other notes through Propexo. Change it in Yardi by hand."
    )
    after = decision.snapshot.booking
    again = decide(
        snapshot(request(notes="3 BR"), of=event(3, minutes=2), **stored(after)), settings_of("YARDI"), NOW
    )
    assert isinstance(again.step, Ignore)
    assert again.step.reason is Reason.ALREADY_WRITTEN


def test_a_move_with_other_notes_at_yardi_rest_is_moved_first():
    start = request().starts_at + timedelta(days=1)
    step = decided("YARDI_REST", {"notes": "2 BR"}, notes="3 BR", starts_at=start).step
    assert isinstance(step, Write)
    assert step.kind == "update"
    assert step.on_confirm["written"]["left"].startswith("Yardi REST takes no other notes")
