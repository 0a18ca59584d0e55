"""Events that wait look before their time when what they wait for has come."""

from datetime import timedelta

import pytest
from delivery.lanes import HOUR, NOW, Lanes

from bridge.models import Booking
from bridge.queue import Claim, Release, Wakes


@pytest.fixture
def lanes(database):
    return Lanes(database)


def waiting(lanes, lane: str, **values) -> int:
    """An event that waits for an hour."""
    [event] = lanes.arrive(lane)
    lanes.wait(lanes.claim_one(), event, **values)
    return event


def a_booking(lanes) -> int:
    with lanes.database.session() as session:
        row = Booking(
            source="widget", code="TB-1", created_at=NOW, details={}, state="booked", written_state="none"
        )
        session.add(row)
        session.flush()
        return row.id


class TestWake:
    def test_by_code(self, lanes):
        first, second = waiting(lanes, "a", awaits="TB-1"), waiting(lanes, "b", awaits="TB-2")
        assert lanes.wake("TB-1", "TB-9") == 1
        assert (lanes.due_at(first), lanes.lane("a").ready, lanes.lane("a").due_at) == (NOW, True, NOW)
        assert (lanes.due_at(second), lanes.lane("b").ready) == (NOW + HOUR, False)

    def test_by_integration(self, lanes):
        one = waiting(lanes, "a", integration_id="here", reason="lead_id")
        waiting(lanes, "b", integration_id="there", reason="lead_id")
        waiting(lanes, "c", integration_id="here", reason="outcome_unknown")
        assert lanes.wake(integration_id="here", reasons=["lead_id"]) == 1
        assert lanes.due_at(one) == NOW
        assert [lanes.lane(name).ready for name in "abc"] == [True, False, False]

    def test_by_booking(self, lanes):
        booking = a_booking(lanes)
        one = waiting(lanes, "a", booking_id=booking, reason="requested")
        waiting(lanes, "b", reason="requested")
        waiting(lanes, "c", booking_id=booking, reason="confirmation")
        assert lanes.wake(bookings=[booking], reasons=["requested", "unknown_contact"]) == 1
        assert lanes.due_at(one) == NOW
        assert [lanes.lane(name).ready for name in "abc"] == [True, False, False]

    def test_after_a_delay(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        assert lanes.wake("TB-1", delay=timedelta(seconds=30)) == 1
        assert lanes.due_at(event) == lanes.lane().due_at == NOW + timedelta(seconds=30)
        assert not lanes.lane().ready
        assert lanes.wake("TB-1", delay=timedelta(minutes=2)) == 1  # no later than before
        assert lanes.due_at(event) == lanes.lane().due_at == NOW + timedelta(seconds=30)

    def test_soon_comes_before_what_needs_a_call(self, lanes):
        waiting(lanes, "a", awaits="TB-1", rank=7)
        lanes.wake("TB-1")
        assert lanes.lane().rank == 7
        lanes.wake("TB-1", soon=True)
        assert lanes.lane().rank == 0

    def test_who_has_ended_is_not_woken(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        lanes.run("UPDATE events SET ended_at = now(), next_attempt_at = NULL")
        assert lanes.wake("TB-1") == 0
        assert lanes.due_at(event) is None
        assert not lanes.lane().ready

    def test_its_transaction_ends_in_the_same_pipeline(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        assert lanes.wake_and_commit("TB-1") == 1
        assert lanes.due_at(event) == NOW


class TestWhileItRuns:
    def again(self, lanes, **values) -> tuple[int, Claim]:
        """An event that has waited, and runs by now."""
        event = waiting(lanes, "a", **values)
        lanes.pass_time(hours=1)
        lanes.promote()
        [claim] = lanes.claim(unread=False)
        return event, claim

    def test_who_waits_again_is_due_at_once(self, lanes):
        event, claim = self.again(lanes, awaits="TB-1")
        assert lanes.wake("TB-1") == 1
        lane = lanes.lane()
        assert (lane.news, lane.woken, lane.ready, lane.lease) == (True, True, False, claim.lease)
        lanes.wait(claim, event, awaits="TB-1")
        assert lanes.due_at(event) == lanes.now
        lane = lanes.lane()
        assert (lane.ready, lane.woken, lane.rank) == (True, False, 0)

    def test_even_if_it_did_not_wait_for_this_before(self, lanes):
        """A write on record says whom its news concerns, before it is known that it is waited for."""
        [event] = lanes.arrive("a")
        claim = lanes.claim_one()
        lanes.commit(kept=[claim], changes={event: {"awaits": "TB-1"}})
        assert lanes.wake("TB-1", reasons=["confirmation"]) == 0
        lanes.wait(claim, event, awaits="TB-1", reason="confirmation")
        assert (lanes.due_at(event), lanes.lane().ready) == (lanes.now, True)

    def test_an_outcome_that_nothing_can_hasten_keeps_its_time(self, lanes):
        event, claim = self.again(lanes, awaits="TB-1")
        lanes.wake("TB-1")
        until = lanes.now + HOUR
        unknown = {"reason": "outcome_unknown", "next_attempt_at": until}
        lanes.commit(Release("a", claim.lease, until, 7), changes={event: unknown})
        assert lanes.due_at(event) == until

    def test_a_wake_before_the_claim_is_over_with_it(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        lanes.wake("TB-1")
        [claim] = lanes.claim(unread=False)
        lanes.wait(claim, event, awaits="TB-1")
        assert (lanes.due_at(event), lanes.lane().ready) == (NOW + HOUR, False)


class TestResult:
    def ends(self, lanes, *codes: str, booking: int | None = None, lane: str = "z") -> None:
        """An event ends, which wakes others."""
        [event] = lanes.arrive(lane)
        [claim] = [one for one in lanes.claim() if one.lane == lane]
        lanes.commit(
            Release(lane, claim.lease, None),
            wakes=[Wakes(event, frozenset(codes), booking)],
            changes={event: {"status": "written", "ended_at": lanes.now}},
        )

    def test_it_wakes_who_waits_for_its_codes(self, lanes):
        first, second = waiting(lanes, "a", awaits="TB-1"), waiting(lanes, "b", awaits="TB-2")
        self.ends(lanes, "TB-1")
        assert (lanes.due_at(first), lanes.due_at(second)) == (NOW, NOW + HOUR)
        assert (lanes.lane("a").ready, lanes.lane("a").rank, lanes.lane("b").ready) == (True, 0, False)

    def test_of_its_booking_it_wakes_who_waits_for_a_person(self, lanes):
        booking = a_booking(lanes)
        first = waiting(lanes, "a", booking_id=booking, reason="unknown_contact", awaits="person:1")
        second = waiting(lanes, "b", booking_id=booking, reason="confirmation", awaits="TB-1")
        self.ends(lanes, booking=booking)
        assert (lanes.due_at(first), lanes.due_at(second)) == (NOW, NOW + HOUR)

    def test_it_does_not_wake_itself(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        lanes.pass_time(hours=1)
        lanes.promote()
        [claim] = lanes.claim(unread=False)
        waits = {"awaits": "TB-1", "next_attempt_at": lanes.now + HOUR}
        lanes.commit(
            Release("a", claim.lease, lanes.now + HOUR, 7),
            wakes=[Wakes(event, frozenset({"TB-1"}))],
            changes={event: waits},
        )
        assert (lanes.due_at(event), lanes.lane().ready) == (lanes.now + HOUR, False)

    def test_it_wakes_another_event_of_its_own_lane(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        [ending] = lanes.arrive("a")
        claim = lanes.claim_one()
        lanes.commit(
            Release("a", claim.lease, NOW + HOUR, 7),
            wakes=[Wakes(ending, frozenset({"TB-1"}))],
            changes={ending: {"status": "written", "ended_at": NOW}},
        )
        assert (lanes.due_at(event), lanes.lane().ready) == (NOW, True)

    def test_who_runs_meanwhile_is_marked(self, lanes):
        event = waiting(lanes, "a", awaits="TB-1")
        lanes.pass_time(hours=1)
        lanes.promote()
        [claim] = lanes.claim(unread=False)
        self.ends(lanes, "TB-1")
        assert (lanes.lane("a").woken, lanes.lane("a").lease) == (True, claim.lease)
        lanes.wait(claim, event, awaits="TB-1")
        assert lanes.due_at(event) == lanes.now

    def test_it_does_not_wait_for_an_event_that_is_being_recorded(self, lanes):
        """Else each of two workers could wait for the other."""
        event = waiting(lanes, "a", awaits="TB-1")
        lanes.pass_time(hours=1)
        lanes.promote()
        [claim] = lanes.claim(unread=False)
        with lanes.recording(event, next_attempt_at=lanes.now + HOUR) as record:
            self.ends(lanes, "TB-1")
            record(Release("a", claim.lease, lanes.now + HOUR, 7, (event,)))
        assert (lanes.due_at(event), lanes.lane("a").ready) == (lanes.now, True)
