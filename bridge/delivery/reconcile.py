"""When it is not known whether a write arrived: look for its trace where Propexo would show it.

Propexo documents no idempotency key. The write log lists finished jobs, with their parameters where the PMS
gives them; the cached records lag behind. A hit is certain, a miss proves nothing.
"""

import json
from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from bridge.delivery.calls import Calls
from bridge.delivery.ledger import CONFIRMED
from bridge.models import Attempt, Booking
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
    found = next((one for one in appointments if one.notes and code in one.notes), None)
    return found or _created_by_its_job(calls, integration_id, lead_id, code)


def _created_by_its_job(calls: Calls, integration_id: str, lead_id: str, code: str) -> Appointment | None:
    """The appointment whose id nobody asked for when the write log confirmed its create, and whose notes were lost."""
    with calls.context.database.session() as session:
        confirmed = select(Attempt).join(Booking, Attempt.booking_id == Booking.id)
        creates = confirmed.where(
            Booking.code == code, Attempt.kind == "create", Attempt.outcome == CONFIRMED
        )
        create = session.scalar(creates.order_by(Attempt.id.desc()).limit(1))
    if (
        create is None
        or create.job_id is None
        or create.listed is None
        or not (create.effect or {}).get("id_column")
    ):
        return None
    job_id, propexo = create.job_id, calls.context.propexo
    told = calls.read("write_status", integration_id, lambda: propexo.write_status(job_id))
    record_id = told.created_record_id
    if record_id is None:
        return None
    found = calls.read("get_appointment", integration_id, lambda: propexo.get_appointment(record_id))
    return found if found and lead_id in found.lead_ids else None
