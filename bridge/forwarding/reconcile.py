"""When it is not known whether a create arrived: look for our reference where Propexo would show it.

Propexo documents no idempotency key. The write log lists finished jobs, with their parameters where the PMS
gives them; the cached records lag behind. A hit is certain, a miss proves nothing.
"""

import json
from typing import Literal

from bridge.forwarding.calls import Calls
from bridge.models import Attempt
from bridge.propexo.client import Appointment, WriteLogEntry


def find_job(calls: Calls, integration_id: str, attempt: Attempt, code: str) -> str | None:
    """The job of a create, by our reference in the parameters of the write log."""
    category: Literal["events", "leads"] = "leads" if attempt.kind == "create_lead" else "events"
    age = calls.now() - attempt.started_at
    time_range: Literal["hour", "day", "week"] = "hour" if age.total_seconds() < 3000 else "day" if age.days < 1 else "week"  # noqa: PLR2004 - well within the hour
    entries = calls.read(
        "write_log",
        integration_id,
        lambda: calls.context.propexo.write_log(
            integration_id=integration_id, category=category, time_range=time_range
        ),
    )
    return next((entry.job_id for entry in entries if mentions(entry, code)), None)


def mentions(entry: WriteLogEntry, code: str) -> bool:
    """Whether a write carried our reference. `parameters` has no documented shape, so its text is searched."""
    return code in json.dumps(entry.parameters, default=str)


def find_appointment(calls: Calls, integration_id: str, lead_id: str, code: str) -> Appointment | None:
    """The appointment of a lead that carries our reference in its notes."""
    appointments = calls.read(
        "list_appointments",
        integration_id,
        lambda: calls.context.propexo.list_appointments(integration_id=integration_id, lead_id=lead_id),
    )
    return next((one for one in appointments if one.notes and code in one.notes), None)
