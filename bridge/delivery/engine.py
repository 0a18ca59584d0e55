"""The loop of a worker: claim lanes, load, decide, record, and hand calls to sender slots.

One thread owns the database. Each tick commits the finished results together with the intents of the writes that start
now, so there are never more intents than slots, and a crash leaves no more unknown outcomes than calls were on the
wire. A lane is ours for the time of its lease: a call that would begin later is not sent, and a result that comes later
does not count.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from bridge import metrics, queue, tracing
from bridge.delivery import circuit_breaker, confirm
from bridge.delivery.batch import BatchLoader, Job, result_of
from bridge.delivery.outcomes import SEND_WITHIN
from bridge.delivery.perform import Calls, Chain, Observation, Sent, after_write, count, send
from bridge.delivery.record import record, record_sent
from bridge.delivery.record_rows import Recorded
from bridge.delivery.state import Breaker, Enrich, Read, Wait, Write
from bridge.delivery.tools import Tools
from bridge.models import Status
from bridge.propexo.errors import BudgetExhausted, Outcome, PropexoError
from bridge.queue import Claim, Release

log = structlog.get_logger(__name__)

MOST_UNREAD = 64
"""Lanes with something new that are read together: to read one costs no call."""
SOON = timedelta(hours=24)
"""A tour that starts within this time tries for a call even where others were refused one."""
IN_HAND = 4
"""Lanes for each slot that are claimed and decided ahead of their calls."""
SUSPECTS_EVERY = 5.0
"""Seconds for which others are worked on between two rounds of lanes that may be what ended a worker."""
RENEW_EVERY = 30.0
"""Seconds after which the leases of what is in hand are extended."""
INTERVAL = 1.0
"""Seconds between looks for lanes whose time has come, and for writes that wait for their confirmation."""
BACKLOG = 20
"""So many ready lanes are more than the workers are just busy with."""
OF_RATE_LIMIT = 24
"""A backlog is also more than the rate limit lets through in some ten seconds, at four calls each: this share of a
minute's calls."""
UNLIMITED = 100_000
"""With so many calls a minute nothing waits for one."""
AWAY = (DBAPIError, psycopg.Error)
"""How it shows that the database is away."""


def boot_time() -> float:
    """Seconds since the machine started, those in which it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def backlog_of(per_minute: int) -> int:
    """How many ready lanes are a backlog."""
    return max(BACKLOG, per_minute // OF_RATE_LIMIT)


@dataclass
class DatabaseClock:
    """The database's clock, as the last claim showed it: those of several workers may differ."""

    own: Callable[[], datetime]
    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return self.own() + self.ahead

    def follow(self, now: datetime) -> None:
        self.ahead = now - self.own()


class Engine:
    """Forwards events; `tick` is called by one thread only.

    Args:
        slots: reads, and likewise writes, that are sent to Propexo at the same time.
        executor: runs those; `senders` runs calls to senders' APIs, so that a slow one holds up no tours.
        interval: seconds between looks for what has become due.
    """

    def __init__(
        self, tools: Tools, *, slots: int, executor: Executor, senders: Executor, interval: float = INTERVAL
    ) -> None:
        self.clock = DatabaseClock(tools.clock)
        self.tools = replace(tools, clock=self.clock)
        self.slots = slots
        self.stopping = False
        self.woken = threading.Event()
        """Set when there is something to do."""
        self.blocked_until: datetime | None = None
        """Until then the rate limiter gives no calls, except for tours that start soon."""
        self._executor, self._senders, self._interval = executor, senders, interval
        self._calls = Calls(self.tools)
        self._loader = BatchLoader(self.tools)
        self._answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._claimed: list[Claim] = []
        self._claimed_at = 0.0
        """To be loaded."""
        self._ready: list[Job] = []
        """Decided; a call is to be made."""
        self._calling: dict[str, Job] = {}
        """By lane: a call is on the way."""
        self._ended: list[Job] = []
        """To be recorded and given back."""
        self._idle: list[Release] = []
        """Lanes in which nothing can run now."""
        self._busy: Counter[bool] = Counter()
        """Slots in use: `True` counts those of writes, each of which is on record, `False` those of reads."""
        self._sweeps = 0
        self._open: dict[str, Breaker] = {}
        """Integrations that are paused by now."""
        self._renewed_at = boot_time()
        self._has_suspects, self._suspects_at = False, 0.0
        """Whether lanes wait that may be what ended a worker, and when some were claimed last."""
        self.look_now()

    def look_now(self) -> None:
        """Let the next tick look for what has become due."""
        self._looked_at: float | None = None

    @property
    def in_hand(self) -> list[Job]:
        """All jobs whose lanes are ours."""
        return [*self._ready, *self._calling.values(), *self._ended]

    @property
    def is_idle(self) -> bool:
        return not (self.in_hand or self._sweeps or self._idle or self._claimed)

    @property
    def is_calling(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._calling or self._sweeps)

    def tick(self) -> bool:
        """Do what can be done now. Returns whether anything was done.

        Raises DBAPIError or psycopg.Error where the database is away: what is in hand stays there until its leases end.
        """
        if self.blocked_until is not None and self.clock() >= self.blocked_until:
            self.blocked_until = None
        did = self._collect()
        self._drop_expired()
        if not self.stopping:
            did |= self._look_around()
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
        while True:
            try:
                take_up = self._answers.get_nowait()
            except Empty:
                return did
            try:
                take_up()
            except AWAY:
                self._answers.put(take_up)
                raise
            did = True

    def _drop_expired(self) -> None:
        """What can no longer be recorded is another worker's by now."""
        ends = boot_time() - queue.LEASE.total_seconds()
        if self._claimed_at < ends:
            self._claimed = []
        for jobs in (self._ready, self._ended):
            for job in [one for one in jobs if one.leased_at < ends]:
                log.warning("a lease has ended", event_id=job.before.event.id)
                jobs.remove(job)
                self._free(job)

    def _look_around(self) -> bool:
        """Renew leases, and look for what has become due."""
        at = boot_time()
        if self._looked_at is not None and at - self._looked_at < self._interval:
            return False
        self._looked_at = at
        self.tools.propexo.flush_rate_limit()
        per_minute, now = self.tools.settings.propexo.budget_per_minute, self.clock()
        with self.tools.database.autocommit.connect() as connection:
            if self.in_hand and at - self._renewed_at >= RENEW_EVERY:
                queue.renew(connection, [job.claim for job in self.in_hand])
                self._renewed_at = at
                for job in self.in_hand:
                    job.leased_at = at
            promoted = queue.promote(connection)
            self._has_suspects = queue.has_suspects(connection)
            limited = per_minute < UNLIMITED
            self._loader.is_backlog = limited and queue.is_backlog(connection, backlog_of(per_minute))
            several = confirm.several_waiting(connection, now)
            self._loader.several_wait = frozenset(several)
            due = [key for key, is_due in several.items() if is_due and self.blocked_until is None]
            backlog = self._loader.is_backlog
            taken = [confirm.take(connection, key, now, per_minute, is_backlog=backlog) for key in due]
        sweeps = [one for one in taken if one is not None]
        for waiting in sweeps:
            self._sweep(waiting, now)
        return bool(promoted or sweeps)

    def _claim(self) -> bool:
        """Claim as many lanes as can be worked on soon, load them and decide."""
        room = IN_HAND * self.slots - len(self._ready)
        if room <= 0:
            return False
        if not self._claimed:
            self._claimed_at = at = boot_time()
            is_their_turn = self._has_suspects and at - self._suspects_at >= SUSPECTS_EVERY
            with self.tools.database.autocommit.connect() as connection:
                if not is_their_turn:
                    self._claimed += queue.claim(connection, unread=True, most=MOST_UNREAD)
                    if len(self._claimed) < room and self.blocked_until is None:
                        more = room - len(self._claimed)
                        self._claimed += queue.claim(connection, unread=False, most=more)
                if self.is_idle:  # nobody else is to end with them
                    self._claimed += queue.claim_suspects(connection)
                    self._has_suspects, self._suspects_at = False, at
        if not self._claimed:
            return False
        self.clock.follow(self._claimed[0].now)
        jobs, idle = self._loader.load(self._claimed, self._claimed_at)
        self._claimed = []
        self._idle += idle
        if jobs:
            breakers = jobs[0].before.breakers
            self._open = {name: one for name, one in breakers.items() if one.paused_at is not None}
        for job in jobs:
            self._place(job)
        return True

    def _place(self, job: Job) -> None:
        self._free(job)
        if isinstance(job.decision.step, Read | Write | Enrich):
            self._ready.append(job)
        else:
            self._ended.append(job)

    def _take_slot(self, job: Job) -> bool:
        """Whether a slot is free for its next call; it keeps one of the right kind."""
        writes = isinstance(job.decision.step, Write)
        if self._busy[writes] >= self.slots:
            return False
        job.slot = writes
        self._busy[writes] += 1
        return True

    def _come_again(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._free(job)
        self._ready += jobs

    def _free(self, job: Job) -> None:
        if job.slot is not None:
            self._busy[job.slot] -= 1
            job.slot = None

    def _dispatch(self) -> list[Job]:
        """Start the calls of the soonest jobs; returns those whose writes have to be put on record first."""
        waiting = sorted(self._ready, key=lambda job: job.priority)
        self._ready = []
        intents = []
        for job in waiting:
            step = job.decision.step
            if self.stopping:
                self._put_back(job)
            elif isinstance(step, Enrich):
                self._enrich(job, step)
            elif not self._may_call(job):
                continue
            elif self._take_slot(job):
                if isinstance(step, Write):
                    intents.append(job)
                else:
                    self._read(job)
            elif job.base.answers or len(self._ready) < IN_HAND * self.slots:
                self._ready.append(job)
            else:
                self._put_back(job)
        return intents

    def _may_call(self, job: Job) -> bool:
        """Whether its call may go out now; else the job has been placed elsewhere."""
        start, now = job.decision.snapshot.start, self.clock()
        if self.blocked_until is not None and not job.base.answers and not (start and start - now <= SOON):
            self._put_back(job, self.blocked_until)
            return False
        step, integration_id = job.decision.step, job.integration_id
        assert isinstance(step, Read | Write)
        assert integration_id is not None  # it is of a Read or a Write
        breaker = self._open.get(integration_id)
        if step.takes_probe and integration_id not in job.base.probing:
            if self.tools.breakers.take_probe(integration_id):
                job.take_probe(integration_id)
                return True
            known = job.base.breakers[integration_id]
            breaker = replace(known, probe_at=now + circuit_breaker.PROBE_INTERVAL)
        if breaker is None or integration_id in job.base.probing | job.base.reached:
            return True
        job.decide_with(breaker, self.tools)
        if isinstance(job.decision.step, Read | Write):
            return True
        self._place(job)
        return False

    def _put_back(self, job: Job, until: datetime | None = None) -> None:
        job.put_back_until = until or self.clock()
        self._ended.append(job)
        self._free(job)

    # Calls.

    def _submit(self, executor: Executor, job: Job, run: Callable[[], Callable[[], None]]) -> None:
        """Run something in a slot; it returns what to do with its answer in the thread that owns the database."""
        event = job.before.event
        attributes: dict[str, str | int] = {"bridge.event_id": event.id, "bridge.source": event.source}
        self._calling[job.claim.lane] = job

        def call() -> None:
            with (
                structlog.contextvars.bound_contextvars(event_id=event.id),
                tracing.span("forward event", tracing.Kind.CONSUMER, attributes, link=event.trace),
            ):
                try:
                    take_up = run()
                except Exception as error:
                    log.exception("unexpected error in a run")
                    failure = error
                    self._answers.put(lambda: self._failed(job, failure))
                else:
                    self._answers.put(take_up)
            self.woken.set()

        executor.submit(call)

    def _failed(self, job: Job, error: Exception) -> None:
        self._calling.pop(job.claim.lane, None)
        job.fail(error, self.tools)
        self._place(job)

    def _read(self, job: Job) -> None:
        now = self.clock()

        def run() -> Callable[[], None]:
            chain = self._calls.run(job.base, job.decision, now)
            return lambda: self._was_read(job, chain)

        self._submit(self._executor, job, run)

    def _enrich(self, job: Job, step: Enrich) -> None:
        now = self.clock()

        def run() -> Callable[[], None]:
            chain = self._calls.run_enrichment(job.base, step, now)
            return lambda: self._was_read(job, chain)

        self._submit(self._senders, job, run)

    def _was_read(self, job: Job, chain: Chain) -> None:
        self._observe(job, chain.observations)
        job.add(chain)
        step = job.decision.step
        if isinstance(step, Enrich):
            self._answers.put(lambda: self._was_enriched(job))
            return
        self._calling.pop(job.claim.lane, None)
        if isinstance(step, Wait) and step.waiting_on == "budget":
            self.blocked_until = step.until
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

    def _send(self, job: Job, step: Write) -> None:
        """Send a write that is on record."""
        attempt, snapshot = job.attempt, job.before
        assert attempt is not None  # it was just recorded

        def run() -> Callable[[], None]:
            answer: str | PropexoError | None = None
            if boot_time() < job.send_before and not self.stopping:
                try:
                    with self.tools.calls_for(snapshot.start):
                        answer = send(self.tools.propexo, step)
                except PropexoError as error:
                    answer = error
            now = self.clock()
            called = snapshot
            if answer is not None:
                outcome = Outcome.SUBMITTED if isinstance(answer, str) else answer.outcome
                first = count(snapshot, step.kind, outcome, attempt.started_at)
                called = snapshot.with_event(first_call_at=first)
            sent = after_write(called, step, attempt, answer, self.tools, now)
            return lambda: self._was_sent(job, sent)

        self._submit(self._executor, job, run)

    def _was_sent(self, job: Job, sent: Sent) -> None:
        self._observe(job, sent.observations)
        self._calling.pop(job.claim.lane, None)
        job.decision = sent.decision
        step = job.decision.step
        if isinstance(step, Wait) and step.waiting_on == "budget":
            self.blocked_until = step.until
        self._place(job)

    def _sweep(self, waiting: confirm.Waiting, now: datetime) -> None:
        self._sweeps += 1

        def run() -> None:
            found: confirm.Found | None = None
            try:
                with self.tools.calls_for(None):
                    found = confirm.sweep(self.tools.propexo, waiting, now)
                outcome = found.error.outcome if found.error else Outcome.READ
                metrics.ATTEMPTS.labels("write_log", outcome).inc()
            except Exception:
                log.exception("unexpected error in a sweep")
            self._answers.put(lambda: self._was_swept(found, now))
            self.woken.set()

        self._executor.submit(run)

    def _was_swept(self, found: confirm.Found | None, now: datetime) -> None:
        if found is not None:
            with self.tools.database.engine.connect() as connection:
                confirm.note(connection, found, now)
            if isinstance(found.error, BudgetExhausted):
                self.blocked_until = found.error.until
        self._sweeps -= 1

    def _observe(self, job: Job, observations: Sequence[Observation]) -> None:
        """Note what calls say about their integrations; that all is well where it was needs no note."""
        for seen in observations:
            failed = seen.outcome in (*circuit_breaker.REFUSED, *circuit_breaker.UNREACHED)
            if not (failed or seen.probing or seen.integration_id in job.before.breakers):
                continue
            breaker = self.tools.breakers.observe(
                seen.integration_id, seen.outcome, seen.message, probing=seen.probing
            )
            if breaker.paused_at is None:
                self._open.pop(seen.integration_id, None)
            else:
                self._open[seen.integration_id] = breaker

    # Records.

    def _record(self, intents: Sequence[Job]) -> bool:
        """Commit what has ended, and the writes that start now; then send these."""
        jobs = [*self._ended, *intents]
        if not jobs:
            return self._give_idle_back()
        now, at = self.clock(), boot_time()
        results = [replace(result_of(job, now), send_before=now + SEND_WITHIN) for job in jobs]
        try:
            recorded = record(self.tools.database.engine, results, now)
        except Exception:
            self._come_again(intents)  # nothing was sent
            raise
        self._ended = []
        by_result = {id(one.result): one for one in recorded}
        for job, result in zip(jobs, results, strict=True):
            self._was_recorded(job, by_result[id(result)], at)
        self._give_idle_back()
        return True

    def _give_idle_back(self) -> bool:
        idle = list(self._idle)
        if not idle:
            return False
        for part in [idle, *([one] for one in idle)]:
            try:
                with self.tools.database.engine.connect() as connection:
                    queue.commit(connection, [], part, [])
            except psycopg.errors.DivisionByZero:
                continue  # a lease has ended: each is given back alone
            if part is idle:
                break
        self._idle = []
        return True

    def _was_recorded(self, job: Job, one: Recorded, at: float) -> None:
        step = job.decision.step
        if one.after is None:
            self._was_not_recorded(job, one)
        elif one.attempt is not None and isinstance(step, Write):
            job.before = job.base = one.after
            job.attempt, job.reads, job.ranks = one.attempt, [], {}
            job.send_before = at + SEND_WITHIN.total_seconds()
            self._send(job, step)
        elif job.put_back_until is None:
            _report(one)

    def _was_not_recorded(self, job: Job, one: Recorded) -> None:
        """Another worker has the lane, or has changed the booking: what is stored decides."""
        self._free(job)
        if one.is_lost:
            return
        try:
            if job.attempt is not None:
                record_sent(self.tools.database.engine, one.result, job.attempt.id, self.clock())
            else:
                with self.tools.database.autocommit.connect() as connection:
                    queue.give_back(connection, [job.claim])
        except AWAY as error:
            log.warning("the database is away", error=type(error).__name__)
            begins = isinstance(job.decision.step, Write) and job.put_back_until is None
            (self._ready if begins else self._ended).append(job)


def _report(one: Recorded) -> None:
    event = one.result.event
    log.info("event ran", event_id=event.id, source=event.source, status=event.status, reason=event.reason)
    if event.ended_at is None:
        return
    metrics.ENDED.labels(event.status).inc()
    if event.status == Status.WRITTEN:
        since = event.replayed_at or event.received_at
        metrics.EVENT_TO_WRITTEN.observe((event.ended_at - since).total_seconds())
