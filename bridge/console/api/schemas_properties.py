"""Schemas of sources, integrations, properties, users and figures."""

from marshmallow import Schema, fields, validate

from bridge.console.access.passwords import SHORTEST
from bridge.console.api.fields import MomentField, TextField, WholeNumber, YesNo, text_or_null
from bridge.console.api.schemas import ROLES


class AppointmentArguments(Schema):
    """Days are those of the property."""

    property = TextField(
        required=True, metadata={"description": "Key, name or an alias of a configured property."}
    )
    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")


class AppointmentLine(Schema):
    """An appointment of the PMS, a booking, or both."""

    match = fields.Function(
        lambda row: row.match.value,
        metadata={"type": "string", "enum": ["ours", "theirs", "missing"]},
    )
    starts_at = fields.Function(
        lambda row: row.starts_at.isoformat() if row.starts_at else None,
        metadata={
            "type": ["string", "null"],
            "description": "With an offset where a booking says it; without one as Propexo shows it, in a zone that "
            "it does not document.",
        },
    )
    appointment_id = text_or_null()
    lead_id = text_or_null()
    notes = fields.String(allow_none=True, metadata={"description": "Only for who may see renters."})
    last_seen = fields.DateTime(allow_none=True)
    booking_id = fields.Integer(allow_none=True)
    code = text_or_null()
    state = text_or_null()


class AppointmentList(Schema):
    appointments = fields.List(fields.Nested(AppointmentLine))


class SourceLineSchema(Schema):
    """One source; the numbers are of the last 24 hours."""

    name = fields.String()
    sender = fields.String()
    mapping = fields.String()
    enabled = fields.Boolean()
    last_at = fields.DateTime(allow_none=True)
    received = fields.Integer()
    refused = fields.Integer()


class SourceList(Schema):
    sources = fields.List(fields.Nested(SourceLineSchema))


class FailureSchema(Schema):
    cause = fields.String()
    count = fields.Integer()
    last_at = fields.DateTime()


class ChangeSchema(Schema):
    """A field that appeared, vanished or changed its type."""

    event = fields.String()
    path = fields.String()
    what = fields.String()
    at = fields.DateTime()
    type = fields.String()
    before = text_or_null()


class RecordedSchema(Schema):
    event_id = fields.Integer()
    received_at = fields.DateTime()
    content_type = text_or_null()
    payload = fields.Raw(allow_none=True)


class SourceStory(Schema):
    """How a sender is set up and how it does; failures and changes are of the last 30 days."""

    line = fields.Nested(SourceLineSchema)
    address = fields.String()
    secret_in_address = fields.Boolean()
    steps = fields.String()
    samples = fields.List(fields.String())
    received_30_days = fields.Integer()
    failures = fields.List(fields.Nested(FailureSchema))
    changes = fields.List(fields.Nested(ChangeSchema))
    recorded = fields.List(fields.Nested(RecordedSchema))
    records = fields.Boolean()


class IntegrationLine(Schema):
    integration_id = fields.String()
    properties = fields.List(fields.String())
    state = fields.String()
    since = fields.DateTime(allow_none=True)
    cause = text_or_null()
    reason = text_or_null()
    waiting = fields.Integer()
    next_probe = fields.DateTime(allow_none=True)


class IntegrationList(Schema):
    integrations = fields.List(fields.Nested(IntegrationLine))


class PauseBody(Schema):
    reason = TextField(required=True, validate=validate.Length(1, 500))


class PropertyLine(Schema):
    key = fields.String()
    name = text_or_null()
    pms = fields.String()
    time_zone = fields.String()
    integration_id = fields.String()
    property_id = fields.String()
    aliases = fields.List(fields.String())


class PropertyList(Schema):
    properties = fields.List(fields.Nested(PropertyLine))


class AliasLine(Schema):
    alias = fields.String()
    property = fields.String()
    added_at = fields.DateTime()
    added_by = fields.String()
    problem = text_or_null()


class AliasList(Schema):
    aliases = fields.List(fields.Nested(AliasLine))


class AliasBody(Schema):
    alias = TextField(required=True, validate=validate.Length(1, 500))
    property = TextField(required=True)


class SoonestSchema(Schema):
    """The tour that starts next of those that are not in the PMS as they should be."""

    event_id = fields.Integer()
    renter = fields.String()
    start = fields.DateTime()
    place = text_or_null()
    status = fields.String()


class SourceNowSchema(Schema):
    name = fields.String()
    enabled = fields.Boolean()
    last_at = fields.DateTime(allow_none=True)


class PauseSchema(Schema):
    integration_id = fields.String()
    names = fields.List(fields.String())
    since = fields.DateTime()
    reason = text_or_null()


class TodaySchema(Schema):
    """How the day goes."""

    zone = fields.Function(lambda today: today.zone.key, metadata={"type": "string"})
    received = fields.Integer()
    written = fields.Integer()
    waiting = fields.Integer()
    parked = fields.Integer()
    soonest = fields.Nested(SoonestSchema, allow_none=True)
    oldest_due = fields.DateTime(allow_none=True)
    sources = fields.List(fields.Nested(SourceNowSchema))
    budget_used = fields.Integer()
    budget = fields.Integer()
    paused = fields.List(fields.Nested(PauseSchema))


class TranslateBody(Schema):
    mapping = TextField(required=True)
    body = TextField(required=True, validate=validate.Length(max=1_048_576))
    source = TextField()
    headers = fields.Dict(keys=TextField(), values=TextField(), load_default=dict)
    query = fields.Dict(keys=TextField(), values=TextField(), load_default=dict)


class EditedTranslateBody(TranslateBody):
    text = TextField(required=True, validate=validate.Length(max=200_000))
    new = YesNo(
        load_default=False, metadata={"description": "Whether `mapping` is a name that no mapping has yet."}
    )


class CompareBody(Schema):
    mapping = TextField(required=True)
    text = TextField(required=True, validate=validate.Length(max=200_000))
    source = TextField(required=True)
    most = WholeNumber(load_default=200, validate=validate.Range(1, 200))


class Translated(Schema):
    events = fields.List(fields.Raw())


class AuditLine(Schema):
    id = fields.Integer(attribute="entry.id")
    at = fields.DateTime(attribute="entry.at")
    actor = fields.String(attribute="entry.actor")
    via = fields.String(attribute="entry.via")
    what = fields.String(attribute="entry.what")
    object = fields.String(attribute="entry.object")
    object_id = fields.String(
        attribute="entry.object_id",
        metadata={"description": "Of an action on many `events`: the first of them."},
    )
    sentence = fields.String(metadata={"description": "The entry as people read it."})
    page = fields.String(
        allow_none=True, metadata={"description": "The page of the console that shows what was changed."}
    )
    events = fields.List(
        fields.Integer(), metadata={"description": "The ids of the events of an action on many."}
    )
    before = fields.Raw(attribute="entry.before", allow_none=True)
    after = fields.Raw(attribute="entry.after", allow_none=True)


class AuditPage(Schema):
    entries = fields.List(fields.Nested(AuditLine), attribute="rows")
    next = text_or_null()


class UserLine(Schema):
    name = fields.String()
    role = fields.String()
    created_at = fields.DateTime()
    disabled_at = fields.DateTime(allow_none=True)


class UserList(Schema):
    users = fields.List(fields.Nested(UserLine))


class UserBody(Schema):
    name = TextField(required=True, validate=validate.Length(1, 100))
    role = TextField(required=True, validate=ROLES)
    password = TextField(required=True, load_only=True, validate=validate.Length(SHORTEST, 1000))


class UserChangeBody(Schema):
    role = TextField(validate=ROLES)
    password = TextField(load_only=True, validate=validate.Length(SHORTEST, 1000))
    enabled = YesNo()


class TokenLine(Schema):
    id = fields.Integer()
    name = fields.String()
    role = fields.String()
    created_at = fields.DateTime()
    created_by = text_or_null()
    expires_at = fields.DateTime(allow_none=True)
    used_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)


class TokenList(Schema):
    tokens = fields.List(fields.Nested(TokenLine))


class TokenBody(Schema):
    name = TextField(required=True, validate=validate.Length(1, 100))
    role = TextField(required=True, validate=ROLES)
    expires_at = MomentField()


class NewToken(TokenLine):
    token = fields.String(metadata={"description": "Its text, shown this once and stored nowhere."})


class AlertKind(Schema):
    kind = fields.String(attribute="value")
    heading = fields.String()


class AlertLine(Schema):
    kind = fields.String()
    heading = fields.String()
    about = fields.String(metadata={"description": "The tour, source or integration; empty: all of them."})
    level = fields.Integer(metadata={"description": "It is sent again only when this has grown."})
    count = fields.Integer(metadata={"description": "How many sentences there are."})
    lines = fields.List(fields.String(), metadata={"description": "The sentences; only operators see them."})
    page = fields.String(metadata={"description": "The path of the page about it."})
    opened_at = fields.DateTime(
        allow_none=True, metadata={"description": "Null: no one was notified of it yet."}
    )
    notified_at = fields.DateTime(allow_none=True)


class AlertList(Schema):
    """What the page *Alerts* shows, and `bridge alerts list`."""

    alerts = fields.List(fields.Nested(AlertLine))
    recipients = fields.List(
        fields.String(), metadata={"description": "Scheme and host of each address of `alerts.urls`."}
    )
    problem = text_or_null()
    notified_of = fields.List(fields.Nested(AlertKind))
    unsent_before = fields.Integer(metadata={"description": "Minutes before the start of a tour."})
    silent_after = fields.Integer(metadata={"description": "Business hours without an event."})
    digest_at = fields.Time(allow_none=True)
    time_zone = fields.String()


class SentTestLine(Schema):
    address = fields.String(
        attribute="scheme_and_host", metadata={"description": "Its scheme and host only."}
    )
    sent = fields.Boolean(attribute="is_sent")


class SentTestList(Schema):
    results = fields.List(fields.Nested(SentTestLine))
