"""The permits in memory: which calls ask the shared limiter, and what several processes make of a minute."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from propexo.simulation import MemoryLimiter, Simulation
from sqlalchemy.exc import OperationalError

from bridge.propexo.allowance import Allowance
from bridge.propexo.errors import RateLimitedError

LIMIT = 150
AWAY = OperationalError("SELECT", {}, Exception("away"))


@pytest.fixture
def limiter(clock):
    return MemoryLimiter(LIMIT, clock())


@pytest.fixture
def allowance(limiter, clock):
    return Allowance(limiter, LIMIT, clock, slots=8)


def know(limiter, limit=LIMIT):
    """Propexo's headers were seen before."""
    limiter.state = replace(limiter.state, allowed=limit)


class TestBlocks:
    @pytest.mark.parametrize(
        ("slots", "limit", "block"),
        [(1, 150, 1), (8, 150, 8), (50, 150, 25), (8, 12, 2), (8, 3, 1), (8, 10_000_000, 500)],
    )
    def test_as_many_as_can_be_called_at_once_or_in_ten_seconds(self, clock, slots, limit, block):
        limiter = MemoryLimiter(limit, clock())
        know(limiter, limit)
        allowance = Allowance(limiter, limit, clock, slots)
        allowance.acquire()
        allowance.flush(at_once=True)  # now it knows the limit
        allowance.acquire()
        assert limiter.state.unanswered == 1 + block

    def test_a_large_limit_has_to_be_confirmed_by_propexo(self, clock):
        limiter = MemoryLimiter(10_000_000, clock())
        Allowance(limiter, 10_000_000, clock, slots=8).acquire()
        assert limiter.state.unanswered == 8

    def test_one_exchange_serves_a_block_and_reports_the_one_before(self, limiter, allowance, clock):
        know(limiter)
        for n in range(24):
            allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1 - n)
        assert limiter.exchanges == 3
        assert [note.remaining for note in limiter.notes] == [LIMIT - 1 - n for n in range(16)]
        assert (limiter.state.seen, limiter.state.unanswered) == (16, 8)

    def test_threads_share_it(self, limiter, allowance):
        def take(_):
            try:
                return allowance.acquire()
            except RateLimitedError:
                return None

        with ThreadPoolExecutor(8) as pool:
            permits = [permit for permit in pool.map(take, range(300)) if permit]
        assert (len(permits), limiter.state.counted) == (144, 144)

    def test_a_permit_is_not_used_long_after_its_grant(self, limiter, allowance, clock):
        allowance.acquire()
        clock.advance(seconds=10)
        allowance.acquire()
        assert limiter.exchanges == 2
        assert limiter.state.unanswered == 1 + 8  # the unused seven were returned


class TestFlush:
    def test_returns_what_nobody_uses_and_reports_answers(self, limiter, allowance, clock):
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1)
        clock.advance(seconds=1)
        allowance.flush()
        assert (limiter.state.seen, limiter.state.unanswered) == (1, 0)
        allowance.flush()
        assert limiter.exchanges == 2  # nothing was left to say

    def test_leaves_alone_what_is_in_use(self, limiter, allowance, clock):
        know(limiter)
        for _ in range(8):
            allowance.acquire()
            clock.advance(seconds=0.9)
            allowance.flush()
        assert limiter.exchanges == 1

    def test_at_once_at_the_end_of_a_process(self, limiter, allowance):
        allowance.acquire()
        allowance.flush(at_once=True)
        assert limiter.state.unanswered == 1

    def test_waits_while_the_database_is_away(self, limiter, allowance, clock):
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1)
        clock.advance(seconds=1)
        limiter.failure = AWAY
        allowance.flush()
        with pytest.raises(OperationalError):
            allowance.acquire()
        limiter.failure = None
        allowance.flush()
        assert (limiter.state.seen, limiter.state.unanswered) == (1, 0)


class TestWhatIsLearnt:
    def test_a_429_ends_the_permits_of_all_threads_and_is_reported_at_once(self, limiter, allowance, clock):
        permits = [allowance.acquire() for _ in range(3)]
        allowance.observe(permits[0], LIMIT, 0)
        allowance.block(clock() + timedelta(seconds=42))
        assert limiter.state.unanswered == 2
        second = Allowance(limiter, LIMIT, clock, slots=8)
        for first in (allowance, second):
            with pytest.raises(RateLimitedError) as refused:
                first.acquire()
            assert refused.value.until == clock() + timedelta(seconds=42)

    def test_a_429_counts_even_while_the_database_is_away(self, limiter, allowance, clock):
        allowance.acquire()
        limiter.failure = AWAY
        allowance.block(clock() + timedelta(seconds=42))
        limiter.failure = None
        with pytest.raises(RateLimitedError):
            allowance.acquire()

    def test_a_limit_that_falls_takes_permits_back(self, limiter, allowance):
        know(limiter)
        limiter.state = replace(limiter.state, seen=90)
        permit = allowance.acquire()
        allowance.observe(permit, 96, 5)
        for _ in range(2):
            allowance.acquire()
        with pytest.raises(RateLimitedError):
            allowance.acquire()

    def test_what_others_spend_takes_permits_back(self, limiter, allowance):
        know(limiter)
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 140)
        for _ in range(4):
            allowance.acquire()
        with pytest.raises(RateLimitedError):
            allowance.acquire()

    def test_a_new_minute_is_reported_with_the_next_call(self, limiter, allowance, clock):
        know(limiter)
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 60)
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1)
        assert limiter.exchanges == 1
        allowance.acquire()
        assert (limiter.exchanges, limiter.state.window, limiter.state.seen) == (2, 1, 1)

    def test_an_answer_is_understood_by_what_was_known_when_its_call_was_made(self, limiter, allowance):
        """All of one block: the grant alone would not show that a minute began."""
        know(limiter)
        for n in range(4):
            allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1 - n)
        allowance.observe(allowance.acquire(), LIMIT, LIMIT - 1)
        allowance.acquire()
        assert (limiter.state.window, limiter.state.seen) == (1, 1)

    def test_a_call_that_did_not_go_out_is_returned(self, limiter, allowance):
        for _ in range(500):
            allowance.release(allowance.acquire())
        allowance.flush(at_once=True)
        assert limiter.state.counted == 0


FULL = 0.95


FAST, SLOW = (0.02, 0.1), (0.1, 3)


@pytest.mark.parametrize("ahead", [-45, 0, 20])
@pytest.mark.parametrize(
    ("workers", "slots", "latency"),
    [(1, 1, FAST), (2, 1, FAST), (1, 8, FAST), (2, 8, FAST), (4, 8, FAST), (1, 8, SLOW), (2, 8, SLOW)],
)
def test_a_backlog_uses_each_minute_and_meets_no_429(workers, slots, ahead, latency):
    all_of_it = Simulation(workers=workers, slots=slots, ahead=ahead, latency=latency)
    all_of_it.run(minutes=6)
    assert all_of_it.refused == 0
    assert min(all_of_it.whole_minutes[1:]) >= FULL * LIMIT, all_of_it.whole_minutes
    calls = sum(worker.calls for worker in all_of_it.workers)
    if (slots, latency) == (8, FAST):
        assert all_of_it.limiter.exchanges < 0.3 * calls


def test_unused_permits_of_an_idle_worker_are_used_by_another():
    all_of_it = Simulation(workers=2, slots=8)
    _, idle = all_of_it.workers
    idle.has_work = lambda: idle.calls < 1 + (all_of_it.now.minute * 2)
    all_of_it.run(minutes=6)
    assert min(all_of_it.whole_minutes[1:]) >= FULL * LIMIT, all_of_it.whole_minutes
    assert all_of_it.refused == 0


def test_a_worker_that_dies_costs_its_block_for_a_minute():
    all_of_it = Simulation(workers=2, slots=8)
    all_of_it.run(minutes=2.01)
    all_of_it.workers[0].is_dead = True
    all_of_it.run(minutes=4)
    assert all_of_it.refused == 0
    assert min(all_of_it.whole_minutes) >= FULL * LIMIT - 16
    assert all_of_it.whole_minutes[-1] >= FULL * LIMIT


def test_without_a_backlog_no_call_is_slow():
    all_of_it = Simulation(workers=2, slots=8)
    all_of_it.limiter.has_backlog = False
    all_of_it.run(minutes=5)
    assert set(all_of_it.whole_minutes) == {119}


def test_a_very_large_limit_costs_next_to_no_exchange():
    all_of_it = Simulation(workers=2, slots=8, limit=10_000_000, latency=(0.02, 0.1))
    all_of_it.run(minutes=0.5)
    calls = sum(worker.calls for worker in all_of_it.workers)
    assert all_of_it.limiter.exchanges < 0.01 * calls
