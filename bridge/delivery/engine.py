"""The loop of a worker: claim lanes, load, decide, record, and hand calls to sender slots.

One thread owns the database. Each tick commits the finished results together with the intents of the writes that start
now, so there are never more intents than slots, and a crash leaves no more unknown outcomes than calls were on the
wire. A lane is ours for the time of its lease: a call that would begin later is not sent, and a result that comes later
does not count.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from bridge import queue
from bridge.delivery import confirm
from bridge.delivery.batch import BatchLoader, Job
from bridge.delivery.perform import Chain, Sent
from bridge.delivery.record import record, record_sent, release, report
from bridge.delivery.results import Recorded, result_of
from bridge.delivery.rules.entities import changed
from bridge.delivery.rules.outcomes import SEND_WITHIN
from bridge.delivery.rules.state import Enrich, Read, Wait, Write
from bridge.delivery.slots import Gate, RateLimitRefusals, Slots
from bridge.delivery.tools import DatabaseClock, Tools, boot_time
from bridge.delivery.upkeep import INTERVAL, Upkeep
from bridge.propexo.errors import RateLimitedError
from bridge.queue import Claim, Release

log = structlog.get_logger(__name__)

MOST_UNREAD = 64
"""Lanes with something new that are read together: to read one costs no call."""
IN_HAND = 8
"""Lanes for each slot that are claimed and decided ahead of their calls: so many that no slot rests meanwhile."""
SUSPECTS_EVERY = 5.0
"""Seconds for which others are worked on between two rounds of lanes that may be what ended a worker."""
AWAY = (DBAPIError, psycopg.Error)
"""How it shows that the database is away."""


class Engine:
    """Forwards events; `tick` is called by one thread only.

    Args:
        slots: reads, and likewise writes, that are sent to Propexo at the same time.
        executor: runs those; `senders` runs calls to senders' APIs.
        interval: seconds between polls for due events.
    """

    def __init__(
        self, tools: Tools, *, slots: int, executor: Executor, senders: Executor, interval: float = INTERVAL
    ) -> None:
        self.clock = DatabaseClock(tools.clock)
        self.tools = replace(tools, clock=self.clock)
        self.refusals = RateLimitRefusals(self.clock)
        """Of the rate limiter."""
        self.calls = Slots(self.tools, slots, executor, senders)
        self._loader = BatchLoader(self.tools)
        self._upkeep = Upkeep(self.tools, interval)
        self._claimed, self._claimed_at = list[Claim](), 0.0
        """To be loaded."""
        self._ready: list[Job] = []
        """Decided; a call is to be made."""
        self._calling: dict[str, Job] = {}
        """By lane: a call is on the way."""
        self._ended: list[Job] = []
        """To be recorded and given back."""
        self._idle, self._sweeps = list[Release](), 0
        """Lanes in which nothing can run now; readings of write logs that are on the way."""
        self._gate = Gate(self.tools)
        self._suspects_at = 0.0
        """When lanes were claimed last that may be what ended a worker."""

    def look_now(self) -> None:
        """Let the next tick poll for due events."""
        self._upkeep.looked_at = None

    @property
    def in_hand(self) -> list[Job]:
        """All jobs whose lanes are ours."""
        return [*self._ready, *self._calling.values(), *self._ended]

    @property
    def is_idle(self) -> bool:
        return not (self.in_hand or self._sweeps or self._idle or self._claimed)

    @property
    def is_calling(self) -> bool:
        return bool(self._calling or self._sweeps)

    def tick(self, *, look: bool = True) -> bool:
        """Do what can be done now; without `look`, only what was announced. Returns whether anything was done.

        Raises DBAPIError or psycopg.Error where the database is away: what is in hand stays there until its leases end.
        """
        self.calls.woken.clear()
        did = self._collect()
        self.tools.heartbeat()
        self._drop_expired()
        if not self.calls.stopping:
            did |= look and self._look_around()
            did |= self._claim()
        elif self._claimed:
            with self.tools.database.autocommit.connect() as connection:
                queue.give_back(connection, self._claimed)
            self._claimed = []
        waiting = list(self._ready)
        try:
            intents = self._dispatch()
        except AWAY:
            placed = set(map(id, self.in_hand))
            self._come_again([job for job in waiting if id(job) not in placed])
            raise
        return self._record(intents) or did

    def _collect(self) -> bool:
        """Take up what the calls have come to."""
        did = False
        while (take_up := self.calls.next_answer()) is not None:
            try:
                take_up()
            except AWAY:
                self.calls.answer(take_up)
                raise
            did = True
        return did

    def _drop_expired(self) -> None:
        """What can no longer be recorded is another worker's by now."""
        ends = boot_time() - queue.LEASE.total_seconds()
        if self._claimed_at < ends:
            self._claimed = []
        for jobs in (self._ready, self._ended):
            for job in [job for job in jobs if job.leased_at < ends]:
                log.warning("a lease has ended", event_id=job.before.event.id)
                jobs.remove(job)
                self.calls.free(job)

    def _look_around(self) -> bool:
        """Renew leases, poll for due events, and sweep write logs, each at its interval."""
        found = self._upkeep.look(self.in_hand, may_sweep=self.refusals.until() is None)
        if found is None:
            return False
        self._loader.is_backlog, self._loader.several_wait = found.is_backlog, found.several_wait
        now = self.clock()
        for waiting in found.sweeps:
            self._sweeps += 1
            self.calls.sweep(waiting, now, lambda swept: self._was_swept(swept, now))
        return bool(found.promoted or found.sweeps)

    def _claim(self) -> bool:
        """Claim as many lanes as can be worked on soon, load them and decide."""
        room = IN_HAND * self.calls.size - len(self._ready)
        if room <= 0:
            return False
        if not self._claimed:
            self._claimed_at = at = boot_time()
            is_their_turn = self._upkeep.has_suspects and at - self._suspects_at >= SUSPECTS_EVERY
            with self.tools.database.autocommit.connect() as connection:
                if not is_their_turn:
                    read = room if self.refusals.until() is None else 0
                    self._claimed += queue.claim(connection, unread=MOST_UNREAD, read=read)
                if self._upkeep.has_suspects and self.is_idle:  # no other event must fail with them
                    self._claimed += queue.claim_suspects(connection)
                    self._upkeep.has_suspects, self._suspects_at = False, at
        if not self._claimed:
            return False
        self.clock.follow(self._claimed[0].now)
        jobs, idle = self._loader.load(self._claimed, self._claimed_at, room)
        self.tools.heartbeat()
        self._claimed, self._idle = [], [*self._idle, *idle]
        self._gate.refresh(jobs)
        for job in jobs:
            self._place(job)
        return True

    def _place(self, job: Job) -> None:
        self.calls.free(job)
        makes_call = isinstance(job.decision.step, Read | Write | Enrich)
        (self._ready if makes_call else self._ended).append(job)

    def _come_again(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.calls.free(job)
        self._ready += jobs

    def _dispatch(self) -> list[Job]:
        """Start the calls of the soonest jobs; returns those whose writes have to be put on record first."""
        waiting, intents = sorted(self._ready, key=lambda job: job.priority), list[Job]()
        self._ready = []
        for job in waiting:
            step = job.decision.step
            if self.calls.stopping:
                self._put_back(job)
            elif isinstance(step, Enrich):
                self._calling[job.claim.lane] = job
                self.calls.enrich(job, step, self._was_read, self._failed)
            elif not self._may_call(job):
                continue
            elif self._take_slot(job):
                if isinstance(step, Write):
                    intents.append(job)
                else:
                    self._calling[job.claim.lane] = job
                    self.calls.read(job, self._was_read, self._failed)
            elif job.base.answers or len(self._ready) < IN_HAND * self.calls.size:
                self._ready.append(job)
            else:
                self._put_back(job)
        return intents

    def _take_slot(self, job: Job) -> bool:
        try:
            return self.calls.take(job)
        except RateLimitedError as refused:
            self.refusals.note(refused.until, job.decision.snapshot.start)
            return False

    def _may_call(self, job: Job) -> bool:
        """Whether its call may go out now; else the job has been placed elsewhere."""
        if (until := self.refusals.until(job.decision.snapshot.start)) is not None:
            if job.base.answers:
                self._ready.append(job)  # what it has read would have to be read again
            else:
                self._put_back(job, until)
            return False
        if self._gate.may_call(job):
            return True
        self._place(job)
        return False

    def _put_back(self, job: Job, until: datetime | None = None) -> None:
        job.put_back_until = until or self.clock()
        self._ended.append(job)
        self.calls.free(job)

    def _failed(self, job: Job, error: Exception) -> None:
        self._calling.pop(job.claim.lane, None)
        job.fail(error, self.tools)
        self._place(job)

    def _was_read(self, job: Job, chain: Chain) -> None:
        self._gate.observe(job, chain.observations)
        job.add(chain)
        step = job.decision.step
        if isinstance(step, Enrich):
            self.calls.answer(lambda: self._was_enriched(job))
            return
        self._calling.pop(job.claim.lane, None)
        if isinstance(step, Wait) and step.waiting_on == "budget":
            self.refusals.note(step.until, job.decision.snapshot.start)
            if job.base.answers:
                job.decide_again(self.tools)
        self._place(job)

    def _was_enriched(self, job: Job) -> None:
        """The sender's API has answered: what the event says may name other rows."""
        try:
            again = self._loader.load_again(job)
        except AWAY:
            raise
        except Exception as error:
            log.exception("an event cannot be decided", event_id=job.before.event.id)
            self._failed(job, error)
        else:
            self._calling.pop(job.claim.lane, None)
            self._place(again)

    def _was_sent(self, job: Job, sent: Sent) -> None:
        self._gate.observe(job, sent.observations)
        self._calling.pop(job.claim.lane, None)
        job.decision = sent.decision
        step = job.decision.step
        if isinstance(step, Wait) and step.waiting_on == "budget":
            self.refusals.note(step.until, job.decision.snapshot.start)
        self._place(job)

    def _was_swept(self, found: confirm.SweepResult | None, now: datetime) -> None:
        if found is not None:
            with self.tools.database.engine.connect() as connection:
                confirm.note(connection, found, now)
            if isinstance(found.error, RateLimitedError):
                self.refusals.note(found.error.until)
        self._sweeps -= 1

    def _record(self, intents: Sequence[Job]) -> bool:
        """Commit what has ended, and the writes that start now; then send these."""
        jobs = [*self._ended, *intents]
        if not jobs:
            return self._give_idle_back()
        now, at = self.clock(), boot_time()
        results = [changed(result_of(job, now), send_before=now + SEND_WITHIN) for job in jobs]
        try:
            recorded = record(self.tools.database.engine, results, now)
        except Exception:
            self._come_again(intents)  # nothing was sent
            raise
        self.tools.heartbeat()
        self._ended = []
        by_result = {id(outcome.result): outcome for outcome in recorded}
        for job, result in zip(jobs, results, strict=True):
            self._was_recorded(job, by_result[id(result)], at)
        self._give_idle_back()
        return True

    def _give_idle_back(self) -> bool:
        did = bool(self._idle)
        if did:
            release(self.tools.database.engine, self._idle)
        self._idle = []
        return did

    def _was_recorded(self, job: Job, recorded: Recorded, at: float) -> None:
        step = job.decision.step
        if recorded.after is None:
            self._was_not_recorded(job, recorded)
        elif recorded.attempt is not None and isinstance(step, Write):
            job.before = job.base = recorded.after
            job.attempt, job.reads, job.ranks = recorded.attempt, [], {}
            job.send_before = at + SEND_WITHIN.total_seconds()
            self._calling[job.claim.lane] = job
            self.calls.send(job, step, self._was_sent, self._failed)
        elif job.put_back_until is None:
            report(recorded.result.before.event, recorded.result.event)

    def _was_not_recorded(self, job: Job, recorded: Recorded) -> None:
        """Another worker has the lane, or has changed the booking: what is stored decides."""
        self.calls.free(job)
        counts = self._loader.not_taken(job, is_late=recorded.is_late)
        if recorded.is_lost:
            return
        try:
            if job.attempt is not None:
                record_sent(self.tools.database.engine, recorded.result, job.attempt.id, self.clock())
            else:
                with self.tools.database.autocommit.connect() as connection:
                    queue.give_back(connection, [job.claim], counts=counts)
        except AWAY as error:
            log.warning("the database is away", error=type(error).__name__)
            begins = isinstance(job.decision.step, Write) and job.put_back_until is None
            (self._ready if begins else self._ended).append(job)
