"""The rules of the rate limiter, without a database and without time that passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.propexo.rate_limit import (
    HELD,
    Answer,
    Blocked,
    Permit,
    RateLimit,
    Unused,
    apply,
    blocked,
    grant,
    observe,
    release,
    renewed,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIMIT = 150
MINUTE = timedelta(minutes=1)


def state(seen: int = 0, **fields: object) -> RateLimit:
    return replace(RateLimit.new(LIMIT, NOW), seen=seen, allowed=LIMIT, **fields)  # type: ignore[arg-type]


def taken(before: RateLimit, want: int, at: datetime = NOW) -> tuple[RateLimit, tuple[Permit, ...]]:
    """A grant in a backlog."""
    granted = grant(before, want, at, urgent=True)
    assert granted.refused is None
    return granted.state, granted.permits


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


class TestGrant:
    def test_a_block_is_counted_at_once(self):
        after, permits = taken(state(seen=10), 8)
        assert (len(permits), after.counted) == (8, 18)

    def test_the_first_permit_is_used_now_and_the_others_for_a_while(self):
        after, permits = taken(state(), 3)
        assert [permit.use_by for permit in permits] == [NOW.timestamp(), *[(NOW + HELD).timestamp()] * 2]
        assert renewed(replace(after, called_at=seconds(61)), seconds(61)).unanswered == 2
        assert renewed(replace(after, called_at=seconds(71)), seconds(71)).unanswered == 0

    def test_a_grant_ends_where_the_slow_zone_begins_and_goes_on_in_it(self):
        after, permits = taken(state(seen=100), 50)
        assert len(permits) == 19  # Propexo delays the answers from the 120th on
        after, permits = taken(after, 50)
        assert len(permits) == 25

    def test_the_slow_zone_is_for_what_is_urgent(self):
        refused = grant(state(seen=119), 8, NOW, urgent=False).refused
        assert refused is not None
        assert refused.until == NOW + MINUTE

    def test_near_the_end_a_part_of_what_is_wanted_is_granted(self):
        after, permits = taken(state(seen=140), 8)
        assert len(permits) == 4
        refused = grant(after, 8, NOW, urgent=True).refused
        assert refused is not None
        assert "144 of 150" in refused.message

    def test_a_part_of_the_spare_calls_looks_whether_the_minute_is_over(self):
        full = state(seen=144, called_at=seconds(30))
        assert grant(full, 8, seconds(59), urgent=True).permits == ()
        after, permits = taken(full, 8, seconds(60))
        assert len(permits) == 4
        wait = grant(after, 8, seconds(60), urgent=True).refused
        assert wait is not None
        assert wait.until == seconds(61)

    def test_so_does_a_call_that_is_not_urgent_even_after_ones_that_were(self):
        one = state(seen=119, called_at=seconds(30))
        assert len(grant(one, 8, seconds(60), urgent=False).permits) == 4
        one = replace(one, seen=135)
        assert grant(one, 1, seconds(59), urgent=False).permits == ()
        assert len(grant(one, 1, seconds(60), urgent=False).permits) == 1

    @pytest.mark.parametrize("limit", range(1, 40))
    def test_no_limit_is_exceeded_even_by_looks(self, limit):
        one = replace(state(called_at=seconds(119)), allowed=limit)
        made = 0
        for _ in range(100):
            granted = grant(one, 7, seconds(119), urgent=True)
            one, made = granted.state, made + len(granted.permits)
        assert 1 <= made <= limit

    def test_who_is_refused_while_answers_are_near_asks_again_soon(self):
        after, _ = taken(state(seen=140), 8)
        refused = grant(after, 1, NOW, urgent=True).refused
        assert refused is not None
        assert refused.until == seconds(1)

    def test_answers_that_are_long_overdue_are_not_waited_for(self):
        after, _ = taken(state(seen=143), 1)
        refused = grant(after, 1, seconds(20), urgent=True).refused
        assert refused is not None
        assert refused.until == NOW + MINUTE

    def test_a_minute_without_a_call_begins_anew(self):
        after = state(seen=LIMIT, called_at=seconds(20))
        assert grant(after, 1, seconds(79), urgent=False).permits == ()
        assert len(grant(after, 8, seconds(80), urgent=False).permits) == 8


class TestObserve:
    @given(st.permutations(range(8)))
    def test_shuffled_answers_of_one_minute_give_the_highest_count(self, order):
        after, permits = taken(state(seen=50), 8)
        for n in order:
            after = observe(after, permits[n], LIMIT, LIMIT - 51 - n, NOW)
        assert (after.seen, after.unanswered, after.window) == (58, 0, 0)

    @given(st.permutations(range(8)), st.integers(0, 8))
    def test_a_minute_that_begins_inside_a_block(self, order, old):
        """The first `old` calls are of the old minute; the answers come in any order."""
        after, permits = taken(state(seen=100), 8)
        counts = [101 + n for n in range(old)] + [1 + n for n in range(8 - old)]
        for n in order:
            after = observe(after, permits[n], LIMIT, LIMIT - counts[n], seconds(1))
        assert after.unanswered == 0
        if old == 8:
            assert (after.window, after.seen) == (0, 108)
        else:
            assert after.window == 1
            assert 8 - old <= after.seen <= 8  # never less than Propexo counted

    @given(
        st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 20), st.integers(0, 60),
        st.randoms(use_true_random=False),
    )  # fmt: skip
    def test_several_workers_answers_in_any_order(self, blocks, ends_after, seen, random):
        """Each has a block; Propexo counts the calls in any order and begins a minute somewhere among them."""
        after, calls = state(seen=seen), []
        for block in blocks:
            after, permits = taken(after, block)
            calls += permits
        random.shuffle(calls)
        count, answers = seen, []
        for n, permit in enumerate(calls):
            count = 1 if n == ends_after else count + 1
            answers.append(Answer(permit, LIMIT, LIMIT - count, seconds(1)))
        random.shuffle(answers)
        after = apply(after, answers)
        assert after.unanswered == 0
        # What an answer cannot tell apart costs at most one call for each that was on the way.
        assert count - len(calls) <= after.seen <= max(count, seen) + len(calls)

    def test_a_late_answer_of_the_minute_before_is_not_this_ones_count(self):
        one, [early, late] = taken(state(seen=100), 2)
        one = observe(one, early, LIMIT, LIMIT - 1, seconds(60))
        assert (one.window, one.seen) == (1, 1)
        one = observe(one, late, LIMIT, LIMIT - 101, seconds(60))
        assert (one.window, one.seen) == (1, 2)

    def test_an_answer_of_long_ago_does_not_begin_a_minute(self):
        one, [permit] = taken(state(seen=100), 1)
        one = replace(one, window=3, seen=7)
        one = observe(one, permit, LIMIT, LIMIT - 40, seconds(1))
        assert (one.window, one.seen) == (3, 8)

    def test_the_new_minute_keeps_the_rhythm_of_the_old_one(self):
        one, [permit] = taken(state(seen=100, began=seconds(7), called_at=seconds(60)), 1, seconds(68))
        one = observe(one, permit, LIMIT, LIMIT - 1, seconds(69))
        assert one.began == seconds(67)

    def test_or_begins_now_where_the_call_before_was_of_the_old_one(self):
        one, [permit] = taken(state(seen=100, began=seconds(7), called_at=seconds(80)), 1, seconds(81))
        one = observe(one, permit, LIMIT, LIMIT - 1, seconds(82))
        assert one.began == seconds(82)

    def test_a_limit_that_falls_is_followed(self):
        one, [permit] = taken(state(seen=90), 1)
        one = observe(one, permit, 100, 9, NOW)
        assert grant(one, 50, NOW, urgent=True).state.counted == 96

    def test_without_headers_our_own_count_is_all_there_is(self):
        one, permits = taken(replace(state(), allowed=None), 8)
        for permit in permits:
            one = observe(one, permit, None, None, NOW)
        assert (one.seen, one.unanswered) == (8, 0)
        assert renewed(one, seconds(60)).seen == 0

    def test_a_call_counts_from_when_it_was_made_not_from_its_grant(self):
        one, [_, held] = taken(state(), 2)
        one = observe(one, replace(held, sent_at=seconds(9)), LIMIT, LIMIT - 2, seconds(10))
        assert grant(one, 1, seconds(68), urgent=True).state.window == 0
        assert grant(one, 1, seconds(69), urgent=True).state.window == 1


def test_a_permit_that_is_returned_counts_no_more():
    one, permits = taken(state(), 8)
    for permit in permits:
        one = release(one, permit)
    assert one.counted == 0
    assert release(one, permits[0]) == one


class TestBlocked:
    def test_until_the_moment_that_propexo_named(self):
        one = blocked(state(seen=20), seconds(42))
        refused = grant(one, 8, seconds(41), urgent=True).refused
        assert refused is not None
        assert refused.until == seconds(42)
        granted = grant(one, 8, seconds(42), urgent=True)
        assert (len(granted.permits), granted.state.blocked_until, granted.state.seen) == (8, None, 0)

    def test_a_whole_minute_is_a_guess_and_waits_for_a_minute(self):
        one = blocked(state(called_at=seconds(25)), NOW + MINUTE)
        assert one.blocked_until == seconds(85)


def test_notes_are_applied_in_their_order():
    one, permits = taken(state(), 3)
    notes = [Unused(permits[2]), Answer(permits[0], LIMIT, LIMIT - 1, NOW), Blocked(seconds(9))]
    after = apply(one, notes)
    assert (after.seen, after.unanswered, after.blocked_until) == (1, 1, seconds(9))


def test_a_full_minute_of_blocks_is_spent_exactly():
    one, blocks = state(), 0
    while (granted := grant(one, 8, NOW, urgent=True)).permits:
        one, blocks = granted.state, blocks + 1
        for n, permit in enumerate(granted.permits):
            one = observe(one, permit, LIMIT, LIMIT - one.seen - 1, seconds(n))
        assert one.unanswered == 0
    assert (one.seen, blocks) == (144, 19)
