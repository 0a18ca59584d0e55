"""Which field of a booking goes where in each PMS: one table, built from the profiles.

Each cell is for a new appointment / for a change of one: *field*, *notes*, or *hand*: the change cannot be written, so
the appointment is cancelled and created again where the PMS takes both, else an operator enters it.

| PMS | unit | kind | agent | length | lead source | title | status | priority | notes | visitor |
|---|---|---|---|---|---|---|---|---|---|---|
| ENTRATA | field / field | field / field | notes / notes | field / field | notes / notes | field / field | notes / notes | notes / notes | field / field | notes / notes |
| REALPAGE_RPX | notes / notes | notes / notes | field / notes | field / field | notes / notes | notes / notes | notes / notes | field / field | field / field | notes / notes |
| RENTMANAGER | notes / notes | notes / notes | field / notes | field / field | notes / notes | field / field | notes / notes | notes / notes | field / field | notes / notes |
| RESMAN | field / field | notes / notes | notes / notes | notes / notes | field / notes | notes / notes | notes / notes | notes / notes | field / field | notes / notes |
| APPFOLIO | field / notes | notes / notes | field / field | field / field | notes / notes | notes / notes | notes / notes | notes / notes | field / field | notes / notes |
| MRI | notes / notes | notes / notes | field / field | notes / notes | notes / notes | notes / notes | field / field | notes / notes | field / field | notes / notes |
| YARDI | field / hand | notes / hand | field / hand | notes / hand | notes / hand | notes / hand | notes / hand | notes / hand | field / hand | notes / hand |
| YARDI_REST | field / hand | notes / hand | field / hand | notes / hand | notes / hand | notes / hand | notes / hand | notes / hand | field / hand | notes / hand |
"""  # noqa: E501 - a table

from collections.abc import Mapping
from enum import StrEnum

from bridge.propexo.pms import Operation, Profile
from bridge.propexo.tours import Tour


class Carrier(StrEnum):
    """Where something of a booking goes."""

    FIELD = "field"
    NOTES = "notes"
    HAND = "hand"


BODY_FIELDS: Mapping[str, str | None] = {
    "unit": "unit_id",
    "kind": "appointment_type",
    "agent": "employee_id",
    "length": "appointment_duration_minutes",
    "lead source": "lead_source_id",
    "title": "title",
    "status": "status",
    "priority": "priority",
    "notes": "notes",
    "visitor": None,
}
"""By what a booking says: the field of Propexo's bodies, if there is one."""
VALUES: Mapping[str, tuple[str, ...]] = {
    "unit": ("unit_id", "unit_name"),
    "kind": ("appointment_type",),
    "agent": ("employee_id", "agent_name"),
    "length": ("duration_minutes",),
    "lead source": ("lead_source_id", "source_name"),
    "title": ("title",),
    "status": ("status",),
    "priority": ("priority",),
    "notes": ("notes",),
    "visitor": ("visitor", "contact"),
}
"""By what a booking says: the attributes of a tour."""
MATTERS = ("unit", "kind", "agent", "length", "visitor")
"""A change of these is worth a new appointment where no update takes it."""


def carrier(operation: Operation, what: str) -> Carrier:
    """Where an operation puts what a booking says."""
    if BODY_FIELDS[what] in operation.fields:
        return Carrier.FIELD
    return Carrier.NOTES if "notes" in operation.fields else Carrier.HAND


def changed(before: Tour, after: Tour) -> list[str]:
    """What differs between two tours, apart from their start."""
    return [
        what
        for what, names in VALUES.items()
        if any(getattr(before, name) != getattr(after, name) for name in names)
    ]


def not_carried(profile: Profile, before: Tour, after: Tour) -> list[str]:
    """What has changed and no update of this PMS takes, neither in a field nor in the notes."""
    if profile.update is None:
        return changed(before, after)
    return [what for what in changed(before, after) if not _is_carried(profile.update, what, after)]


def _is_carried(operation: Operation, what: str, tour: Tour) -> bool:
    where = carrier(operation, what)
    if where is Carrier.NOTES and what in ("unit", "agent", "lead source"):
        record_id, name = (getattr(tour, attribute) for attribute in VALUES[what])
        return bool(name) or record_id is None  # an id of Propexo's says nothing to anybody
    return where is not Carrier.HAND
