"""Schemas of mappings: started from recorded requests, and saved."""

from marshmallow import Schema, fields, validate

from bridge.console.api.fields import LARGEST, TextField, WholeNumber
from bridge.console.workbench.request_builder import MOST_PAYLOADS
from bridge.mapping_checks.recorded_requests import NAME, NAME_HINT

TEXT = validate.Length(max=200_000)
BODY = validate.Length(max=1_048_576)


class NewMappingBody(Schema):
    name = TextField(
        required=True, validate=validate.Regexp(f"^{NAME.pattern}$", error=f"Not a name; {NAME_HINT}.")
    )
    docs = TextField(
        load_default="",
        validate=validate.Length(max=500),
        metadata={"description": "The page on which the sender describes its payload."},
    )
    events = fields.List(
        WholeNumber(validate=validate.Range(1, LARGEST)),
        load_default=list,
        validate=validate.Length(max=MOST_PAYLOADS),
        metadata={"description": "Ids of stored events, such as those of a source that records."},
    )


class WorkbenchPayload(Schema):
    """A request as text."""

    name = fields.String(metadata={"description": "The name of the sample that it may become."})
    body = fields.String()
    content_type = fields.String()
    headers = fields.String(metadata={"description": "A `name: value` a line."})
    query = fields.String()
    origin = fields.String()


class NewMappingSchema(Schema):
    """The beginning of a mapping; it is stored nowhere."""

    name = fields.String(attribute="script.name")
    text = fields.String(attribute="script.text")
    payloads = fields.List(fields.Nested(WorkbenchPayload))


class NewSampleBody(Schema):
    name = TextField(required=True, validate=validate.Length(1, 80))
    body = TextField(validate=BODY, metadata={"description": "Or `event`."})
    event = WholeNumber(
        validate=validate.Range(1, LARGEST),
        metadata={"description": "A stored event, whose request it is, byte for byte."},
    )
    headers = fields.Dict(keys=TextField(), values=TextField(), load_default=dict)
    query = fields.Dict(keys=TextField(), values=TextField(), load_default=dict)
    details = fields.Dict(keys=TextField(), values=fields.Raw(), load_default=dict)


class SaveMappingBody(Schema):
    text = TextField(required=True, validate=TEXT)
    source = TextField(metadata={"description": "The source whose settings count while it is checked."})
    samples = fields.List(
        fields.Nested(NewSampleBody),
        load_default=list,
        validate=validate.Length(max=MOST_PAYLOADS),
        metadata={"description": "They are added, or replace those of the same name."},
    )
    accept = fields.List(
        TextField(),
        load_default=list,
        metadata={"description": "Samples that it has, whose booking may become what the text gives now."},
    )
    seen = TextField(
        load_default="",
        metadata={"description": "To replace files: the `seen` of the answer that showed the difference."},
    )


class FileChangeSchema(Schema):
    name = fields.String(metadata={"description": "Below `mappings_dir`."})
    is_new = fields.Boolean()


class SavedMappingSchema(Schema):
    name = fields.String()
    changes = fields.List(fields.Nested(FileChangeSchema))
    read_at_once = fields.List(
        fields.String(), metadata={"description": "Sources that read with it within a second."}
    )
    read_after_restart = fields.List(
        fields.String(), metadata={"description": "Sources of bridge.toml; restart web and worker processes."}
    )
