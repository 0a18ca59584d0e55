"""Schemas of the setup of sources, and of shadow mode."""

from typing import Any

from marshmallow import Schema, fields, validate

from bridge.console.actions.sources import MODES
from bridge.console.api.fields import TextField, YesNo, text_or_null


def _short() -> TextField:
    return TextField(validate=validate.Length(max=500))


def _origins(description: str, **more: Any) -> fields.List[str]:
    return fields.List(
        _short(), validate=validate.Length(max=100), metadata={"description": description}, **more
    )


class NewSourceBody(Schema):
    name = TextField(required=True, validate=validate.Length(1, 100))
    mapping = TextField(required=True, metadata={"description": "A name of `list_mappings`."})
    secret = _short()
    tenants = fields.List(_short(), load_default=list, validate=validate.Length(max=100))
    origins = _origins(
        "Of a form: the websites that may send it, such as https://www.example.com.", load_default=list
    )
    api = fields.Dict(
        keys=TextField(),
        values=_short(),
        load_default=dict,
        metadata={"description": "Credentials for the API of the sender, where its requests carry ids only."},
    )


class SourceSetupBody(Schema):
    property = _short()
    lead_source = _short()
    phone_region = _short()
    on_request = _short()
    record = YesNo(load_default=False)
    origins = _origins("Of a form; left out, they stay.")


class FirstEventSchema(Schema):
    """The newest event, as it is read."""

    event_id = fields.Integer()
    is_test = fields.Boolean()
    action = fields.String()
    name = text_or_null()
    email = text_or_null()
    phone = text_or_null()
    start = fields.Function(
        lambda event: event.start.isoformat() if event.start else None, metadata={"type": ["string", "null"]}
    )
    named_property = text_or_null()
    property_name = text_or_null()
    problems = fields.List(fields.String())


class SourceSetup(Schema):
    """A source that is stored beside bridge.toml."""

    name = fields.String()
    mapping = fields.String()
    mode = fields.String(validate=validate.OneOf(MODES))
    secret = text_or_null()
    tenants = fields.List(fields.String())
    origins = fields.List(fields.String())
    property = text_or_null()
    lead_source = text_or_null()
    phone_region = text_or_null()
    on_request = text_or_null()
    record = fields.Boolean()
    first_event = fields.Nested(FirstEventSchema, allow_none=True)


class ModeBody(Schema):
    mode = TextField(required=True, validate=validate.OneOf(MODES))


class ShadowLine(Schema):
    event_id = fields.Integer()
    action = fields.String()
    name = fields.String(allow_none=True, metadata={"description": "Masked for viewers."})
    starts_at = fields.Function(
        lambda row: row.starts_at.isoformat() if row.starts_at else None,
        metadata={"type": ["string", "null"]},
    )
    property_name = text_or_null()
    sentence = fields.String(attribute="words")


class ShadowSchema(Schema):
    """What shadow mode has seen in the last seven days."""

    total = fields.Integer()
    same = fields.Integer()
    different = fields.Integer()
    unclear = fields.Integer(
        metadata={
            "description": "Cancelled tours that the PMS still reports; look there whether they are cancelled."
        }
    )
    needs_operator = fields.Integer()
    rows = fields.List(fields.Nested(ShadowLine))
    problem = fields.String(allow_none=True, metadata={"description": "Why the PMS could not be asked."})
    compared_at = fields.DateTime(allow_none=True)
