"""The queue on PostgreSQL: lanes are claimed, leased and released, and no open event is forgotten."""

import threading
from datetime import timedelta

import psycopg
import pytest
from delivery.lanes import HOUR, NOW, Lanes
from sqlalchemy import select, text

from bridge import queue
from bridge.models import Event
from bridge.queue import Claim, Release


@pytest.fixture
def lanes(database):
    return Lanes(database)


def names(claims):
    return [claim.lane for claim in claims]


class TestClaim:
    def test_what_is_new_comes_first_then_the_lowest_rank(self, lanes):
        lanes.arrive("far", "near", "new")
        for one, rank in zip(sorted(lanes.claim(), key=lambda one: one.lane), (900, 100, 0), strict=True):
            lanes.commit(Release(one.lane, one.lease, NOW, rank))
        assert names(lanes.claim(unread=True)) == ["new"]
        assert names(lanes.claim(unread=False, most=1)) == ["near"]
        assert names(lanes.claim(unread=False)) == ["far"]
        assert lanes.claim(unread=False) == []

    def test_each_claim_has_a_lease_of_its_own_number(self, lanes):
        lanes.arrive("a", "b")
        [first], [second] = lanes.claim(most=1), lanes.claim(most=1)
        assert first.lane != second.lane
        assert first.lease < second.lease
        assert (first.claims, first.rank, first.now) == (1, 0, NOW)

    def test_who_claims_at_the_same_moment_gets_other_lanes(self, lanes):
        lanes.arrive("a", "b")
        with lanes.database.engine.connect() as slow:
            first = queue.claim(slow, unread=1, read=0)
            assert set(names(first) + names(lanes.claim())) == {"a", "b"}

    def test_it_costs_the_same_whatever_the_lane_holds(self, lanes):
        lanes.arrive("a", *["b"] * 2000, "c")
        lanes.run("ANALYZE")
        with lanes.database.autocommit.connect() as connection:
            _, (tables, many), (_, one) = [pages_of_claim(connection) for _ in "abc"]
        assert tables == {"lanes"}
        assert abs(many - one) < 10


def pages_of_claim(connection):
    """The tables that the claim of one lane reads, and how many pages."""
    explain = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {queue._CLAIM_LANES.text}")
    [explained] = connection.scalar(explain, {"unread": 1, "read": 0, "lease": queue.LEASE})
    nodes, tables = [explained["Plan"]], set()
    for node in nodes:
        nodes += node.get("Plans", [])
        tables |= {node["Relation Name"]} if "Relation Name" in node else set()
    return tables, explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]


class TestLease:
    def test_a_lane_is_claimed_again_when_its_lease_has_ended(self, lanes):
        lanes.arrive("a")
        lost = lanes.claim_one()
        lanes.pass_time(seconds=119)
        assert (lanes.promote(), lanes.claim()) == (0, [])
        lanes.pass_time(seconds=1)
        assert lanes.promote() == 1
        again = lanes.claim_one()
        assert (again.lease > lost.lease, again.claims) == (True, 2)

    def test_a_renewed_lease_lasts_from_then_on(self, lanes):
        lanes.arrive("a", "b")
        claims = lanes.claim()
        lanes.pass_time(seconds=90)
        assert lanes.renew(*claims) == 2
        lanes.pass_time(seconds=119)
        assert lanes.promote() == 0
        assert lanes.lane().due_at == lanes.now + timedelta(seconds=1)

    def test_a_lost_lease_is_not_renewed(self, lanes):
        lanes.arrive("a")
        lost = lanes.claim_one()
        lanes.pass_time(seconds=120)
        lanes.promote()
        [own] = lanes.claim()
        lanes.pass_time(seconds=30)
        assert (lanes.renew(lost), lanes.renew(lost, own)) == (0, 1)

    def test_a_result_under_a_lost_lease_changes_nothing(self, lanes):
        [event], [other] = lanes.arrive("a"), lanes.arrive("b")
        lost, own = lanes.claim()
        lanes.pass_time(seconds=120)
        lanes.renew(own)
        lanes.promote()
        [again] = lanes.claim()
        ended = {"status": "written", "ended_at": NOW}
        with pytest.raises(psycopg.errors.DivisionByZero):
            lanes.commit(
                Release("a", lost.lease, None),
                Release("b", own.lease, None),
                changes={event: ended, other: ended},
            )
        with lanes.database.session() as session:
            assert session.scalars(select(Event.status)).all() == ["received", "received"]
        assert [lanes.lane(name).lease for name in "ab"] == [again.lease, own.lease]

    def test_a_lease_that_has_ended_counts_until_somebody_takes_the_lane(self, lanes):
        lanes.arrive("a")
        claim = lanes.claim_one()
        lanes.pass_time(seconds=500)
        lanes.commit(Release("a", claim.lease, None))
        assert lanes.lane() is None

    def test_a_kept_lane_stays_leased(self, lanes):
        [event] = lanes.arrive("a")
        claim = lanes.claim_one()
        lanes.commit(kept=[claim], changes={event: {"awaits": "TB-1"}})
        assert (lanes.lane().lease, lanes.lane().claims) == (claim.lease, 1)
        with pytest.raises(psycopg.errors.DivisionByZero):
            lanes.commit(kept=[Claim("a", claim.lease + 1, 1, 0, NOW)])

    def test_what_is_given_back_is_ready_at_once(self, lanes):
        lanes.arrive("a", "b")
        a, b = lanes.claim()
        lanes.pass_time(seconds=120)
        lanes.renew(b)
        lanes.promote()
        [again] = lanes.claim()
        lanes.give_back(a, b)  # the lease of a has ended
        assert (lanes.lane("a").lease, lanes.lane("a").ready) == (again.lease, False)
        assert (lanes.lane("b").lease, lanes.lane("b").ready) == (None, True)
        assert not lanes.has_suspects()
        assert names(lanes.claim()) == ["b"]

    def test_a_claim_that_is_given_back_counts_only_where_that_is_asked_for(self, lanes):
        lanes.arrive("a")
        for _ in range(queue.SUSPECT + 1):
            lanes.give_back(lanes.claim_one())
        assert (lanes.lane().claims, lanes.has_suspects()) == (0, False)
        for _ in range(queue.SUSPECT):
            lanes.give_back(lanes.claim_one(), counts=True)
        assert (lanes.claim(), lanes.has_suspects()) == ([], True)

    def test_lanes_whose_claims_end_without_a_result_are_claimed_apart(self, lanes):
        """Together once, since most have only been beside the one that ends its worker; then each alone."""
        lanes.arrive("a", "b", "c")
        for _ in range(queue.SUSPECT):
            lanes.claim()
            lanes.pass_time(seconds=120)
            lanes.promote()
        lanes.arrive("d")
        assert names(lanes.claim()) == ["d"]
        assert (lanes.claim(unread=False), lanes.has_suspects()) == ([], True)
        assert sorted(names(lanes.claim_suspects())) == ["a", "b", "c"]
        lanes.pass_time(seconds=120)
        lanes.promote()
        assert names(lanes.claim()) == ["d"]
        [one] = lanes.claim_suspects()
        assert (one.lane, one.claims) == ("a", 4)
        lanes.commit(Release("a", one.lease, lanes.now, 5))
        assert names(lanes.claim(unread=False)) == ["a"]


class TestRelease:
    def test_it_waits_until_its_moment_with_its_rank(self, lanes):
        [event] = lanes.arrive("a")
        lanes.wait(lanes.claim_one(), event, rank=42)
        lane = lanes.lane()
        assert (lane.ready, lane.due_at, lane.rank, lane.lease, lane.claims) == (
            False,
            NOW + HOUR,
            42,
            None,
            0,
        )
        lanes.pass_time(hours=1)
        assert (lanes.claim(unread=False), lanes.promote()) == ([], 1)
        assert names(lanes.claim(unread=False)) == ["a"]

    def test_it_is_ready_when_its_moment_has_come(self, lanes):
        lanes.arrive("a")
        lanes.commit(Release("a", lanes.claim_one().lease, NOW, 42))
        assert (lanes.lane().ready, lanes.lane().rank) == (True, 42)

    def test_it_is_gone_with_its_last_open_event(self, lanes):
        lanes.arrive("a")
        lanes.commit(Release("a", lanes.claim_one().lease, None))
        assert lanes.lane() is None

    @pytest.mark.parametrize("due_at", [None, NOW + HOUR])
    def test_what_came_meanwhile_is_looked_at(self, lanes, due_at):
        lanes.arrive("a")
        claim = lanes.claim_one()
        lanes.arrive("a")
        leased = lanes.lane()
        assert (leased.news, leased.ready, leased.lease) == (True, False, claim.lease)
        lanes.commit(Release("a", claim.lease, due_at, 42))
        lane = lanes.lane()
        assert (lane.ready, lane.rank, lane.news, lane.lease) == (True, 0, False, None)

    def test_an_event_whose_commit_comes_late_is_looked_at(self, lanes):
        """The release waits for it, and then knows of it."""
        [event] = lanes.arrive("a")
        claim = lanes.claim_one()
        ended = {event: {"status": "written", "ended_at": NOW}}
        releasing = threading.Thread(
            target=lanes.commit, args=[Release("a", claim.lease, None)], kwargs={"changes": ended}
        )
        with lanes.arriving("a"):
            releasing.start()
            wait_for_a_lock(lanes.database)
        releasing.join()
        assert names(lanes.claim()) == ["a"]


def wait_for_a_lock(database):
    """Until somebody waits for another's lock."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with database.autocommit.connect() as connection:
        while not connection.scalar(waiting):
            pass


class TestRepair:
    def test_open_events_without_a_lane_get_one(self, lanes):
        lanes.arrive("a", "b", "c")
        lanes.run("DELETE FROM lanes WHERE lane <> 'b'")
        lanes.run("UPDATE events SET ended_at = now() WHERE lock = 'c'")
        with lanes.database.session() as session:
            assert queue.repair(session) == ["a"]
        with lanes.database.session() as session:
            assert queue.repair(session) == []
        assert names(lanes.claim()) == ["a", "b"]

    def test_a_replayed_event_gets_its_lane_again(self, lanes):
        [event] = lanes.arrive("a")
        ended = {event: {"status": "parked", "ended_at": NOW}}
        lanes.commit(Release("a", lanes.claim_one().lease, None), changes=ended)
        with lanes.database.session() as session:
            session.get_one(Event, event).ended_at = None
            queue.enqueue(session, [event])
        assert names(lanes.claim()) == ["a"]
