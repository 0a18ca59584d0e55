"""Bodies of writes, or why one cannot be built, with the place in the payload that has to change."""

from collections.abc import Callable, Sequence
from typing import Any

from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Park, Snapshot
from bridge.propexo.bodies import MissingFieldsError, UnsupportedOperationError
from bridge.propexo.errors import RejectedError
from bridge.propexo.pms import RepeatedTimeError, SkippedTimeError

MAPPING_FIELD_OF = {
    "appointment_date": "starts_at",
    "appointment_time": "starts_at",
    "appointment_duration_minutes": "duration_minutes",
    "appointment_type": "kind",
    "status": "status",
    "priority": "priority",
    "unit_id": "unit",
    "employee_id": "agent",
    "lead_source_id": "lead_source",
    "lead_id": "lead_id",
    "title": "title",
    "notes": "notes",
    "first_name": "first_name",
    "last_name": "last_name",
    "email_1": "email",
    "phone_1": "phone",
    "property_id": "property",
}
"""The field of a mapping behind each field of Propexo's bodies."""


def checked(snapshot: Snapshot, build: Callable[[], dict[str, Any]]) -> dict[str, Any] | Park:
    """A body, or a `Park` that names what is missing or wrong, before anything is sent."""
    try:
        return build()
    except MissingFieldsError as error:
        return _missing(snapshot, error)
    except UnsupportedOperationError as error:
        return Park(Reason.NOT_SUPPORTED, error.message)
    except (RepeatedTimeError, SkippedTimeError) as error:
        return Park(Reason.INVALID_TIME, error.message)
    except RejectedError as error:
        return rejected(snapshot, error)


def rejected(snapshot: Snapshot, error: RejectedError) -> Park:
    """What Propexo, or our own check, does not accept."""
    detail = with_origins(snapshot, error.message, [issue.path for issue in error.issues])
    return Park(Reason.REJECTED, detail)


def _missing(snapshot: Snapshot, error: MissingFieldsError) -> Park:
    """Where the sender named what is missing, that name is what an operator looks for."""
    unknown = [snapshot.unknown[field] for field in error.fields if field in snapshot.unknown]
    message = " ".join([*(unresolved.advice for unresolved in unknown), error.message])
    reason = unknown[0].kind.reason if unknown else Reason.MISSING_FIELD
    return Park(reason, with_origins(snapshot, message, error.fields))


def with_origins(snapshot: Snapshot, message: str, body_fields: Sequence[str]) -> str:
    """The message, and where in the sender's payload the named fields of a body come from."""
    source = snapshot.interpretation.source
    names = {field: MAPPING_FIELD_OF[field] for field in body_fields if field in MAPPING_FIELD_OF}
    if source is None or not names:
        return message
    origins = [f"{field} is read from `{source.mapping.where(name)}`" for field, name in names.items()]
    return f"{message} ({'; '.join(origins)})"
