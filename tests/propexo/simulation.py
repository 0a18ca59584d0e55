"""Workers that share a rate limit, on a clock that moves from one thing to the next, and a Propexo that counts."""

import heapq
import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.propexo import rate_limit
from bridge.propexo.allowance import Allowance
from bridge.propexo.errors import RateLimitedError
from bridge.propexo.rate_limit import RateLimit

MIDDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class MemoryLimiter:
    """The shared limiter without a database."""

    def __init__(self, per_minute: int, now: datetime, *, has_backlog: bool = True) -> None:
        self.state = RateLimit.new(per_minute, now)
        self.has_backlog = has_backlog
        self.exchanges = 0
        self.notes: list[rate_limit.Note] = []
        self.failure: Exception | None = None
        self._lock = threading.Lock()

    def exchange(self, notes: Any, want: int, now: datetime, *, is_soon: bool = False) -> rate_limit.Grant:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            self.exchanges += 1
            self.notes += notes
            state = rate_limit.apply(self.state, notes)
            granted = rate_limit.Grant(state)
            if want:
                granted = rate_limit.grant(state, want, now, urgent=is_soon or self.has_backlog)
            self.state = granted.state
            return granted


class Simulation:
    """All of it. `ahead`: the seconds by which Propexo's clock differs; `latency`: how long a call takes."""

    def __init__(
        self, *, workers: int, slots: int, limit: int = 150, ahead: float = 0, seed: int = 1,
        latency: tuple[float, float] = (0.05, 0.4),
    ) -> None:  # fmt: skip
        self.now = MIDDAY
        self.limit, self.ahead, self.latency = limit, timedelta(seconds=ahead), latency
        self.random = random.Random(seed)
        self.limiter = MemoryLimiter(limit, self.now)
        self.used: Counter[datetime] = Counter()
        """Calls by Propexo's minute."""
        self.refused = 0
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.workers = [Worker(self, slots) for _ in range(workers)]

    def clock(self) -> datetime:
        return self.now

    def after(self, seconds: float, run: Callable[[], None]) -> None:
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._events, (at, next(self._numbers), run))

    def run(self, minutes: float) -> None:
        until = self.now + timedelta(minutes=minutes)
        while self._events and self._events[0][0] <= until:
            self.now, _, run = heapq.heappop(self._events)
            run()
        self.now = until

    def count(self) -> int:
        """Propexo gets a call; returns what is left of the minute, negative where it is refused."""
        minute = (self.now + self.ahead).replace(second=0, microsecond=0)
        self.used[minute] += 1
        return self.limit - self.used[minute]

    @property
    def whole_minutes(self) -> list[int]:
        return [self.used[minute] for minute in sorted(self.used)[1:-1]]


class Worker:
    """A process with slots, which calls as long as it `has_work`, until it `is_dead`."""

    def __init__(self, simulation: Simulation, slots: int) -> None:
        self.simulation = simulation
        self.allowance = Allowance(simulation.limiter, simulation.limit, simulation.clock, slots)
        self.has_work: Callable[[], bool] = lambda: True
        self.is_dead = False
        self.calls = 0
        self.blocked_until = simulation.now
        for _ in range(slots):
            simulation.after(simulation.random.random(), self.call)
        simulation.after(simulation.random.random(), self.flush)

    def flush(self) -> None:
        if self.is_dead:
            return
        self.allowance.flush()
        self.simulation.after(1, self.flush)

    def call(self) -> None:
        """One slot makes a call, and the next one when it is answered."""
        simulation = self.simulation
        if self.is_dead:
            return
        if not self.has_work() or self.blocked_until > simulation.now:
            simulation.after(max(0.1, (self.blocked_until - simulation.now).total_seconds()), self.call)
            return
        try:
            permit = self.allowance.acquire()
        except RateLimitedError as wait:
            self.blocked_until = wait.until
            simulation.after((wait.until - simulation.now).total_seconds(), self.call)
            return
        self.calls += 1
        way_there, way_back = (simulation.random.uniform(*simulation.latency) / 2 for _ in range(2))

        def arrive() -> None:
            left = simulation.count()
            simulation.after(way_back, lambda: answered(left))

        def answered(left: int) -> None:
            self.allowance.observe(permit, simulation.limit, max(0, left))
            if left < 0:
                simulation.refused += 1
                self.allowance.block(simulation.now + timedelta(seconds=30))
            self.call()

        simulation.after(way_there, arrive)
