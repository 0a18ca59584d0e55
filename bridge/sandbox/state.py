"""The sandbox itself: records, jobs, budget and faults, in memory and safe to use from several threads."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import requests

from bridge.clock import Clock, utc_now
from bridge.sandbox.account_setup import AccountSetup
from bridge.sandbox.accounts import Accounts
from bridge.sandbox.budget import SandboxBudget, Spent
from bridge.sandbox.faults import Fault, Faults
from bridge.sandbox.jobs import FAILURE, SUCCESS, Pms, SandboxJob
from bridge.sandbox.queue import LogQuery, Queue
from bridge.sandbox.records import SandboxAppointment, SandboxLead
from bridge.sandbox.refusals import InvalidError, issue
from bridge.sandbox.rules import WriteRule
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.webhooks import Webhooks, news_of, sync_complete, write_failed


class Sandbox(AccountSetup):
    """A Propexo account with its integrations, and the PMSs behind them.

    The public attributes may be changed while a server runs. Times are those of `clock`; only answers that
    are held back (slow zone, `delay` faults) really wait.
    """

    def __init__(
        self,
        clock: Clock = utc_now,
        *,
        budget_per_minute: int = 150,
        slow_zone_seconds: float = 2.0,
        write_seconds: float = 0.0,
        wrapped: bool = False,
        token: str | None = None,
        log_parameters: bool = True,
        retry_after: int | None = None,
        sync_seconds: float = 0.0,
    ) -> None:
        self.clock = clock
        self.budget_per_minute = budget_per_minute
        self.slow_zone_seconds = slow_zone_seconds
        """By how much each answer is held back from 80 % of the budget on."""
        self.write_seconds = write_seconds
        """How long a job is PENDING."""
        self.wrapped = wrapped
        """Writes answer `{meta: {job_id}, result}` instead of `{job_id, data}`; both are documented."""
        self.token = token
        """The only bearer token that is accepted; `None` = any."""
        self.log_parameters = log_parameters
        """The write log shows `parameters`, which Propexo declares optional."""
        self.retry_after = retry_after
        """Seconds sent as `Retry-After` with a 429; Propexo documents no such header."""
        self.sync_seconds = sync_seconds
        """How long a manual sync takes."""
        self.unknown_ids_are_invalid = False
        """An id that Propexo does not know is answered 400, the only error that it documents, instead of 404."""
        self.observe: Callable[[SeenRequest, Any], None] | None = None
        """Called with each request that no fault answers, and with the JSON that answers it."""
        self.stopping = threading.Event()
        """Set by the server when it stops: answers are held back no longer."""
        self._lock = threading.RLock()
        self.agent_calendars = False
        """Whether free times are those of each agent, as at RealPage Partner Exchange."""
        self._clear()

    def reset(self) -> None:
        """Forgets every account, record, job, request and fault. Settings stay."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._accounts = Accounts()
        self._pms = Pms(self._accounts.is_synced)
        self._syncs: list[tuple[datetime, str, tuple[str, ...]]] = []
        """When each asked sync ends, of which integration and models."""
        self._queue = Queue()
        self._requests: list[SeenRequest] = []
        self._budget = SandboxBudget()
        self._faults = Faults()
        self._webhooks = Webhooks()

    def delete(self, record_id: str) -> None:
        """Deletes a lead or an appointment in its PMS. Propexo still shows it as last seen."""
        with self._lock:
            self._finish_due_jobs()
            self._pms.leads.delete(record_id)
            self._pms.appointments.delete(record_id)

    def sync(self, integration_id: str, models: Sequence[str] = ("leads", "events")) -> None:
        """Makes what this PMS holds of these models readable, as far as they are switched on."""
        with self._lock:
            self._finish_due_jobs()
            self.integration(integration_id)
            self._end_sync(self.clock(), integration_id, tuple(models))

    def begin_sync(self, integration_id: str, models: Sequence[str] = ("leads", "events")) -> None:
        """Begins a sync that ends when `sync_seconds` have passed."""
        with self._lock:
            self.integration(integration_id)
            due_at = self.clock() + timedelta(seconds=self.sync_seconds)
            self._syncs.append((due_at, integration_id, tuple(models)))
            self._finish_due_jobs()

    def _end_sync(self, now: datetime, integration_id: str, models: tuple[str, ...]) -> None:
        integration = self.integration(integration_id)
        integration.last_completed_sync = now
        synced = [name for name in models if integration.models.get(name)]
        if "leads" in synced:
            self._pms.leads.read_all(integration_id, now)
        if "events" in synced:
            self._pms.appointments.read_all(integration_id, now)
        self._publish_reads()
        self._publish("SYNC_COMPLETE", sync_complete(integration_id, integration.vendor, synced))

    def read(self, record_id: str) -> None:
        """Makes one lead or appointment readable, as Propexo does after a write where the add-on for it is bought."""
        with self._lock:
            self._finish_due_jobs()
            for shelf in (self._pms.leads, self._pms.appointments):
                if record_id in shelf.held:
                    shelf.read_back(record_id, self.clock())
            self._publish_reads()

    def register_webhook(self, asked: Any) -> dict[str, Any]:
        """Stores a webhook, which is inactive unless asked otherwise. Raises InvalidError."""
        with self._lock:
            return self._webhooks.register(asked, self.clock()).document()

    def deliver_webhooks(self) -> int:
        """Posts what is due, and puts back what is not taken; answers how many were taken."""
        with self._lock:
            self._finish_due_jobs()
            due = self._webhooks.take_due(self.clock())
        taken = 0
        with requests.Session() as session:
            session.trust_env = False
            for delivery in due:
                if delivery.post(session):
                    taken += 1
                    continue
                with self._lock:
                    self._webhooks.put_back(delivery)
        return taken

    def _publish(self, trigger: str, data: dict[str, Any]) -> None:
        self._webhooks.publish(trigger, data, self.clock(), wrapped=self.wrapped)

    def _publish_reads(self) -> None:
        for trigger, data in news_of(self._pms, self._accounts.integrations, self._accounts.properties):
            self._publish(trigger, data)

    def fail(self, **fault: Any) -> None:
        """Switches a fault on; the arguments are the fields of `Fault`."""
        with self._lock:
            self._faults.add(Fault(**fault))

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    @property
    def requests(self) -> list[SeenRequest]:
        """The requests to the API, in the order in which they were answered."""
        with self._lock:
            return list(self._requests)

    @property
    def leads(self) -> list[SandboxLead]:
        """The leads that the PMSs hold, oldest first."""
        with self._lock:
            self._finish_due_jobs()
            return list(self._pms.leads.held.values())

    @property
    def appointments(self) -> list[SandboxAppointment]:
        """The appointments that the PMSs hold or held, oldest first."""
        with self._lock:
            self._finish_due_jobs()
            return list(self._pms.appointments.held.values())

    def active_appointments(self, property_id: str | None = None) -> list[SandboxAppointment]:
        """The appointments that still stand, of one property or of all."""
        with self._lock:
            at_property = {lead.id for lead in self.leads if property_id in (None, lead.property_id)}
            return [each for each in self.appointments if each.active and each.lead_id in at_property]

    @contextmanager
    def reading(self) -> Iterator[Pms]:
        """All records, with what is due carried out; nothing changes meanwhile."""
        with self._lock:
            self._finish_due_jobs()
            yield self._pms

    def queue(
        self,
        operation: WriteRule,
        body: dict[str, Any],
        *,
        integration_id: str | None,
        vendor: str,
        record_id: str | None = None,
        fault: Fault | None = None,
    ) -> SandboxJob:
        """Queues a write; it is carried out when `write_seconds` have passed."""
        with self._lock:
            due_at = self.clock() + timedelta(seconds=self.write_seconds)
            job = SandboxJob(operation, integration_id, vendor, body, record_id, due_at, fault)
            self._queue.add(job)
        return job

    def job(self, job_id: str) -> SandboxJob:
        """Raises UnknownRecordError."""
        with self._lock:
            self._finish_due_jobs()
            return self._queue.job(job_id)

    def finished_jobs(self, query: LogQuery) -> list[SandboxJob]:
        """Newest first."""
        with self._lock:
            self._finish_due_jobs()
            return self._queue.ended(query)

    def retry(self, job_id: str) -> SandboxJob:
        """Queues a failed write again, with the same body.

        Raises UnknownRecordError, and InvalidError for any other job.
        """
        job = self.job(job_id)
        if job.write_status != FAILURE:
            found = issue(["root_job_id"], f"Only a failed write can be retried, not {job.write_status}.")
            raise InvalidError([found])
        return self.queue(
            job.operation, job.body,
            integration_id=job.integration_id, vendor=job.vendor, record_id=job.record_id,
        )  # fmt: skip

    def _finish_due_jobs(self) -> None:
        now = self.clock()
        self._queue.finish_due(now, self._carry_out)
        ended = sorted(sync for sync in self._syncs if sync[0] <= now)
        self._syncs = [sync for sync in self._syncs if sync[0] > now]
        for sync in ended:
            self._end_sync(*sync)
        self._publish_reads()

    def _carry_out(self, job: SandboxJob) -> None:
        self._pms.carry_out(job, self._accounts.switched_off(job))
        if job.write_status != SUCCESS:
            self._publish("WRITE_OPERATION_FAILURE", write_failed(job))

    def spend(self, token: str) -> Spent:
        """Counts a request of this token."""
        with self._lock:
            return self._budget.spend(token, self.budget_per_minute, self.clock())

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, used up by one."""
        with self._lock:
            return self._faults.take(method, path)

    def record(self, request: SeenRequest, answer: Any) -> None:
        """Keep a request. `answer` is the JSON that answers it; None if a fault or nothing does."""
        with self._lock:
            self._requests.append(request)
        if self.observe is not None:
            self.observe(request, answer)

    def hold_back(self, seconds: float) -> None:
        """Waits, but no longer than the server runs."""
        if seconds > 0:
            self.stopping.wait(seconds)
