"""The bridge's own payload format, and the spellings of it that people use who build flows by hand.

`flat` joins nested keys and turns every spelling into lower case with underscores, so that `tour.start`, `tour__start`,
`tourStart` and `Tour start` all become `tour_start`.
"""

from typing import ClassVar

from bridge.mapping import fields
from bridge.mapping.actions import (
    ASK_TIMES,
    BOOK,
    CANCEL,
    CHOOSE_TIME,
    HOLD,
    IGNORE,
    NO_SHOW,
    REQUEST,
    RESCHEDULE,
    Decision,
    When,
)
from bridge.mapping.base import Mapping
from bridge.mapping.event_words import is_about_tours
from bridge.mapping.kinds import KINDS, PRIORITIES, STATUSES
from bridge.mapping.paths import DecodedRequest, first, header, path

BODY = '"json".body || "json" || json(data) || json(payload) || json(body) || root || @'
"""Where the fields are: in `data` or the like, as an object or as JSON text; in the `root` element of Zapier's XML; in
the `json` of an n8n item, or the request that such an item holds; or at the top."""

EVENT = "event || event_type || event_name || {} || {}".format(
    "match(type, '^(?!in.?person|on.?site|self|guided|virtual|video|online).+$')",
    " || ".join(
        f"tour_event({word})"
        for word in ("action", "status", "trigger", "topic", "intent", "tool", "tool_name", "function")
    ),
)
"""A `type` may be that of the tour, an `action` or a `status` one of something else."""

BOOKING_IDS = [
    "booking_id",
    "booking_ref",
    "booking_reference",
    "booking_uid",
    "booking_number",
    "tour_booking_id",
    "appointment_id",
    "tour_id",
    "showing_id",
    "reservation_id",
    "confirmation_number",
    "reference",
    "ref",
]


def _of(*people: str, word: str) -> list[str]:
    return [word, *(f"{person}_{word}" for person in people)]


def _renter(*words: str) -> list[str]:
    people = (
        "prospect", "customer", "contact", "requester", "renter", "lead", "guest", "client", "visitor",
        "attendee", "invitee", "applicant", "person", "caller",
    )  # fmt: skip
    return [path for word in words for path in _of(*people, word=word)]


def _tour(*words: str) -> list[str]:
    things = ("tour_", "", "appointment_", "booking_", "showing_", "visit_")
    return [f"{thing}{word}" for word in words for thing in things]


# What is called a time may be the hour alone, beside a date; a date may have the time with it, or midnight.
_TIME = " || ".join([*_tour("time", "start_time"), *_tour("slot", "time_slot")])
_HALF = "tour_ampm || tour_start_ampm || ampm"
TIME = f"({_HALF}) && join(' ', [text({_TIME}), {_HALF}]) || {_TIME}"
DATE = " || ".join(_tour("date", "start_date", "day"))
STARTS = [
    *_tour("start", "start_at", "starts_at", "start_date_time", "start_datetime", "date_time", "datetime"),
    *_tour("scheduled_at", "scheduled_for", "booking_start_time"),
    "tour_start_value || tour_start_seconds || start_seconds",
    f"dated({TIME})",
    f"[@][?!({TIME})] | [0] | dated({DATE})",
]
END_TIME = " || ".join(_tour("end_time"))
ENDS = [*_tour("end", "end_at", "ends_at", "end_date_time", "end_datetime"), f"dated({END_TIME})"]
_ZONES = ("time_zone", "timezone", "start_time_zone", "start_timezone")
TOUR_ZONE = " || ".join(name for word in _ZONES for name in _tour(word) if name not in _ZONES[:2])
"""The zone beside a time. That of a contact is not the tour's."""
ZONE = f"{TOUR_ZONE} || time_zone || timezone"
END_ZONE = f"tour_end_time_zone || end_time_zone || {ZONE}"
EVENTS = "tour.booked, tour.requested, tour.rescheduled, tour.cancelled or tour.no_show, or words such as book_tour"


class CanonicalPayload(Mapping):
    """The bridge's own body

    Extended by the mappings of senders whose customers write the body: they say how the sender authenticates and
    which words of its own it adds.
    """

    has_other_events: ClassVar[bool] = False
    """Whether events about something else have the same fields, as the other intents of a bot do."""

    def unknown_event(self, event: str | None, received: DecodedRequest) -> Decision | None:
        """Hold it if it is about tours, or has an id and a start: people make up their own event names."""
        if event is None:
            return None
        inner, declared = self.inner(received), dict(self.paths())
        starts = any(declared[name].find(inner) for name in ("starts_at", "starts_at_local"))
        has_id = bool(declared["reference"].find(inner))
        is_tour = is_about_tours(event) or (starts and has_id and not self.has_other_events)
        return HOLD(EVENTS) if is_tour else None

    event = first(path("query('event')"), path(f"flat(@) | {EVENT}"), path(f"flat({BODY}) | {EVENT}"))
    delivery_id = first(
        header("webhook-id"),
        header("idempotency-key"),
        path(f"flat(@).delivery_id || flat({BODY}).delivery_id"),
    )
    root = f"flat({BODY})"
    language = path(f"flat({BODY}) | language || language_code || locale || lang")
    day = path(DATE)
    choice = path("choice || number")

    actions = (
        When(event=("tour.booked", "appointment.booked", "booked", "book", "tour.book"), then=BOOK),
        When(event=("tour.requested", "appointment.requested", "requested", "tour.request"), then=REQUEST),
        When(
            event=(
                "tour.rescheduled", "appointment.rescheduled", "rescheduled", "reschedule", "tour.reschedule",
            ),
            then=RESCHEDULE,
        ),
        When(
            event=("tour.cancelled", "appointment.cancelled", "cancelled", "cancel", "tour.cancel"),
            then=CANCEL,
        ),
        When(event=("tour.canceled", "appointment.canceled", "canceled"), then=CANCEL),
        When(event=("tour.no_show", "appointment.no_show", "no_show"), then=NO_SHOW),
        When(event=("tour.times", "ask_times", "get_available_times"), then=ASK_TIMES),
        When(event=("tour.choose_time", "choose_time"), then=CHOOSE_TIME),
        When(means="cancel", then=CANCEL),
        When(means="no_show", then=NO_SHOW),
        When(means="reschedule", then=RESCHEDULE),
        When(means="request", then=REQUEST),
        When(means="book", then=BOOK),
        When(means="nothing", then=IGNORE("it reports a past tour, or is a reminder")),
    )  # fmt: skip

    occurred_at = fields.Instant(path=["timestamp", "body().timestamp", "occurred_at"])
    reference = fields.String(path=[*BOOKING_IDS, "id"], required=True)
    previous_reference = fields.String(
        path=["previous_booking_id", "previous_id", "old_booking_id", "original_booking_id"]
    )

    first_name = fields.Name(path=_renter("first_name", "firstname", "given_name", "name_first", "fname"))
    last_name = fields.Name(path=_renter("last_name", "lastname", "family_name", "name_last", "lname"))
    full_name = fields.PersonName(path=_renter("name", "full_name", "fullname"))
    email = fields.Email(path=_renter("email", "email_address", "e_mail", "mail"))
    phone = fields.Phone(
        path=_renter(
            "phone", "phone_number", "mobile", "mobile_phone", "mobile_number", "cell", "cell_phone", "tel"
        )
    )

    starts_at = fields.Instant(path=STARTS, zone=ZONE)
    starts_at_local = fields.LocalTime(
        path=[*_tour("start_local", "starts_at_local"), *STARTS], date=DATE, time=TIME, zone=ZONE
    )
    ends_at = fields.Instant(path=ENDS, zone=END_ZONE)
    ends_at_local = fields.LocalTime(
        path=[*_tour("end_local"), *ENDS],
        date=f"[@][?{END_TIME}] | [0] | {DATE}",
        time=END_TIME,
        zone=END_ZONE,
    )
    duration_minutes = fields.Duration(
        path=[
            "duration_hours && duration_minutes && join('', [text(duration_hours), 'h ', text(duration_minutes), 'm'])",
            *_tour(
                "duration_minutes",
                "duration",
                "length",
                "duration_in_minutes",
                "length_in_minutes",
                "duration_mins",
                "duration_min",
                "duration_seconds",
                "duration_secs",
                "duration_hours",
                "duration_ms",
                "duration_milliseconds",
            ),
        ]
    )
    kind = fields.Choice(
        path=["tour_type", "tour_kind", "visit_type", "showing_type", "appointment_type", "kind", "type"],
        table=KINDS,
    )
    status = fields.Choice(path=["pms_status", "tour_pms_status"], table=STATUSES)
    priority = fields.Choice(path=["priority", "tour_priority"], table=PRIORITIES)

    property = fields.String(
        path=[
            "property",
            "property_id",
            "metadata_property_id",
            "property_name",
            "tour_property",
            "tour_property_id",
            "community",
            "community_id",
            "community_name",
        ]
    )
    unit = fields.String(
        path=["unit", "unit_id", "metadata_unit_id", "unit_number", "apartment", "tour_unit"]
    )
    agent = fields.String(path=["agent", "agent_email", "assignee_email", "agent_name", "host_email"])
    lead_source = fields.String(path="lead_source")
    lead_id = fields.String(path=["lead_id", "metadata_lead_id"])
    title = fields.String(path=["tour_title", "title"])
    notes = fields.Lines(path=["tour_notes", "notes", "message", "comments", "note", "comment"])
