"""The sandbox itself: records, jobs, budget and faults, in memory and safe to use from several threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests

from bridge.clock import Clock, utc_now
from bridge.sandbox.budget import Budget, Spent
from bridge.sandbox.documents import lookup
from bridge.sandbox.faults import Fault, Faults
from bridge.sandbox.jobs import FAILURE, SUCCESS, Job, Pms
from bridge.sandbox.queue import LogQuery, Queue
from bridge.sandbox.records import Appointment, Integration, Lead, Property, new_id
from bridge.sandbox.refusals import InvalidError, issue
from bridge.sandbox.rules import Operation
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.webhooks import Webhooks, news_of, sync_complete, write_failed


class Sandbox:
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
        self._integrations: dict[str, Integration] = {}
        self._properties: dict[str, Property] = {}
        self._lookups: list[dict[str, Any]] = []
        self._pms = Pms()
        self._queue = Queue()
        self._requests: list[SeenRequest] = []
        self._budget = Budget()
        self._faults = Faults()
        self._webhooks = Webhooks()

    def add_integration(self, integration_id: str, vendor: str) -> str:
        """Registers a PMS account; `vendor` is Propexo's upper-case name, such as ENTRATA."""
        with self._lock:
            self._integrations[integration_id] = Integration(integration_id, vendor)
        return integration_id

    def add_property(self, integration_id: str, property_id: str, name: str) -> str:
        with self._lock:
            self.integration(integration_id)
            self._properties[property_id] = Property(
                property_id, integration_id, name, self._pms.next_x_id(), self.clock()
            )
        return property_id

    def add_lead(
        self, integration_id: str, property_id: str | None, *, synced: bool = True, **fields: Any
    ) -> str:
        """A lead that the PMS holds already; Propexo can read it when `synced`."""
        with self._lock:
            self.integration(integration_id)
            lead = Lead(new_id(), integration_id, self._pms.next_x_id(), property_id, **fields)
            self._pms.leads.put(lead)
            if synced:
                self._pms.leads.read_back(lead.id, self.clock())
        return lead.id

    def add_unit(self, integration_id: str, property_id: str, number: str, **fields: Any) -> str:
        return self._add_lookup("units", integration_id, property_id, number=number, **fields)

    def add_employee(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("employees", integration_id, property_id, name=name, **fields)

    def add_lead_source(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("lead-sources", integration_id, property_id, name=name, **fields)

    def add_lead_relationship(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("lead-relationships", integration_id, property_id, name=name, **fields)

    def add_timezone(self, integration_id: str, property_id: str, offset: str, **fields: Any) -> str:
        """`offset` is that of standard time (`-06:00`), all year round."""
        return self._add_lookup("timezones", integration_id, property_id, offset=offset, **fields)

    def _add_lookup(self, kind: str, integration_id: str, property_id: str, **fields: Any) -> str:
        with self._lock:
            document = lookup(
                kind, self.integration(integration_id), self.find_property(property_id),
                x_id=self._pms.next_x_id(), now=self.clock(), **fields,
            )  # fmt: skip
            self._lookups.append({"kind": kind, "document": document})
        return str(document["id"])

    def delete(self, record_id: str) -> None:
        """Deletes a lead or an appointment in its PMS. Propexo goes on to show it as last seen."""
        with self._lock:
            self._finish_due_jobs()
            self._pms.leads.delete(record_id)
            self._pms.appointments.delete(record_id)

    def sync(self, integration_id: str) -> None:
        """Makes everything that this PMS holds readable."""
        with self._lock:
            self._finish_due_jobs()
            now = self.clock()
            self.integration(integration_id).last_completed_sync = now
            self._pms.leads.read_all(integration_id, now)
            self._pms.appointments.read_all(integration_id, now)
            self._tell_read()
            told = sync_complete(integration_id, self.integration(integration_id).vendor)
            self._tell("SYNC_COMPLETE", told)

    def read(self, record_id: str) -> None:
        """Makes one lead or appointment readable, as Propexo does after a write where the add-on for it is bought."""
        with self._lock:
            self._finish_due_jobs()
            for shelf in (self._pms.leads, self._pms.appointments):
                if record_id in shelf.held:
                    shelf.read_back(record_id, self.clock())
            self._tell_read()

    def register_webhook(self, asked: Any) -> dict[str, Any]:
        """Stores a webhook, which is inactive unless told otherwise. Raises InvalidError."""
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

    def _tell(self, trigger: str, data: dict[str, Any]) -> None:
        self._webhooks.tell(trigger, data, self.clock(), wrapped=self.wrapped)

    def _tell_read(self) -> None:
        for trigger, data in news_of(self._pms, self._integrations, self._properties):
            self._tell(trigger, data)

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
    def leads(self) -> list[Lead]:
        """The leads that the PMSs hold, oldest first."""
        with self._lock:
            self._finish_due_jobs()
            return list(self._pms.leads.held.values())

    @property
    def appointments(self) -> list[Appointment]:
        """The appointments that the PMSs hold or held, oldest first."""
        with self._lock:
            self._finish_due_jobs()
            return list(self._pms.appointments.held.values())

    def active_appointments(self, property_id: str | None = None) -> list[Appointment]:
        """The appointments that still stand, of one property or of all."""
        with self._lock:
            at_property = {lead.id for lead in self.leads if property_id in (None, lead.property_id)}
            return [each for each in self.appointments if each.active and each.lead_id in at_property]

    @property
    def integrations(self) -> list[Integration]:
        with self._lock:
            return list(self._integrations.values())

    @property
    def properties(self) -> list[Property]:
        with self._lock:
            return list(self._properties.values())

    def integration(self, integration_id: str) -> Integration:
        """Raises InvalidError for an unknown id, which Propexo does not document."""
        with self._lock:
            if integration_id not in self._integrations:
                raise InvalidError([issue(["integration_id"], "No integration of this account has this id.")])
            return self._integrations[integration_id]

    def find_property(self, property_id: str | None) -> Property | None:
        with self._lock:
            return self._properties.get(property_id or "")

    def lookups(self, kind: str) -> list[dict[str, Any]]:
        """The look-up documents of one kind: units, employees, lead-sources, ..."""
        with self._lock:
            return [entry["document"] for entry in self._lookups if entry["kind"] == kind]

    @contextmanager
    def reading(self) -> Iterator[Pms]:
        """All records, with what is due carried out; nothing changes meanwhile."""
        with self._lock:
            self._finish_due_jobs()
            yield self._pms

    def queue(
        self,
        operation: Operation,
        body: dict[str, Any],
        *,
        integration_id: str | None,
        vendor: str,
        record_id: str | None = None,
        fault: Fault | None = None,
    ) -> Job:
        """Queues a write; it is carried out when `write_seconds` have passed."""
        with self._lock:
            due_at = self.clock() + timedelta(seconds=self.write_seconds)
            job = Job(operation, integration_id, vendor, body, record_id, due_at, fault)
            self._queue.add(job)
        return job

    def job(self, job_id: str) -> Job:
        """Raises UnknownRecordError."""
        with self._lock:
            self._finish_due_jobs()
            return self._queue.job(job_id)

    def finished_jobs(self, query: LogQuery) -> list[Job]:
        """Newest first."""
        with self._lock:
            self._finish_due_jobs()
            return self._queue.ended(query)

    def retry(self, job_id: str) -> Job:
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
        self._queue.finish_due(self.clock(), self._carry_out)
        self._tell_read()

    def _carry_out(self, job: Job) -> None:
        self._pms.carry_out(job)
        if job.write_status != SUCCESS:
            self._tell("WRITE_OPERATION_FAILURE", write_failed(job))

    def spend(self, token: str) -> Spent:
        """Counts a request of this token."""
        with self._lock:
            return self._budget.spend(token, self.budget_per_minute, self.clock())

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, used up by one."""
        with self._lock:
            return self._faults.take(method, path)

    def record(self, request: SeenRequest) -> None:
        with self._lock:
            self._requests.append(request)

    def hold_back(self, seconds: float) -> None:
        """Waits, but no longer than the server runs."""
        if seconds > 0:
            self.stopping.wait(seconds)
