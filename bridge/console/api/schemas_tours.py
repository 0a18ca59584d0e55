"""Schemas of calendar feeds, and of the fields of a tour."""

from marshmallow import Schema, fields, validate

from bridge.console.api.fields import TextField, text_or_null
from bridge.console.events.correction_form import LONGEST
from bridge.mapping.booking import TourKind


def _typed(**more: str) -> TextField:
    return TextField(validate=validate.Length(max=LONGEST), metadata=more)


class FeedLine(Schema):
    id = fields.Integer()
    property = fields.String(
        allow_none=True, metadata={"description": "Its key; null: tours of all properties."}
    )
    created_at = fields.DateTime()
    created_by = text_or_null()
    used_at = fields.DateTime(allow_none=True)


class FeedList(Schema):
    feeds = fields.List(fields.Nested(FeedLine))


class FeedBody(Schema):
    property = TextField(
        metadata={"description": "Key, name or an alias of a configured property; left out: all properties."}
    )


class NewFeed(FeedLine):
    address = fields.String(metadata={"description": "With its secret, shown this once and stored nowhere."})


class TourFieldArguments(Schema):
    property = TextField(
        metadata={"description": "Show the clock, the units and the agents of this property instead."}
    )


class RecordChoiceSchema(Schema):
    value = fields.String(metadata={"description": "What the field takes."})
    label = fields.String()


class TourFields(Schema):
    """The tour as it is known; an empty text: not given."""

    fields_ = fields.Dict(keys=fields.String(), values=fields.String(), data_key="fields", attribute="fields")
    start_as_sent = fields.String(
        allow_none=True, metadata={"description": "What could not be read as a start."}
    )
    properties = fields.List(fields.String())
    units = fields.List(fields.Nested(RecordChoiceSchema))
    agents = fields.List(fields.Nested(RecordChoiceSchema))


class TourFieldsBody(Schema):
    first_name = _typed()
    last_name = _typed()
    email = _typed()
    phone = _typed()
    unit = _typed()
    agent = _typed()
    kind = TextField(validate=validate.OneOf(["", *(kind.value for kind in TourKind)]))
    property = _typed(description="Its key.")
    date = _typed(description="Of the tour, as 2026-12-31, by the clock of the property.")
    time = _typed(description="Of the tour, as 14:30, by the clock of the property.")
