"""When it is not known whether a write arrived: look for its trace where Propexo would show it.

Propexo documents no idempotency key. The write log lists finished jobs, with their parameters where the PMS
gives them; the cached records lag behind. A hit is certain, a miss proves nothing.
"""

import json
from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from bridge.forwarding.calls import Calls
from bridge.models import Attempt
from bridge.propexo.client import Appointment, WriteLogEntry


def find_job(calls: Calls, integration_id: str, attempt: Attempt, needle: str) -> str | None:
    """The job of a write, by our reference or the appointment's id in the parameters of the write log."""
    category: Literal["events", "leads"] = "leads" if attempt.kind == "create_lead" else "events"
    age = calls.now() - attempt.started_at + timedelta(minutes=10)  # clocks differ
    time_range: Literal["hour", "day", "week"] = (
        "hour" if age < timedelta(hours=1) else "day" if age < timedelta(days=1) else "week"
    )
    entries = calls.read(
        "write_log",
        integration_id,
        lambda: calls.context.propexo.write_log(
            integration_id=integration_id, category=category, time_range=time_range
        ),
    )
    found = [entry.job_id for entry in entries if mentions(entry, needle) and _same_write(entry, attempt)]
    with calls.context.database.session() as session:
        known = set(session.scalars(select(Attempt.job_id).where(Attempt.job_id.in_(found))))
    return next((job_id for job_id in found if job_id not in known), None)


def _same_write(entry: WriteLogEntry, attempt: Attempt) -> bool:
    """Every update and cancel of an appointment names its id: only what else was sent tells them apart."""
    sent = attempt.request or {}
    if attempt.kind == "cancel":
        return not mentions(entry, "appointment_date")
    if attempt.kind == "update":
        said = [sent[name] for name in ("appointment_date", "appointment_time") if name in sent]
        return all(mentions(entry, value) for value in said)
    return True


def mentions(entry: WriteLogEntry, needle: str) -> bool:
    """Whether a write carried this text. `parameters` has no documented shape, so all of it is searched."""
    return needle in json.dumps(entry.parameters, default=str)


def find_appointment(calls: Calls, integration_id: str, lead_id: str, code: str) -> Appointment | None:
    """The appointment of a lead that carries our reference in its notes."""
    appointments = calls.read(
        "list_appointments",
        integration_id,
        lambda: calls.context.propexo.list_appointments(integration_id=integration_id, lead_id=lead_id),
    )
    return next((one for one in appointments if one.notes and code in one.notes), None)
