"""The outcome of a write: write-status, write log, retry-write, manual sync, and webhooks about them."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, request

from bridge.sandbox.formats import ListOf, OneOfFormat, Record, TextFormat
from bridge.sandbox.jobs import FAILURE, SUCCESS, SandboxJob
from bridge.sandbox.model_names import SYNCED
from bridge.sandbox.queue import LogQuery
from bridge.sandbox.reads import refuse_unknown, whole_number
from bridge.sandbox.records import timestamp
from bridge.sandbox.refusals import InvalidError, issue
from bridge.sandbox.state import Sandbox
from bridge.sandbox.writes import json_body

RANGES = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
CATEGORIES = (
    "amenities", "applicants", "applications", "contracts", "crm_listings", "deposit_summaries",
    "event_types", "events", "file_types", "file_upload", "invoices", "leads", "leases", "listings",
    "properties", "purchase_orders", "recurring_resident_charges", "resident_charges",
    "resident_payments", "resident_pets", "residents", "service_request_vendors", "service_requests",
    "transactions", "units",
)  # fmt: skip
MANUAL_SYNC = Record({"sync_config_id": TextFormat(), "models_to_sync": ListOf(OneOfFormat(SYNCED))})
WORDS = {"time_range": tuple(RANGES), "status": (SUCCESS, FAILURE), "write_category": CATEGORIES}


def create_followup(sandbox: Sandbox) -> Blueprint:
    """The routes that follow up a write."""
    followup = Blueprint("followup", __name__)

    @followup.get("/v1/admin/write-status/<job_id>")
    def write_status(job_id: str) -> dict[str, Any]:
        job = sandbox.job(job_id)
        return {
            "write_status": job.write_status,
            "errors": job.errors,
            "created_record_id": job.created_record_id,
        }

    @followup.post("/v1/admin/retry-write/<job_id>")
    def retry_write(job_id: str) -> dict[str, Any]:
        return {"success": True, "job_id": sandbox.retry(job_id).id}

    @followup.get("/v1/admin/logs/writes/")
    def write_log() -> dict[str, Any]:
        return {"results": {"logs": [_log_record(sandbox, job) for job in _asked_jobs(sandbox)]}}

    @followup.post("/v1/admin/integrations/<integration_id>/manual-sync")
    def manual_sync(integration_id: str) -> dict[str, Any]:
        body = json_body() or {}
        if problems := list(MANUAL_SYNC.issues(body, ())):
            raise InvalidError(problems)
        sandbox.begin_sync(integration_id, body.get("models_to_sync") or ("leads", "events"))
        return {"result": {"success": True}}

    @followup.post("/v1/webhooks/")
    def register_webhook() -> dict[str, Any]:
        return {"result": sandbox.register_webhook(request.get_json(silent=True))}

    return followup


def _asked_jobs(sandbox: Sandbox) -> list[SandboxJob]:
    """A page. Propexo: finished jobs only, of status SUCCESS or FAILURE, so a partial success is not listed."""
    query = request.args
    refuse_unknown(query, ("limit", "offset", "time_range", "integration_id", "status", "write_category"))
    for name, options in WORDS.items():
        if name in query and query[name] not in options:
            raise InvalidError([issue([name], f"Expected one of {', '.join(options)}.")])
    since = sandbox.clock() - RANGES[query["time_range"]] if "time_range" in query else None
    return sandbox.finished_jobs(
        LogQuery(
            whole_number(query, "offset", 0),
            whole_number(query, "limit", 100, least=1, most=100),
            (query["status"],) if "status" in query else (SUCCESS, FAILURE),
            query.get("integration_id"),
            query.get("write_category"),
            since,
        )
    )


def _log_record(sandbox: Sandbox, job: SandboxJob) -> dict[str, Any]:
    record = {
        "id": job.log_id,
        "created_at": timestamp(job.due_at),
        "job_id": job.id,
        "job_log_id": job.log_id,
        "status": job.write_status,
        "integration_id": job.integration_id or "",
        "job_type": job.operation.name.upper().replace(" ", "_"),
        "error": "; ".join(job.errors) or None,
        "name": job.operation.name,
        "vendor": job.vendor,
    }
    return {**record, "parameters": job.parameters} if sandbox.log_parameters else record
