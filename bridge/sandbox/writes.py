"""The write calls: each is checked at once, answered with a job id, and carried out later."""

from typing import Any

from flask import Blueprint, g, request

from bridge.sandbox.faults import Fault
from bridge.sandbox.jobs import SandboxJob
from bridge.sandbox.records import Cached
from bridge.sandbox.refusals import UnknownRecordError
from bridge.sandbox.rules import (
    CANCEL_APPOINTMENT,
    CREATE_APPOINTMENT,
    CREATE_LEAD,
    UPDATE_APPOINTMENT,
    UPDATE_LEAD,
    Rule,
    WriteRule,
)
from bridge.sandbox.state import Sandbox

Answer = dict[str, Any]


def create_writes(sandbox: Sandbox) -> Blueprint:
    """The routes of leads and lead appointments: create, update, cancel."""
    writes = Blueprint("writes", __name__)

    @writes.post("/v1/leads/")
    def create_lead() -> Answer:
        return write(sandbox, CREATE_LEAD)

    @writes.put("/v1/leads/<lead_id>")
    def update_lead(lead_id: str) -> Answer:
        with sandbox.reading() as pms:
            return change(sandbox, UPDATE_LEAD, lead_id, pms.leads.read.get(lead_id))

    @writes.post("/v1/events/appointments/leads")
    def create_appointment() -> Answer:
        return write(sandbox, CREATE_APPOINTMENT)

    @writes.put("/v1/events/appointments/leads/<event_id>")
    def update_appointment(event_id: str) -> Answer:
        with sandbox.reading() as pms:
            return change(sandbox, UPDATE_APPOINTMENT, event_id, pms.appointments.read.get(event_id))

    @writes.post("/v1/events/appointments/leads/cancel")
    def cancel_appointment() -> Answer:
        body = json_body()
        event_id = body.get("event_id") if isinstance(body, dict) else None
        if sandbox.unknown_ids_are_invalid and isinstance(event_id, str):
            with sandbox.reading() as pms:
                if event_id not in pms.appointments.read:
                    raise UnknownRecordError
        return write(sandbox, CANCEL_APPOINTMENT)

    return writes


def write(sandbox: Sandbox, operation: WriteRule) -> Answer:
    """A write whose body names the integration."""
    body, rule, vendor = vendor_rule(sandbox, operation)
    accepted = operation.accept(body, rule, ignore_unknown_fields=_ignores_unknown_fields())
    return _queued(sandbox, sandbox.queue(
        operation, accepted, integration_id=accepted["integration_id"], vendor=vendor, fault=_fault()
    ))  # fmt: skip


def change(sandbox: Sandbox, operation: WriteRule, record_id: str, known: Cached[Any] | None) -> Answer:
    """A write whose path names the record, and by it the integration.

    An id that Propexo does not know is held against the generic schema alone and fails in its job; what
    Propexo answers is not documented.
    """
    if known is None and sandbox.unknown_ids_are_invalid:
        raise UnknownRecordError
    integration = sandbox.integration(known.record.integration_id) if known else None
    vendor = integration.vendor if integration else ""
    rule = operation.rule(vendor) if vendor else Rule()
    accepted = operation.accept(json_body(), rule, ignore_unknown_fields=_ignores_unknown_fields())
    return _queued(sandbox, sandbox.queue(
        operation, accepted, integration_id=integration.id if integration else None, vendor=vendor,
        record_id=record_id, fault=_fault(),
    ))  # fmt: skip


def vendor_rule(sandbox: Sandbox, operation: WriteRule) -> tuple[Any, Rule, str]:
    """The body of this request, with the rule and the name of the PMS that it goes to.

    Raises InvalidError without a usable `integration_id`, NotSupportedError when that PMS has no such operation.
    """
    body = json_body()
    named = body.get("integration_id") if isinstance(body, dict) else None
    if not isinstance(named, str) or not named:
        operation.accept(body, Rule())
    vendor = sandbox.integration(str(named)).vendor
    return body, operation.rule(vendor), vendor


def json_body() -> Any:
    """The parsed body; `None` when it is not JSON, which every schema refuses."""
    return request.get_json(silent=True)


def _ignores_unknown_fields() -> bool:
    return request.args.get("ignore_unknown_fields") == "true"


def _fault() -> Fault | None:
    fault: Fault | None = g.fault
    return fault if fault and fault.write_status else None


def _queued(sandbox: Sandbox, job: SandboxJob) -> Answer:
    """Either of the two documented shapes; a fault can leave the job id out."""
    job_id = {} if g.fault and g.fault.no_job_id else {"job_id": job.id}
    if sandbox.wrapped:
        return {"meta": job_id, "result": job.body}
    return {**job_id, "data": {}}
