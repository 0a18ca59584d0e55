"""All jobs of an account: those that wait, and those that have ended."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, product, takewhile

from bridge.sandbox.index import Index, Ranked
from bridge.sandbox.jobs import SandboxJob
from bridge.sandbox.refusals import UnknownRecordError


@dataclass(frozen=True)
class LogQuery:
    """A page of the write log; None: all."""

    offset: int
    limit: int
    statuses: tuple[str, ...]
    integration_id: str | None
    category: str | None
    since: datetime | None

    def is_recent(self, job: SandboxJob) -> bool:
        return self.since is None or job.due_at >= self.since


class Queue:
    """Hands out jobs as they fall due, and keeps them when they have ended."""

    def __init__(self) -> None:
        self._jobs: dict[str, SandboxJob] = {}
        self._waiting: list[Ranked[SandboxJob]] = []
        self._ended: Index[SandboxJob] = Index()

    def add(self, job: SandboxJob) -> None:
        heapq.heappush(self._waiting, (job.due_at, len(self._jobs), job))
        self._jobs[job.id] = job

    def job(self, job_id: str) -> SandboxJob:
        """Raises UnknownRecordError."""
        if job_id not in self._jobs:
            raise UnknownRecordError
        return self._jobs[job_id]

    def finish_due(self, now: datetime, carry_out: Callable[[SandboxJob], None]) -> None:
        """Carries out what is due, in the order of its time."""
        while self._waiting and self._waiting[0][0] <= now:
            ranked = heapq.heappop(self._waiting)
            job = ranked[-1]
            carry_out(job)
            for key in set(product((job.integration_id, None), (job.operation.category, None))):
                self._ended.add(key, ranked)

    def ended(self, query: LogQuery) -> list[SandboxJob]:
        """Newest first."""
        newest = (job for *_, job in reversed(self._ended.group((query.integration_id, query.category))))
        found = (job for job in takewhile(query.is_recent, newest) if job.write_status in query.statuses)
        return list(islice(found, query.offset, query.offset + query.limit))
