"""For each kind of outcome in these tests: the dry run decides as the run does.

The dry run loads its snapshot by a way of its own, and follows the decision through the answers that the run has got.
A run that ends as an earlier run of the same event is not compared again: waiting events are polled many times.
Nor is an outcome that was compared often before, unless `--hypothesis-profile random` asks for all.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from effort import is_thorough

from bridge.delivery.batch import MOST_CLAIMS, BatchLoader, Job
from bridge.delivery.load import Loader, bodies
from bridge.delivery.perform import Calls, Chain
from bridge.delivery.rules.state import Enrich, Read, Snapshot, Step, StepDecision, Wait, Write
from bridge.delivery.snapshots import interpreted, snapshot_of
from bridge.delivery.tools import Tools
from bridge.events.dry_run import plan

OFTEN = 3
"""So many comparisons of one kind of outcome are enough in one process."""
compared_before: Counter[tuple[Any, ...]] = Counter()


@pytest.fixture(autouse=True)
def dry_run_equals_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Compares them as the runs go on; a difference fails the test at its end."""
    wrong: list[str] = []
    compared: set[str] = set()
    thorough = is_thorough()

    def compare(tools: Tools, known: Snapshot, decision: StepDecision) -> None:
        seen = repr((known.event.id, outline(decision.step)))
        kind = kind_of(known, decision)
        if seen not in compared and (thorough or compared_before[kind] < OFTEN):
            compared.add(seen)
            compared_before[kind] += 1
            wrong.extend(differences(tools, known, decision))

    make_job, run = BatchLoader._job, Calls.run

    def job(self: BatchLoader, *given: Any) -> Job:
        made = make_job(self, *given)
        is_poisonous = made.before.interpretation.problem is not None and made.claim.claims > MOST_CLAIMS
        if not isinstance(made.decision.step, Read) and not is_poisonous:  # which only its worker knows
            compare(self._tools, made.before, made.decision)
        return made

    def chain(self: Calls, base: Snapshot, decision: StepDecision, now: Any) -> Chain:
        made = run(self, base, decision, now)
        is_answered = not any(read.outcome != "read" for read in made.reads) and len(
            made.observations
        ) == len(made.reads)
        if is_answered and not isinstance(made.decision.step, Read):
            compare(self._tools, made.base, made.decision)
        return made

    monkeypatch.setattr(BatchLoader, "_job", job)
    monkeypatch.setattr(Calls, "run", chain)
    yield wrong
    assert wrong == []


def differences(tools: Tools, known: Snapshot, decision: StepDecision) -> Iterator[str]:
    """How the dry run of an event ends otherwise than this run of it."""
    source = tools.sources.get(known.event.source)
    with tools.database.engine.connect() as connection:
        loaded = snapshot_of(connection, known.event.id, source, tools.settings, tools.clock())
        if loaded.event.enrichment != known.event.enrichment:  # an answer that the run has not written yet
            event = replace(loaded.event, enrichment=known.event.enrichment)
            read = interpreted(event, bodies(connection, [event.id])[event.id], source)
            loaded = Loader(connection, tools.settings, tools.clock()).snapshots({event.id: (event, read)})[
                event.id
            ]
    loaded = replace(
        loaded,
        codes=known.codes,
        several_wait=known.several_wait,
        is_backlog=known.is_backlog,
        probing=known.probing,
        reached=known.reached,
        breakers=known.breakers,
    )
    try:
        writes, end = plan(loaded, tools.settings, tools.clock(), lambda _, call: known.answers[call])
    except KeyError:  # the run knows from what it has not written yet what the dry run would ask
        return
    ours = outline(decision.step)
    dry = outline(writes[0] if writes else end)
    if ours != dry:
        yield f"event {known.event.id}: it does {ours}, the dry run {dry}"


def kind_of(known: Snapshot, decision: StepDecision) -> tuple[Any, ...]:
    """Outcomes of one kind come about in the same way."""
    step, read = decision.step, known.interpretation
    described = type(step).__name__, getattr(step, "reason", None), getattr(step, "kind", None)
    bookings = tuple(sorted((row.is_in_pms, row.in_flight_attempt_id is None) for row in known.bookings))
    asked = read.action, read.problem is None, known.event.reference is None
    fields = getattr(step, "request", {})
    return (*described, *asked, bookings, len(known.leads), tuple(sorted(fields)))


def outline(step: Step) -> tuple[Any, ...]:
    """What matters of a step."""
    if isinstance(step, Write):
        return ("Write", step.kind, dict(step.request))
    if isinstance(step, Enrich):
        return ("Enrich", step.fetch.into)
    if isinstance(step, Wait):
        return ("Wait", step.reason, step.waiting_on)
    return (type(step).__name__, getattr(step, "reason", None))
