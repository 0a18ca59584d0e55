"""Propexo's budget of requests: so many per minute, slow from 80 % on, refused when spent."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

SLOW_SHARE = 0.8


@dataclass(frozen=True)
class Spent:
    """The state of one token's minute, the present request included."""

    limit: int
    used: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def slow(self) -> bool:
        """Propexo: at 120 of 150 each answer is delayed, until the rest is refused."""
        return math.ceil(self.limit * SLOW_SHARE) <= self.used <= self.limit

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit


class SandboxBudget:
    """Counts the requests of each token in the clock's present minute."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._used: Counter[str] = Counter()

    def spend(self, token: str, limit: int, now: datetime) -> Spent:
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._used.clear()
        self._used[token] += 1
        return Spent(limit, self._used[token])
