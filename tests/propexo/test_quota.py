"""The shared limit follows Propexo's own count: the clock of its minute, its limit and its refusals."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from propexo.simulation import MemoryLimiter
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bridge.propexo.allowance import Allowance
from bridge.propexo.errors import RateLimitedError
from bridge.propexo.quota import SharedQuota, calls_for, spent

LIMIT = 150


class FarEnd:
    """Counts as Propexo does, by a clock of its own."""

    def __init__(self, clock, limit=LIMIT, ahead=0):
        self.clock, self.limit, self.ahead = clock, limit, timedelta(seconds=ahead)
        self.used = Counter()
        self.refused = 0

    def call(self, quota):
        """One call through the budget; answers whether it was allowed."""
        try:
            quota.take()
        except RateLimitedError as wait:
            self.until = wait.until
            return False
        minute = (self.clock() + self.ahead).replace(second=0, microsecond=0)
        self.used[minute] += 1
        spent = self.used[minute]
        quota.observe(self.limit, max(0, self.limit - spent))
        if spent > self.limit:
            self.refused += 1
            quota.block_until(self.clock() + timedelta(seconds=30))
        return True

    def spend(self, quota, most=10_000):
        """Calls until the budget says no; answers how many were made."""
        for made in range(most):
            if not self.call(quota):
                return made
        return most


@pytest.fixture
def quota(database, clock):
    return SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True)


@pytest.fixture(params=[1, 8])
def in_blocks(database, clock, request):
    return SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True, slots=request.param)


def test_a_backlog_spends_the_minute_but_for_what_is_kept_back(in_blocks, clock):
    far, quota = FarEnd(clock), in_blocks
    assert far.spend(quota) == 144
    assert far.until == clock() + timedelta(minutes=1)
    clock.advance(minutes=1)
    assert far.spend(quota) == 144
    assert far.refused == 0


def test_without_a_backlog_no_call_is_slow(database, clock):
    far, quota = FarEnd(clock), SharedQuota(database, "secret", LIMIT, clock)
    assert far.spend(quota) == 119  # Propexo delays the answers from the 120th on
    with calls_for(lambda: clock() + timedelta(days=3)):
        assert far.spend(quota) == 0
    with calls_for(lambda: clock() + timedelta(hours=3)):
        assert far.spend(quota) == 25


class InMemory:
    """A quota as the shared one, whose state is not stored."""

    def __init__(self, clock):
        self._allowance = Allowance(MemoryLimiter(LIMIT, clock()), LIMIT, clock, slots=8)

    def take(self):
        self._permit = self._allowance.acquire()

    def observe(self, limit, remaining):
        self._allowance.observe(self._permit, limit, remaining)

    def block_until(self, until):
        self._allowance.block(until)


@pytest.mark.parametrize("ahead", [-45, -10, 20])
@pytest.mark.parametrize(("begins", "pace"), [(0, 0), (50, 0), (20, 0.7)])
def test_a_clock_that_differs_provokes_no_429_and_costs_one_minute_at_most(clock, ahead, begins, pace):
    """`pace`: the seconds that a call takes."""
    follows_another_clock(InMemory(clock), clock, ahead, begins, pace)


def test_a_clock_that_differs_is_followed_in_what_is_stored_too(database, clock):
    quota = SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True, slots=8)
    follows_another_clock(quota, clock, ahead=-45, begins=20, pace=0.7)


def follows_another_clock(quota, clock, ahead, begins, pace):
    limit = 50
    far = FarEnd(clock, limit, ahead)
    assert far.call(quota)  # its answer tells the limit
    clock.advance(seconds=begins)
    began = clock()
    while clock() < began + timedelta(minutes=5):
        if far.call(quota):
            clock.advance(seconds=pace)
        else:
            clock.now = far.until
    assert far.refused == 0
    whole = [far.used[minute] for minute in sorted(far.used)[1:-1]]
    wasted = 4 * limit - sum(whole)
    assert wasted <= limit + 4 * (limit * 0.05), whole
    assert all(used >= 0.95 * limit for used in whole[2:]), whole


def test_a_limit_that_falls_and_rises_is_followed_at_once(in_blocks, clock):
    far, quota = FarEnd(clock), in_blocks
    assert far.spend(quota, 40) == 40
    far.limit = 100
    assert far.spend(quota) == 56
    clock.advance(minutes=1)
    far.limit = 300
    assert far.spend(quota) == 288
    assert far.refused == 0


def test_what_others_spend_counts(in_blocks, clock):
    far, quota = FarEnd(clock), in_blocks
    far.used[clock()] = 100
    assert far.spend(quota) == 44
    assert far.refused == 0


def test_two_workers_share_one_budget(database, quota, clock):
    far = FarEnd(clock)
    other = SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True)
    assert far.spend(quota, 100) == 100
    assert far.spend(other) == 43  # the last answer is not reported yet
    assert far.until == clock() + timedelta(seconds=1)
    quota.flush(at_once=True)
    assert far.spend(other) == 1
    third = SharedQuota(database, "another token", LIMIT, clock, backlog=lambda _: True)
    assert FarEnd(clock).spend(third) == 144


def test_calls_at_the_same_moment_are_counted_one_by_one(in_blocks, clock):
    def take(_):
        try:
            in_blocks.take()
        except RateLimitedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(200))) == 144


def test_a_refusal_blocks_until_the_moment_that_propexo_named(in_blocks, clock):
    far, quota = FarEnd(clock), in_blocks
    assert far.call(quota)
    quota.block_until(clock() + timedelta(seconds=42))
    assert not far.call(quota)
    assert far.until == clock() + timedelta(seconds=42)
    clock.advance(seconds=42)
    assert far.call(quota)


def test_a_call_that_never_left_costs_nothing_and_one_without_an_answer_a_minute(quota, clock):
    far = FarEnd(clock)
    far.call(quota)
    for _ in range(LIMIT + 10):
        quota.take()
        quota.release()
    for _ in range(3):
        quota.take()  # no answer comes
    assert far.spend(quota) == 140
    clock.advance(minutes=1)
    assert far.spend(quota) == 144
    assert far.refused == 0


def test_without_headers_our_own_count_and_clock_are_all_there_is(quota, clock):
    def spend():
        for made in range(1000):
            try:
                quota.take()
            except RateLimitedError as wait:
                return made, wait.until
            quota.observe(None, None)
        return None

    assert spend() == (144, clock() + timedelta(minutes=1))
    clock.advance(minutes=1)
    assert spend() == (144, clock() + timedelta(minutes=1))


def test_a_tour_that_starts_soon_leaves_the_others_nothing_of_the_slow_zone(database, clock):
    quota = SharedQuota(database, "secret", LIMIT, clock, slots=8)
    far = FarEnd(clock)
    assert far.spend(quota) == 119
    with calls_for(lambda: clock() + timedelta(hours=3)):
        assert far.call(quota)
    assert not far.call(quota)


def test_a_call_costs_a_transaction_only_once_in_a_block(database, clock):
    commits = []
    event.listen(database.engine, "commit", commits.append)
    quota = SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True, slots=8)
    far = FarEnd(clock)
    assert far.spend(quota) == 144
    # Two more for the limit that the first answer names, and for the block that ends where the slow zone begins; and
    # one is refused.
    assert len(commits) <= 144 / 8 + 4


def test_workers_with_threads_spend_the_minute_and_no_more(database, clock):
    """Four workers of eight threads each, on one row."""
    far, lock = FarEnd(clock), threading.Lock()
    workers = [
        SharedQuota(database, "secret", LIMIT, clock, backlog=lambda _: True, slots=8) for _ in range(4)
    ]

    def call(n):
        quota = workers[n % 4]
        try:
            quota.take()
        except RateLimitedError:
            return 0
        with lock:
            far.used[clock()] += 1
            count = far.used[clock()]
        quota.observe(LIMIT, max(0, LIMIT - count))
        return 1

    with ThreadPoolExecutor(16) as pool:
        made = sum(pool.map(call, range(400)))
        while more := sum(pool.map(call, range(16))):
            made += more
    assert 140 <= made <= 144
    for quota in workers:
        quota.flush(at_once=True)
    with database.session() as session:
        assert spent(session, "secret", LIMIT, clock()) == (made, LIMIT)
    while far.call(workers[0]):
        made += 1
    assert made == 144


def test_what_is_spent_forgets_the_minute_before(database, quota, clock):
    def now_spent():
        with database.session() as session:
            return spent(session, "secret", LIMIT, clock())

    assert now_spent() == (0, LIMIT)
    FarEnd(clock).spend(quota, 30)
    assert now_spent() == (30, LIMIT)
    clock.advance(minutes=1)
    assert now_spent() == (0, LIMIT)
    quota.block_until(clock() + timedelta(seconds=30))
    assert now_spent() == (LIMIT, LIMIT)


def test_a_call_that_waited_too_long_for_its_permit_does_not_go_out(quota, clock):
    with calls_for(lambda: None, lambda: False), pytest.raises(RateLimitedError) as refused:
        quota.take()
    assert refused.value.until == clock()
    assert FarEnd(clock).spend(quota) == 144


def test_while_the_database_is_away_nobody_calls(database, quota, clock):
    def break_off(*_):
        raise OperationalError("", {}, Exception("away"))

    event.listen(database.engine, "before_cursor_execute", break_off)
    with pytest.raises(RateLimitedError) as refused:
        quota.take()
    assert refused.value.until == clock() + timedelta(seconds=1)
    event.remove(database.engine, "before_cursor_execute", break_off)
    quota.take()
