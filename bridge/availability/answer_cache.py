"""A cache of one process, for a minute: most requests for free times need no query.

What a tour takes or gives back counts at once: the counter of its property is read every second. An old answer is given
while one thread makes the new one.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bridge.availability import storage
from bridge.clock import Clock
from bridge.database import Database

KEPT = timedelta(seconds=60)
KEPT_MAKESHIFT = timedelta(seconds=2)
"""For an answer that Propexo is about to make better."""
LOOK_EVERY = timedelta(seconds=1)
MOST = 1000
"""Answers that are kept."""

Question = tuple[str, str | None, date, int, bool]
"""Property, kind of tour, first day, days, whether the answer is compressed."""


@dataclass
class CachedAnswer:
    """One answer."""

    body: bytes | None = None
    made_at: datetime | None = None
    kept: timedelta = KEPT
    changes: int = 0
    """How often times of the property had been taken or freed by then."""
    renewing: threading.Lock = field(default_factory=threading.Lock)


class AnswerCache:
    """Keeps answers; may be shared between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._answers: OrderedDict[Question, CachedAnswer] = OrderedDict()
        self._guard = threading.Lock()
        self._changes: dict[str, int] = {}
        self._looked_at: datetime | None = None
        self._looking = threading.Lock()

    def get(self, question: Question, make: Callable[[], tuple[bytes, timedelta]]) -> bytes:
        """The answer to a question, computed again where it is too old or times have changed.

        Args:
            make: the answer, and how long it may be kept.
        """
        answer = self._answer_to(question)
        changes = self._changes_at(question[0])
        if self._is_good(answer, changes) and answer.body is not None:
            return answer.body
        if not answer.renewing.acquire(blocking=answer.body is None):
            return answer.body or make()[0]
        try:
            if not self._is_good(answer, changes) or answer.body is None:
                answer.body, answer.kept = make()
                answer.made_at, answer.changes = self._clock(), changes
            return answer.body
        finally:
            answer.renewing.release()

    def _is_good(self, answer: CachedAnswer, changes: int) -> bool:
        is_young = answer.made_at is not None and self._clock() - answer.made_at < answer.kept
        return is_young and answer.changes == changes

    def _answer_to(self, question: Question) -> CachedAnswer:
        with self._guard:
            answer = self._answers.get(question)
            if answer is None:
                answer = self._answers[question] = CachedAnswer()
                while len(self._answers) > MOST:
                    self._answers.popitem(last=False)
            return answer

    def _changes_at(self, place: str) -> int:
        """Before the answer is made: what changes meanwhile makes it old."""
        now = self._clock()
        is_due = self._looked_at is None or now - self._looked_at >= LOOK_EVERY
        if is_due and self._looking.acquire(blocking=self._looked_at is None):
            try:
                self._changes = storage.changes(self._database)
                self._looked_at = now
            finally:
                self._looking.release()
        return self._changes.get(place, 0)
