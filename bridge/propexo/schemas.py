"""The fields of Propexo's generic write bodies, with their types and limits.

They say what a value must look like, not which fields a PMS needs: that is `bridge.propexo.pms`.
"""

from marshmallow import Schema, fields, validate

TITLE_LIMIT = 50
NOTES_LIMIT = 256
"""On a new appointment; for a changed one Propexo names no limit, and we keep the same."""

APPOINTMENT_TYPES = {
    "TOUR": "Apartment tour",
    "SELF_GUIDED_TOUR": "Self-guided tour",
    "VIRTUAL_TOUR": "Virtual tour",
    "LEASING_APPOINTMENT": "Leasing appointment",
}
"""Propexo's appointment types, and how people call them."""


APPOINTMENT_STATUSES = ("COMPLETED", "OPEN", "REVIEW", "DENIED")
PRIORITIES = ("HIGH", "MEDIUM", "LOW")


def _text(limit: int | None = None) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=limit))


class AppointmentSchema(Schema):
    """A new or a changed appointment."""

    integration_id = _text()
    lead_id = _text()
    unit_id = _text()
    employee_id = _text()
    lead_source_id = _text()
    appointment_date = fields.String(validate=validate.Regexp(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"))
    # Propexo's own pattern has no anchors: a longer text would pass there and fail in the PMS.
    appointment_time = fields.String(validate=validate.Regexp(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\Z"))
    appointment_duration_minutes = fields.Integer(strict=True, validate=validate.Range(min=1))
    appointment_type = fields.String(validate=validate.OneOf(list(APPOINTMENT_TYPES)))
    status = fields.String(validate=validate.OneOf(APPOINTMENT_STATUSES))
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    title = _text(TITLE_LIMIT)
    notes = _text(NOTES_LIMIT)


class CancelSchema(Schema):
    """A cancellation."""

    integration_id = _text()
    event_id = _text()


class LeadSchema(Schema):
    """A new lead."""

    integration_id = _text()
    property_id = _text()
    lead_source_id = _text()
    lead_relationship_id = _text()
    employee_id = _text()
    first_name = _text()
    last_name = _text()
    email_1 = _text()
    phone_1 = _text()
    third_party_id = _text()
    organization_name = _text()
    notes = _text()
