"""Schemas of the groups of events that wait for the same decision."""

from marshmallow import Schema, fields, validate

from bridge.console.actions.groups import AT_ONCE, CORRECTED_BY
from bridge.console.api.fields import TextField, YesNo, ids, text_or_null
from bridge.console.api.schemas import ChosenSchema, EventLine, PropertyBody
from bridge.console.api.schemas_tours import RecordChoiceSchema
from bridge.console.events.correction_form import LONGEST


class GroupArguments(Schema):
    group = TextField(metadata={"description": "Only the group with this id, with all its events."})


class WaitingLine(EventLine):
    """One event of a group."""

    renter = text_or_null()
    phone = text_or_null()
    start_as_sent = fields.String(
        allow_none=True, metadata={"description": "What could not be read as a start."}
    )


class WaitingGroupSchema(Schema):
    """Events that one decision settles, the soonest tour first."""

    id = fields.String()
    reason = fields.String()
    heading = fields.String(metadata={"description": "What its events have in common."})
    advice = text_or_null()
    field = fields.String(
        allow_none=True,
        metadata={
            "description": "What one choice settles: `property` by `choose_property` of any of its events with "
            "`replay`, `agent` and `unit` by `correct_group`; null: each event needs its own decision."
        },
    )
    choices = fields.List(fields.Nested(RecordChoiceSchema))
    ids = fields.List(fields.Integer(), metadata={"description": "Of all its events."})
    events = fields.List(fields.Nested(WaitingLine), metadata={"description": "The first of them."})


class WaitingGroups(Schema):
    total = fields.Integer(metadata={"description": "How many events wait for a decision."})
    groups = fields.List(fields.Nested(WaitingGroupSchema))


class GroupCorrectionBody(Schema):
    ids = ids(AT_ONCE)
    field = TextField(required=True, validate=validate.OneOf(list(CORRECTED_BY.values())))
    value = TextField(required=True, validate=validate.Length(1, LONGEST))


class SettledGroupSchema(Schema):
    """What has become of the events of a group."""

    queued = fields.List(fields.Integer())
    refused = fields.Dict(
        keys=fields.Integer(),
        values=fields.String(),
        metadata={"description": "By event: why it could not be changed."},
    )


class ChosenPropertyBody(PropertyBody):
    replay = YesNo(load_default=False, metadata={"description": "Run all these events again immediately."})


class ChosenPropertySchema(ChosenSchema):
    """All parked events that call their property so."""

    queued = fields.List(
        fields.Integer(), metadata={"description": "Those that run again; empty without `replay`."}
    )
