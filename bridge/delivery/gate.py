"""Which integrations a worker may call by now: what their circuit breakers say since its jobs were loaded."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.delivery import circuit_breaker
from bridge.delivery.batch import Job
from bridge.delivery.entities import Breaker
from bridge.delivery.perform import Observation
from bridge.delivery.state import Read, Write
from bridge.delivery.tools import Tools


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
            self._open = {name: one for name, one in breakers.items() if one.paused_at is not None}

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
