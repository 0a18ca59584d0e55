"""Calls of a worker, each in a thread: what they come to is taken up by the thread that owns the database."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog

from bridge import metrics, tracing
from bridge.clock import Clock
from bridge.delivery import confirm
from bridge.delivery.batch import Job
from bridge.delivery.perform import Calls, Chain, Observation, Sent, after_write, count, send
from bridge.delivery.rules import circuit_breaker
from bridge.delivery.rules.entities import Breaker
from bridge.delivery.rules.state import Enrich, Read, Write
from bridge.delivery.tools import Tools, boot_time
from bridge.propexo.errors import Outcome, PropexoError

log = structlog.get_logger(__name__)

TakeUp = Callable[[], None]
"""What to do with an answer, in the thread that owns the database."""


class Slots:
    """Makes calls in other threads.

    Args:
        size: reads, and likewise writes, at the same time.
        executor: runs calls to Propexo; `senders` runs calls to senders' APIs, so that a slow one holds up no tours.
    """

    def __init__(self, tools: Tools, size: int, executor: Executor, senders: Executor) -> None:
        self.size = size
        self._busy: Counter[bool] = Counter()
        """Slots in use: `True` counts those of writes, each of which is on record, `False` those of reads."""
        self._tools, self._executor, self._senders = tools, executor, senders
        self._calls = Calls(tools)
        self._answers: SimpleQueue[TakeUp] = SimpleQueue()
        self.stopping = False
        """Whether nothing new is begun."""
        self.woken = threading.Event()
        """Set when there is something to do."""
        self._running = 0
        self._answered = threading.Condition()

    def stop(self) -> None:
        """Send no write any more that was not sent yet."""
        self.stopping = True
        self.woken.set()
        with self._answered:
            self._answered.notify()

    def take(self, job: Job) -> bool:
        """Whether a slot is free for the next call of a job; it is the job's then, and a permit for a write.

        Raises RateLimitedError where a write gets none. A write that were refused only after it is on record would end
        the run, and the next one would have to read again what this one has read.
        """
        writes = isinstance(job.decision.step, Write)
        if self._busy[writes] >= self.size:
            return False
        if writes:
            job.permit = self._tools.propexo.reserve(job.decision.snapshot.start)
        job.slot = writes
        self._busy[writes] += 1
        return True

    def free(self, job: Job) -> None:
        """Take back the slot of a job, if it has one, and its permit, if that was not used."""
        if job.permit is not None:
            self._tools.propexo.give_back(job.permit)
            job.permit = None
        if job.slot is not None:
            self._busy[job.slot] -= 1
            job.slot = None

    def next_answer(self) -> TakeUp | None:
        """The next answer to take up, if there is one."""
        try:
            return self._answers.get_nowait()
        except Empty:
            return None

    def answer(self, take_up: TakeUp) -> None:
        """Let an answer be taken up."""
        self._answers.put(take_up)
        self.woken.set()

    def wait_for_answers(self, seconds: float) -> None:
        """Wait until no call is running, at most so long: answers that come together share a commit."""
        with self._answered:
            self._answered.wait_for(lambda: self._running == 0 or self.stopping, seconds)

    def read(
        self, job: Job, then: Callable[[Job, Chain], None], failed: Callable[[Job, Exception], None]
    ) -> None:
        """Make the reading calls of a job."""
        now = self._tools.clock()

        def run() -> TakeUp:
            chain = self._calls.run(job.base, job.decision, now)
            return lambda: then(job, chain)

        self._submit(self._executor, job, run, failed)

    def enrich(
        self,
        job: Job,
        step: Enrich,
        then: Callable[[Job, Chain], None],
        failed: Callable[[Job, Exception], None],
    ) -> None:
        """Ask the sender's API for a job."""
        now = self._tools.clock()

        def run() -> TakeUp:
            chain = self._calls.run_enrichment(job.base, step, now)
            return lambda: then(job, chain)

        self._submit(self._senders, job, run, failed)

    def send(
        self,
        job: Job,
        step: Write,
        then: Callable[[Job, Sent], None],
        failed: Callable[[Job, Exception], None],
    ) -> None:
        """Send a write that is on record, unless it is too late for that."""
        attempt, snapshot, permit = job.attempt, job.before, job.permit
        assert attempt is not None  # it was just recorded
        job.permit = None

        def may_go() -> bool:
            return boot_time() < job.send_before and not self.stopping

        def run() -> TakeUp:
            answer: str | PropexoError | None = None
            if may_go():
                try:
                    with self._tools.calls_for(snapshot.start, may_go, permit):
                        answer = send(self._tools.propexo, step)
                except PropexoError as error:
                    answer = error
            elif permit is not None:
                self._tools.propexo.give_back(permit)
            called = snapshot
            if answer is not None:
                outcome = Outcome.SUBMITTED if isinstance(answer, str) else answer.outcome
                first = count(snapshot, step.kind, outcome, attempt.started_at)
                called = snapshot.with_event(first_call_at=first)
            sent = after_write(called, step, attempt, answer, self._tools, self._tools.clock())
            return lambda: then(job, sent)

        self._submit(self._executor, job, run, failed)

    def sweep(
        self, waiting: confirm.Waiting, now: datetime, then: Callable[[confirm.SweepResult | None], None]
    ) -> None:
        """Read the write log for all writes that wait."""

        def run() -> None:
            found: confirm.SweepResult | None = None
            try:
                with self._tools.calls_for(None):
                    found = confirm.sweep(self._tools.propexo, waiting, now)
                outcome = found.error.outcome if found.error else Outcome.READ
                metrics.ATTEMPTS.labels("write_log", outcome).inc()
            except Exception:
                log.exception("unexpected error in a sweep")
            self.answer(lambda: then(found))

        self._start(self._executor, run)

    def _start(self, executor: Executor, call: Callable[[], None]) -> None:
        def run() -> None:
            try:
                call()
            finally:
                with self._answered:
                    self._running -= 1
                    if self._running == 0:
                        self._answered.notify()

        with self._answered:
            self._running += 1
        executor.submit(run)

    def _submit(
        self,
        executor: Executor,
        job: Job,
        run: Callable[[], TakeUp],
        failed: Callable[[Job, Exception], None],
    ) -> None:
        event = job.before.event
        attributes: dict[str, str | int] = {"bridge.event_id": event.id, "bridge.source": event.source}

        def call() -> None:
            with (
                structlog.contextvars.bound_contextvars(**event.log_fields),
                tracing.span("forward event", tracing.SpanKind.CONSUMER, attributes, link=event.trace),
            ):
                try:
                    take_up = run()
                except Exception as error:
                    log.exception("unexpected error in a run")
                    failure = error
                    self.answer(lambda: failed(job, failure))
                else:
                    self.answer(take_up)

        self._start(executor, call)


SOON = timedelta(hours=24)
"""A tour that starts within this time tries for a call even where others were refused one."""


class RateLimitRefusals:
    """Until when the rate limiter gives no calls, so that one refusal stops all others.

    Tours that start soon try nevertheless, until one of them is refused as well.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[bool, datetime] = {}
        """By whether it is for tours that start soon."""

    def note(self, until: datetime, start: datetime | None = None) -> None:
        """A call for a tour that starts then was refused."""
        self._until[False] = until
        if self._is_soon(start):
            self._until[True] = until

    def until(self, start: datetime | None = None) -> datetime | None:
        """Until when there are no calls for a tour that starts then."""
        until = self._until.get(self._is_soon(start))
        return until if until is not None and self._clock() < until else None

    def _is_soon(self, start: datetime | None) -> bool:
        return start is not None and start - self._clock() <= SOON


class Gate:
    """Keeps refused calls few: the first refusal stops all others, and one call in all probes a paused integration."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._open: dict[str, Breaker] = {}
        """Integrations that are paused by now."""

    def refresh(self, loaded: Sequence[Job]) -> None:
        """Follow the breakers that were just loaded with some jobs."""
        if loaded:
            breakers = loaded[0].before.breakers
            self._open = {
                name: breaker for name, breaker in breakers.items() if breaker.paused_at is not None
            }

    def may_call(self, job: Job) -> bool:
        """Whether its call may go out; else the job has been decided again, and waits for its integration."""
        step, integration_id = job.decision.step, job.integration_id
        assert isinstance(step, Read | Write)
        assert integration_id is not None  # it is of a Read or a Write
        breaker = self._open.get(integration_id)
        if step.takes_probe and integration_id not in job.base.probing:
            if self._tools.breakers.take_probe(integration_id):
                job.take_probe(integration_id)
                return True
            known = job.base.breakers[integration_id]
            breaker = replace(known, probe_at=self._tools.clock() + circuit_breaker.PROBE_INTERVAL)
        if breaker is None or integration_id in job.base.probing | job.base.reached:
            return True
        job.decide_with(breaker, self._tools)
        return isinstance(job.decision.step, Read | Write)

    def observe(self, job: Job, observations: Sequence[Observation]) -> None:
        """Note what calls say about their integrations; that all is well where it was needs no note."""
        for seen in observations:
            failed = seen.outcome in (*circuit_breaker.REFUSED, *circuit_breaker.UNREACHED)
            if not (failed or seen.probing or seen.integration_id in job.before.breakers):
                continue
            breaker = self._tools.breakers.observe(
                seen.integration_id, seen.outcome, seen.message, probing=seen.probing
            )
            if breaker.paused_at is None:
                self._open.pop(seen.integration_id, None)
            else:
                self._open[seen.integration_id] = breaker
