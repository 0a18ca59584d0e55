"""The marshmallow schemas of the API, from which /openapi.json is built."""

from marshmallow import Schema, fields, validate

from bridge.console.actions.events import BATCH, ENDED
from bridge.console.api.fields import MomentField, PageArguments, TextField, YesNo, ids
from bridge.delivery.rules.outcomes import Reason
from bridge.models import BookingState, Role, Status

STATUSES = validate.OneOf([status.value for status in Status])
STATES = validate.OneOf([state.value for state in BookingState])
REASONS = validate.OneOf([reason.value for reason in Reason])
ROLES = validate.OneOf([role.value for role in Role])


def _text(*, null: bool = True, **more: object) -> fields.String:
    return fields.String(allow_none=null, **more)  # type: ignore[arg-type]  # marshmallow's own options


def _moment() -> fields.DateTime:
    return fields.DateTime(allow_none=True)


class _Page(Schema):
    next = _text(metadata={"description": "The cursor of the next page; null: this is the last."})


class SelectionArguments(Schema):
    """Which events; what is left out does not restrict."""

    status = fields.List(TextField(validate=STATUSES), load_default=list)
    source = fields.List(TextField(), load_default=list)
    reason = fields.List(TextField(validate=REASONS), load_default=list)
    property = TextField(metadata={"description": "Key, name or an alias of a configured property."})
    since = MomentField(metadata={"description": "Received then or later."})
    until = MomentField(metadata={"description": "Received before then."})


class EventArguments(SelectionArguments, PageArguments):
    request = TextField(
        metadata={"description": "The id of a request: what `X-Request-ID` of its answer says."}
    )
    search = TextField(
        metadata={
            "description": "A name, an e-mail, a phone in any spelling, a reference, a code, an id (of a request too)."
        }
    )


class SelectionBody(SelectionArguments):
    status = fields.List(TextField(validate=validate.OneOf(list(ENDED))), load_default=list)


class EventLine(Schema):
    """One event of a list."""

    id = fields.Integer()
    received_at = fields.DateTime()
    source = fields.String()
    event = _text()
    action = _text()
    reference = _text(metadata={"description": "The sender's id of the tour."})
    renter = _text(metadata={"description": "Masked for viewers, like all personal data."})
    tour_at = fields.Function(
        lambda row: row.tour_at.isoformat() if row.tour_at else None,
        metadata={"description": "The start in the time of the property.", "type": ["string", "null"]},
    )
    property = _text()
    property_name = _text()
    status = fields.String(validate=STATUSES)
    status_text = fields.Function(
        lambda row: row.status_words.text,
        metadata={"description": "The status with its action and the PMS.", "type": "string"},
    )
    reason = _text()
    sentence = _text(metadata={"description": "What happened, or what to do about it."})
    next_attempt_at = _moment()
    ended_at = _moment()
    replays = fields.Integer()
    booking_id = fields.Integer(allow_none=True)


class EventPage(_Page):
    events = fields.List(fields.Nested(EventLine), attribute="rows")


class AttemptSchema(Schema):
    """One call to Propexo."""

    id = fields.Integer()
    kind = fields.String()
    started_at = _text()
    finished_at = _text()
    status = fields.Integer(allow_none=True)
    outcome = fields.String()
    detail = _text()
    job_id = _text()
    request = fields.Raw(allow_none=True)


class Story(Schema):
    """One event in full."""

    id = fields.Integer()
    received_at = _text()
    source = fields.String()
    event = _text()
    action = _text()
    reference = _text()
    property = _text()
    status = fields.String()
    status_text = fields.String(metadata={"description": "The status with its action and the PMS."})
    reason = _text()
    detail = _text()
    advice = _text()
    next_attempt_at = _text()
    ended_at = _text()
    replays = fields.Integer()
    delivery_id = _text()
    request_id = _text(
        metadata={"description": "Of the request that brought it, as the log and its answer have it."}
    )
    previous_reference = _text()
    occurred_at = _text()
    content_type = _text()
    headers = fields.Raw(allow_none=True)
    payload = fields.Raw(allow_none=True)
    original = fields.Raw(allow_none=True)
    history = fields.Raw(allow_none=True)
    reading = fields.Raw(allow_none=True)
    booking = fields.Raw(allow_none=True)
    attempts = fields.List(fields.Nested(AttemptSchema))


class Payload(Schema):
    """The payload, decoded where possible."""

    content_type = _text()
    headers = fields.Raw(allow_none=True)
    payload = fields.Raw(allow_none=True)
    original = fields.Raw(allow_none=True)


class TourLinkSchema(Schema):
    """Where a renter moves or cancels a tour, and its calendar file."""

    link = fields.String(required=True)
    calendar = fields.String(required=True)


class Ids(Schema):
    ids = ids(BATCH)


class ReplayBody(Ids):
    """Which events to run again: all or none; with `status` only those that still have one of these."""

    status = fields.List(TextField(validate=validate.OneOf(list(ENDED))), load_default=list)


class DismissBody(Ids):
    note = TextField(
        load_default=None,
        validate=validate.Length(1, 2000),
        metadata={"description": "What was done about it; kept with the event."},
    )


class ChosenSchema(Schema):
    """The events that a selection matches; replay them in parts of at most 500."""

    ids = fields.List(fields.Integer())
    left_out = fields.List(
        fields.Integer(),
        metadata={"description": "Ambiguous ones: check the PMS for each first."},
    )


class Queued(Schema):
    queued = fields.List(fields.Integer())


class Dismissed(Schema):
    dismissed = fields.List(fields.Integer())


class DifferenceSchema(Schema):
    field = fields.String()
    before = fields.Raw(allow_none=True)
    now = fields.Raw(allow_none=True)


class LastAttemptSchema(Schema):
    kind = fields.String()
    at = fields.String()
    outcome = fields.String()


class PlannedRequestSchema(Schema):
    """One request as it would be sent, beside the last one of its kind."""

    kind = fields.String()
    method = fields.String()
    path = fields.String()
    body = fields.Dict(keys=fields.String())
    last = fields.Nested(LastAttemptSchema, allow_none=True)
    differences = fields.List(fields.Nested(DifferenceSchema), allow_none=True)


class DryRunSchema(Schema):
    """What would become of one event."""

    id = fields.Integer()
    status = fields.String()
    reason = _text()
    requests = fields.List(fields.Nested(PlannedRequestSchema))
    stopped = _text(metadata={"description": "Why nothing would be sent."})
    remarks = fields.List(fields.String())


class DryRunList(Schema):
    events = fields.List(fields.Nested(DryRunSchema))


class EditPreviewBody(Schema):
    payload = fields.Raw(
        required=True, allow_none=True, metadata={"description": "The whole corrected payload."}
    )


class EditBody(EditPreviewBody):
    replay = YesNo(load_default=True)
    force = YesNo(load_default=False, metadata={"description": "Save it even if the mapping cannot read it."})


class EditSchema(Schema):
    """How a corrected payload is read."""

    changed = fields.List(fields.String())
    unreadable = fields.List(fields.Raw())
    reading = fields.Raw()
    queued = YesNo()


class PropertyBody(Schema):
    property = TextField(
        required=True, metadata={"description": "Key, name or an alias of the property that is meant."}
    )


class BookingArguments(PageArguments):
    source = TextField()
    property = TextField()
    state = TextField(validate=STATES)
    written_state = TextField(validate=STATES)
    search = TextField()
    tour_from = fields.Date(
        metadata={
            "description": "The first day of tours, by the clock of their property; then the soonest first."
        }
    )
    tour_to = fields.Date(metadata={"description": "The last day; one of the two is enough, for one day."})


class TurnSchema(Schema):
    what = fields.String()
    at = fields.DateTime()
    event_id = fields.Integer()
    status = fields.String()


class BookingLine(Schema):
    """One tour over its life."""

    id = fields.Integer()
    code = fields.String()
    source = fields.String()
    created_at = fields.DateTime()
    renter = _text()
    tour_at = fields.Function(
        lambda row: row.tour_at.isoformat() if row.tour_at else None, metadata={"type": ["string", "null"]}
    )
    property = _text()
    property_name = _text()
    state = fields.String()
    written_state = fields.String()
    written_at = fields.Function(
        lambda row: row.written_at.isoformat() if row.written_at else None,
        metadata={"type": ["string", "null"]},
    )
    appointment_id = _text()
    life = fields.List(fields.Nested(TurnSchema))


class BookingPage(_Page):
    bookings = fields.List(fields.Nested(BookingLine), attribute="rows")


class ProblemSchema(Schema):
    """What every error is answered as (RFC 9457)."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String(metadata={"description": "A stable name for programs."})
    errors = fields.Raw(metadata={"description": "By field or by id, where there are several."})
