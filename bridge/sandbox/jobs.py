"""A queued write, and what the PMS makes of it when its time has come."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bridge.sandbox.documents import ten_digits
from bridge.sandbox.faults import Fault
from bridge.sandbox.records import SandboxAppointment, SandboxLead, new_id
from bridge.sandbox.rules import (
    CANCEL_APPOINTMENT,
    CREATE_APPOINTMENT,
    CREATE_LEAD,
    DELETED_BY_CANCEL,
    UPDATE_APPOINTMENT,
    UPDATE_LEAD,
    WriteRule,
)
from bridge.sandbox.shelf import Shelf

PENDING, SUCCESS, PARTIAL_SUCCESS, FAILURE = "PENDING", "SUCCESS", "PARTIAL_SUCCESS", "FAILURE"


@dataclass
class SandboxJob:
    """One write on its way to the PMS."""

    operation: WriteRule
    integration_id: str | None
    """`None` when a path names a record that Propexo does not know."""
    vendor: str
    body: dict[str, Any]
    record_id: str | None
    """The id in the path of an update."""
    due_at: datetime
    fault: Fault | None = None
    """What makes it end in FAILURE or PARTIAL_SUCCESS."""
    id: str = field(default_factory=new_id)
    log_id: str = field(default_factory=new_id)
    write_status: str = PENDING
    errors: list[str] = field(default_factory=list)
    created_record_id: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The accepted body and the id of the path, as the write log shows them."""
        key = "lead_id" if self.operation is UPDATE_LEAD else "event_id"
        return {key: self.record_id, **self.body} if self.record_id else dict(self.body)


NOT_WRITTEN = "The property-management system could not write the record."
"""Of a fault that gives no other words: an error of a server, which passes."""


class PmsError(Exception):
    """The PMS did not do it."""

    def __init__(self, code: int, message: str) -> None:
        # PMS messages often are JSON inside a string.
        super().__init__(json.dumps({"code": code, "message": message}))


class Pms:
    """Carries out jobs: changes what the PMS holds, and what Propexo can read where it reads a write back."""

    def __init__(self, is_synced: Callable[[str, str, str | None], bool]) -> None:
        """`is_synced` answers for a model, the id of an integration and that of a property."""
        self.leads: Shelf[SandboxLead] = Shelf(
            {
                "integration_id": lambda lead: lead.integration_id,
                "email_1": lambda lead: lead.email_1,
                "phone_1": lambda lead: ten_digits(lead.phone_1 or ""),
            },
            lambda lead: is_synced("leads", lead.integration_id, lead.property_id),
        )
        self.appointments: Shelf[SandboxAppointment] = Shelf(
            {
                "integration_id": lambda appointment: appointment.integration_id,
                "lead_id": lambda appointment: appointment.lead_id,
            },
            lambda appointment: is_synced(
                "events", appointment.integration_id, self._property_of(appointment)
            ),
        )
        self.refuses_taken_slots = False
        """A PMS with one tour at a time takes no second one that overlaps with another at its property."""
        self._x_ids = 1000
        self._writes: dict[str, Callable[[SandboxJob], SandboxLead | SandboxAppointment]] = {
            CREATE_LEAD.name: self._create_lead,
            UPDATE_LEAD.name: self._update_lead,
            CREATE_APPOINTMENT.name: self._create_appointment,
            UPDATE_APPOINTMENT.name: self._update_appointment,
            CANCEL_APPOINTMENT.name: self._cancel_appointment,
        }

    def next_x_id(self) -> str:
        """The PMS's own id of a new record."""
        self._x_ids += 1
        return str(self._x_ids)

    def _property_of(self, appointment: SandboxAppointment) -> str | None:
        return self.leads.held[appointment.lead_id].property_id

    def carry_out(self, job: SandboxJob, switched_off: str | None = None) -> None:
        """Ends the job. Propexo: `created_record_id` is null when the job failed or the PMS gives no id.

        `switched_off` is the interface that the write would need. What Propexo answers to such a write is not
        documented; here it ends in FAILURE.
        """
        outcome = job.fault.write_status if job.fault else None
        failed = PmsError(500, (job.fault and job.fault.message) or NOT_WRITTEN)
        try:
            if switched_off:
                raise PmsError(403, f"The interface {switched_off} is not enabled for this integration.")
            if outcome == FAILURE and not (job.fault and job.fault.is_written):
                raise failed
            record = self._writes[job.operation.name](job)
            if outcome == FAILURE:
                raise failed
        except PmsError as error:
            job.write_status, job.errors = FAILURE, [str(error)]
            return
        job.write_status = outcome or SUCCESS
        if outcome == PARTIAL_SUCCESS:
            job.errors = [str(PmsError(207, "The record was written, but a part of it was refused."))]
        created = job.operation.rules[job.vendor].created
        if created == "record":
            job.created_record_id = record.id
        elif created == "lead" and isinstance(record, SandboxAppointment):
            job.created_record_id = record.lead_id

    def _create_lead(self, job: SandboxJob) -> SandboxLead:
        lead = SandboxLead(id=new_id(), x_id=self.next_x_id(), **job.body)
        return self._keep_lead(lead, job)

    def _update_lead(self, job: SandboxJob) -> SandboxLead:
        lead = self._known(self.leads, job.record_id, job, "prospect")
        changes = {key: value for key, value in job.body.items() if key != "lead_id"}
        return self._keep_lead(replace(lead, **changes), job)

    def _create_appointment(self, job: SandboxJob) -> SandboxAppointment:
        self._known(self.leads, job.body["lead_id"], job, "prospect")
        return self._keep_appointment(SandboxAppointment(id=new_id(), x_id=self.next_x_id(), **job.body), job)

    def _update_appointment(self, job: SandboxJob) -> SandboxAppointment:
        appointment = self._known(self.appointments, job.record_id, job, "appointment")
        return self._keep_appointment(replace(appointment, **job.body), job)

    def _cancel_appointment(self, job: SandboxJob) -> SandboxAppointment:
        appointment = self._known(self.appointments, job.body["event_id"], job, "appointment")
        deleted = job.vendor in DELETED_BY_CANCEL
        return self._keep_appointment(replace(appointment, cancelled=True, deleted=deleted), job)

    def _keep_lead(self, lead: SandboxLead, job: SandboxJob) -> SandboxLead:
        self.leads.put(lead)
        if CREATE_LEAD.rules[job.vendor].created == "record":
            self.leads.read_back(lead.id, job.due_at)
        return lead

    def _keep_appointment(self, appointment: SandboxAppointment, job: SandboxJob) -> SandboxAppointment:
        if self.refuses_taken_slots and appointment.active:
            place = self._property_of(appointment)
            for other in self.appointments.held.values():
                is_another = other.id != appointment.id and other.active and self._property_of(other) == place
                if is_another and other.overlaps(appointment):
                    raise PmsError(409, "The requested time is no longer available.")
        self.appointments.put(appointment)
        if CREATE_APPOINTMENT.rules[job.vendor].created == "record":
            self.appointments.read_back(appointment.id, job.due_at)
        return appointment

    @staticmethod
    def _known(shelf: Any, record_id: str | None, job: SandboxJob, word: str) -> Any:
        """The record under an id that Propexo knows, which it does once it has read the record."""
        record = shelf.held.get(record_id) if record_id in shelf.read else None
        if record is None or record.deleted or record.integration_id != job.integration_id:
            raise PmsError(404, f"The {word} was not found.")
        return record
