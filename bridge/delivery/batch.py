"""The jobs of a worker: claimed lanes, each with the event that runs, what is known of it, and what was decided."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bridge.delivery.decide import decide
from bridge.delivery.load import Loader, bodies, open_events
from bridge.delivery.perform import Chain
from bridge.delivery.rules.entities import AttemptRow, Breaker, EventRow, ReadRow, changed
from bridge.delivery.rules.outcomes import Reason, backoff
from bridge.delivery.rules.priority import lane_rank, next_due, next_of, rank_of
from bridge.delivery.rules.resolve import start_of, target_of
from bridge.delivery.rules.state import (
    Interpretation,
    Park,
    Read,
    Snapshot,
    StepDecision,
    Wait,
    Write,
)
from bridge.delivery.snapshots import interpreted
from bridge.delivery.tools import Tools
from bridge.models import Status
from bridge.propexo.rate_limit import Permit
from bridge.queue import Claim, Release

log = structlog.get_logger(__name__)

MOST_INTERNAL_ERRORS = 5
MOST_CLAIMS = 5
"""Claims without a result after which the event of a lane is parked before it is read."""
MOST_KEPT = 2000
"""Events whose interpretation a worker keeps."""
MOST_CONTESTED = 500
"""Events that have lost a race against another worker, as far as a worker remembers them."""
MOST_LOST_RACES = 20
"""Races that an event may lose before its claims count again: each has a winner, unless there is a defect."""
MOST_SIBLINGS = 20
"""Unread events of a lane that are read beside the one that runs, to know how soon their tours are."""


@dataclass
class Job:
    """One event of a claimed lane."""

    claim: Claim
    leased_at: float
    """Seconds since the machine started, at the claim or the last renewal."""
    lane: list[EventRow]
    """The open events of the lane, in their order."""
    before: Snapshot
    """As it is stored."""
    base: Snapshot
    """With the answers of this run."""
    decision: StepDecision
    rank: int
    ranks: dict[int, int] = field(default_factory=dict)
    """Of other events of the lane that were read."""
    reads: list[ReadRow] = field(default_factory=list)
    attempt: AttemptRow | None = None
    """Its write, once that is on record."""
    send_before: float = 0
    """Seconds since the machine started: from then on the write is not sent."""
    slot: bool | None = None
    """The slot that it has: of a write (`True`) or of a read."""
    permit: Permit | None = None
    """The rate limiter's, for its write."""
    put_back_until: datetime | None = None
    """The lane goes back unchanged: others are sooner, or the rate limiter gives no call until then."""

    @property
    def priority(self) -> int:
        """Its rank, or that of the soonest event of its lane, which waits for it."""
        known = [
            self.ranks.get(event.id, event.rank) for event in self.lane if event.id != self.before.event.id
        ]
        return min([self.rank, *(rank for rank in known if rank is not None)])

    @property
    def integration_id(self) -> str | None:
        """The integration that its next call goes to."""
        step = self.decision.step
        if isinstance(step, Read):
            return step.call.integration_id
        return step.integration_id if isinstance(step, Write) else None

    def add(self, chain: Chain) -> None:
        """Take over what its reading calls came to."""
        self.base, self.decision = chain.base, chain.decision
        self.reads += chain.reads

    def decide_with(self, breaker: Breaker, tools: Tools) -> None:
        """Decide again, as the circuit breaker of its integration is by now."""
        self.base = self.base.having(breakers={**self.base.breakers, breaker.integration_id: breaker})
        self.decision = decide(self.base, tools.settings, tools.clock())

    def decide_again(self, tools: Tools) -> None:
        """Decide again, with the answers that it has: one was refused for want of calls."""
        self.decision = decide(self.base, tools.settings, tools.clock())

    def take_probe(self, integration_id: str) -> None:
        """Whether it makes the probe call of a paused integration."""
        probing = self.base.probing | {integration_id}
        self.base = self.base.having(probing=probing)
        self.decision = changed(self.decision, snapshot=self.decision.snapshot.having(probing=probing))

    def fail(self, error: Exception, tools: Tools) -> None:
        """A defect of ours must not cost the tour: it is retried, then shown to an operator."""
        snapshot = self.before.with_event(first_call_at=self.base.event.first_call_at)
        self.decision = StepDecision(internal_error(snapshot.event, error, tools), snapshot)


def internal_error(event: EventRow, error: Exception, tools: Tools) -> Wait | Park:
    """What an unexpected error means for its event."""
    failures = event.failure_count + 1
    detail = f"{type(error).__name__} in the bridge"
    if failures > MOST_INTERNAL_ERRORS:
        message = f"{detail}, {failures} times. See its log; replay after an update."
        return Park(Reason.INTERNAL_ERROR, message)
    until = tools.clock() + backoff(failures, tools.random)
    return Wait(until, Status.RETRYING, Reason.INTERNAL_ERROR, detail, failure_count=failures)


class BatchLoader:
    """Loads and decides claimed lanes.

    It holds no transaction: to interpret many events takes longer than the server lets one stand idle. Whatever changes
    between two statements shows as the result is recorded.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.several_wait: frozenset[tuple[str | None, str]] = frozenset()
        self.is_backlog = False
        self._read: OrderedDict[tuple[int, int], tuple[Interpretation, Mapping[str, Any] | None]] = (
            OrderedDict()
        )
        """What events say, by id and place in the lane: most are read for the first of several runs. A replay, also
        of a corrected event, has a new place."""
        self._contested: OrderedDict[int, frozenset[str]] = OrderedDict()
        """By event: the keys of its tour that other bookings had."""
        self._lost_races: OrderedDict[int, int] = OrderedDict()

    def load(self, claims: Sequence[Claim], leased_at: float, room: int) -> tuple[list[Job], list[Release]]:
        """The jobs of claimed lanes; and the lanes in which nothing can run now.

        Of new events only the `room` soonest are decided; the others get their rank and go back.
        """
        try:
            return self._load(claims, leased_at, room)
        except (OperationalError, psycopg.OperationalError):
            raise
        except Exception as error:
            if len(claims) == 1:
                log.exception("a lane cannot be loaded")
                return self._failed(claims[0], leased_at, error)
        loaded = [self.load([claim], leased_at, room) for claim in claims]
        return [job for jobs, _ in loaded for job in jobs], [claim for _, idle in loaded for claim in idle]

    def _load(self, claims: Sequence[Claim], leased_at: float, room: int) -> tuple[list[Job], list[Release]]:
        now = claims[0].now
        by_lane = {claim.lane: claim for claim in claims}
        with self._tools.database.autocommit.connect() as connection:
            lanes = open_events(connection, by_lane)
            chosen = {lane: event for lane, events in lanes.items() if (event := next_of(events, now))}
            siblings = [sibling for lane, event in chosen.items() for sibling in _unread(lanes[lane], event)]
            read = self._interpret(connection, [*chosen.values(), *siblings])
            for lane, event in chosen.items():
                if by_lane[lane].claims > MOST_CLAIMS:
                    read[event.id] = (event, Interpretation(problem=_poisonous(by_lane[lane])))
            loader = Loader(connection, self._tools.settings, now, self._contested)
            later = self._later(loader, lanes, [read[event.id] for event in chosen.values()], room, now)
            snapshots = loader.snapshots(
                {event.id: read[event.id] for event in chosen.values() if event.id not in later}
            )
        jobs = []
        for lane, event in chosen.items():
            if event.id in later:
                jobs.append(_put_back(by_lane[lane], leased_at, lanes[lane], *later[event.id], now))
                continue
            snapshot = snapshots[event.id]
            ranks = {
                sibling.id: self._rank(*read[sibling.id], snapshot, now)
                for sibling in _unread(lanes[lane], event)
            }
            jobs.append(self._job(by_lane[lane], leased_at, lanes[lane], snapshot, ranks, now))
        idle = [
            Release(lane, by_lane[lane].lease, next_due(events, now), lane_rank(events))
            for lane, events in lanes.items()
            if lane not in chosen
        ]
        return jobs, idle

    def _later(
        self,
        loader: Loader,
        lanes: Mapping[str, list[EventRow]],
        read: Sequence[tuple[EventRow, Interpretation]],
        room: int,
        now: datetime,
    ) -> dict[int, tuple[Snapshot, int]]:
        """By id the new events that go back, with their ranks: those that are alone in their lane and say when their
        tour starts need no more than that to be ranked.
        """
        if len(read) <= room:
            return {}
        aliases = loader.aliases
        ranked = []
        for event, interpretation in read:
            is_new = event.rank is None and event.status == Status.RECEIVED and len(lanes[event.lane]) == 1
            request = interpretation.request
            if (
                is_new
                and interpretation.problem is None
                and request
                and (request.starts_at or request.starts_at_local)
            ):
                snapshot = Snapshot(event, interpretation, codes=(), aliases=aliases)
                ranked.append((self._rank(event, interpretation, snapshot, now), snapshot))
        ranked.sort(key=lambda pair: (pair[0], pair[1].event.id))
        decided = max(0, room - (len(read) - len(ranked)))
        return {snapshot.event.id: (snapshot, rank) for rank, snapshot in ranked[decided:]}

    def _interpret(
        self, connection: Connection, events: Sequence[EventRow]
    ) -> dict[int, tuple[EventRow, Interpretation]]:
        """Each event with what it says; one that cannot even be read without an error says nothing."""
        unknown = [event.id for event in events if (event.id, event.seq) not in self._read]
        stored = bodies(connection, unknown) if unknown else {}
        read: dict[int, tuple[EventRow, Interpretation]] = {}
        for event in events:
            row = stored.get(event.id)
            if row is None:
                interpretation, enrichment = self._read[event.id, event.seq]
                read[event.id] = (changed(event, enrichment=enrichment), interpretation)
                continue
            complete = changed(event, enrichment=row.answers)
            try:
                interpretation = interpreted(complete, row, self._tools.sources.get(event.source))
            except Exception as error:
                log.exception("an event cannot be interpreted", event_id=event.id)
                interpretation = Interpretation(problem=internal_error(event, error, self._tools))
            else:
                self._keep(complete, interpretation)
            read[event.id] = (complete, interpretation)
        return read

    def not_taken(self, job: Job, *, is_late: bool) -> bool:
        """A job's result is not on record: the next load searches for the holder of its tour's key.

        Returns whether its claim counts as one without a result: one whose result `is_late` has lost a race, no more.
        """
        step, id_ = job.decision.step, job.before.event.id
        lost = self._lost_races[id_] = self._lost_races.pop(id_, 0) + 1
        while len(self._lost_races) > MOST_CONTESTED:
            self._lost_races.popitem(last=False)
        if isinstance(step, Write) and step.tour_key and job.attempt is None:
            self._contested[id_] = self._contested.get(id_, frozenset()) | {step.tour_key}
            while len(self._contested) > MOST_CONTESTED:
                self._contested.popitem(last=False)
        return not is_late or lost > MOST_LOST_RACES

    def _keep(self, event: EventRow, interpretation: Interpretation) -> None:
        self._read[event.id, event.seq] = (interpretation, event.enrichment)
        while len(self._read) > MOST_KEPT:
            self._read.popitem(last=False)

    def _job(
        self,
        claim: Claim,
        leased_at: float,
        lane: list[EventRow],
        snapshot: Snapshot,
        ranks: dict[int, int],
        now: datetime,
    ) -> Job:
        snapshot = snapshot.having(several_wait=self.several_wait, is_backlog=self.is_backlog)
        try:
            decision = decide(snapshot, self._tools.settings, now)
        except Exception as error:
            log.exception("an event cannot be decided", event_id=snapshot.event.id)
            decision = StepDecision(internal_error(snapshot.event, error, self._tools), snapshot)
        rank = self._rank(snapshot.event, snapshot.interpretation, decision.snapshot, now)
        return Job(claim, leased_at, lane, snapshot, snapshot, decision, rank, ranks)

    def _rank(self, event: EventRow, read: Interpretation, known: Snapshot, now: datetime) -> int:
        start = known.start if known.event.id == event.id else None
        if start is None and read.request is not None and event.source in self._tools.settings.sources:
            request, settings = read.request, self._tools.settings
            target = target_of(settings, event.source, request.property, known.aliases)
            seen = target if isinstance(target, Park) else start_of(request, target.property)
            start = None if isinstance(seen, Park) else seen
        return rank_of(event, read.translated_action or read.action, start, now)

    def _failed(self, claim: Claim, leased_at: float, error: Exception) -> tuple[list[Job], list[Release]]:
        """A lane of which a row cannot be loaded, such as one that cannot be decrypted."""
        with self._tools.database.autocommit.connect() as connection:
            lane = open_events(connection, [claim.lane])[claim.lane]
        event = next_of(lane, claim.now)
        if event is None:
            return [], [Release(claim.lane, claim.lease, next_due(lane, claim.now), lane_rank(lane))]
        snapshot = Snapshot(event, Interpretation(), codes=())
        decision = StepDecision(internal_error(event, error, self._tools), snapshot)
        return [Job(claim, leased_at, lane, snapshot, snapshot, decision, event.rank or 1)], []

    def load_again(self, job: Job) -> Job:
        """The same job, once its sender's API has answered: what the event says may name other rows."""
        event = job.base.event
        with self._tools.database.autocommit.connect() as connection:
            stored = bodies(connection, [event.id])
            read = interpreted(event, stored[event.id], self._tools.sources.get(event.source))
            self._keep(event, read)
            loader = Loader(connection, self._tools.settings, self._tools.clock(), self._contested)
            snapshot = loader.snapshots({event.id: (event, read)})[event.id]
        again = self._job(job.claim, job.leased_at, job.lane, snapshot, job.ranks, self._tools.clock())
        again.reads, again.slot = job.reads, job.slot
        again.before = snapshot.with_event(enrichment=job.before.event.enrichment)  # as it is stored
        return again


def _unread(lane: Sequence[EventRow], chosen: EventRow) -> list[EventRow]:
    return [event for event in lane if event.rank is None and event.id != chosen.id][:MOST_SIBLINGS]


def _put_back(
    claim: Claim, leased_at: float, lane: list[EventRow], snapshot: Snapshot, rank: int, now: datetime
) -> Job:
    """A job of which nothing is known but its rank."""
    waits = Wait(now, Status.WAITING, Reason.BUDGET, "")
    return Job(
        claim, leased_at, lane, snapshot, snapshot, StepDecision(waits, snapshot), rank, put_back_until=now
    )


def _poisonous(claim: Claim) -> Park:
    detail = f"The worker that read it ended, {claim.claims - 1} times. See its log; replay after an update."
    return Park(Reason.INTERNAL_ERROR, detail)
