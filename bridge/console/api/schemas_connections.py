"""Schemas of free times, tests of sources, the widget, mappings, and findings at Propexo."""

from marshmallow import Schema, fields, validate

from bridge.console.api.fields import MomentField, TextField, text_or_null
from bridge.console.sources.widget_line import USUAL_ACCENT
from bridge.widget.words import LOCALES


class AvailabilityArguments(Schema):
    property = TextField(
        required=True, metadata={"description": "Key, name or an alias of a configured property."}
    )
    kind = TextField(metadata={"description": "A kind of tour that the property offers."})
    first = fields.Date(data_key="from", metadata={"description": "The first of seven days."})


class StartSchema(Schema):
    start = fields.String(metadata={"format": "date-time"})
    is_free = fields.Boolean()
    reason = text_or_null()
    sentence = text_or_null()


class DaySchema(Schema):
    date = fields.Date()
    starts = fields.List(fields.Nested(StartSchema))


class AvailabilitySchema(Schema):
    """The starts of a week in the zone of the property."""

    property = fields.String()
    kind = text_or_null()
    days = fields.List(fields.Nested(DaySchema))


class SlotSchema(Schema):
    start = fields.String(metadata={"format": "date-time"})
    end = fields.String(metadata={"format": "date-time"})
    kinds = fields.List(fields.String())
    agent = fields.String()


class NearestTimesSchema(Schema):
    """What can be chosen for a tour whose time another one has."""

    property = fields.String()
    kind = text_or_null()
    wanted = fields.String(metadata={"format": "date-time"})
    is_free = fields.Boolean(metadata={"description": "The wanted time is free by now: a replay is enough."})
    nearest = fields.List(fields.Nested(SlotSchema))


class TimeBody(Schema):
    start = MomentField(required=True, metadata={"description": "`start` of one of the nearest times."})


class SampleBody(Schema):
    sample = TextField(required=True, metadata={"description": "One of `samples` of the source."})


class TrialSchema(Schema):
    """What the source's address answered."""

    status = fields.Integer()
    answer = fields.String()
    event_id = fields.Integer(allow_none=True)
    passed = fields.Boolean()


class WidgetArguments(Schema):
    property = fields.List(TextField(), load_default=list, metadata={"description": "Keys of properties."})
    language = TextField(validate=validate.OneOf(sorted(LOCALES)))
    accent = TextField(load_default=USUAL_ACCENT, validate=validate.Regexp(r"^#[0-9a-fA-F]{6}$"))
    radius = TextField(load_default="8px", validate=validate.OneOf(["2px", "8px"]))


class WidgetSchema(Schema):
    code = fields.String(metadata={"description": "HTML for the page of a website."})
    link = fields.String(metadata={"description": "The widget as a page of its own."})


class MappingLine(Schema):
    name = fields.String()
    sender = fields.String()
    samples = fields.List(fields.String())


class MappingList(Schema):
    mappings = fields.List(fields.Nested(MappingLine))


class MappingSchema(MappingLine):
    text = fields.String(metadata={"description": "Its Python."})


class FindingSchema(Schema):
    level = fields.String()
    key = fields.String(metadata={"description": "The path of a key of bridge.toml, a file or a service."})
    message = fields.String()


class FindingList(Schema):
    at = fields.DateTime()
    findings = fields.List(fields.Nested(FindingSchema))
