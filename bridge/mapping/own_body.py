"""The bridge's own body, and all the ways in which people spell it who build flows by hand.

`flat` joins nested keys and turns every spelling into small letters with underscores, so that `tour.start`,
`tour__start`, `tourStart` and `Tour start` are one word: `tour_start`.
"""

from bridge.mapping import fields
from bridge.mapping.actions import BOOK, CANCEL, NO_SHOW, REQUEST, RESCHEDULE, When
from bridge.mapping.base import Mapping
from bridge.mapping.booking import TourKind
from bridge.mapping.paths import first, header, path

KINDS = {
    "in person*": TourKind.IN_PERSON,
    "in_person*": TourKind.IN_PERSON,
    "in-person*": TourKind.IN_PERSON,
    "inperson*": TourKind.IN_PERSON,
    "onsite*": TourKind.IN_PERSON,
    "on-site*": TourKind.IN_PERSON,
    "guided*": TourKind.IN_PERSON,
    "self*": TourKind.SELF_GUIDED,
    "virtual*": TourKind.VIRTUAL,
    "video*": TourKind.VIRTUAL,
    "online*": TourKind.VIRTUAL,
}
"""What kinds of tours are called where people choose the words."""

BODY = '"json" || json(data) || root || @'
"""Where the words stand: in `data`, as an object or as JSON text; in the `root` element of Zapier's XML; in the
`json` of an n8n item; or at the top."""

EVENT = "event || event_type || event_name || type"

BOOKING_IDS = [
    "booking_id",
    "booking_ref",
    "booking_reference",
    "tour_booking_id",
    "appointment_id",
    "tour_id",
]


def _of(*people: str, word: str) -> list[str]:
    return [word, *(f"{person}_{word}" for person in people)]


def _renter(*words: str) -> list[str]:
    people = ("prospect", "customer", "contact", "requester", "renter", "lead", "guest")
    return [path for word in words for path in _of(*people, word=word)]


def _tour(*words: str) -> list[str]:
    return [f"{thing}{word}" for word in words for thing in ("tour_", "", "appointment_", "booking_")]


# What is called a time may be the hour alone, beside a date.
DATED = "match(tour_start_time || tour_time || start_time || time, '^.*[0-9]{4}.*:.*$|^[0-9]{9,13}$')"
STARTS = [*_tour("start", "start_at", "starts_at", "start_date_time", "date_time", "datetime"), DATED]


class OwnBody(Mapping):
    """The bridge's own body

    Extended by the mappings of senders whose customers write the body: they say how the sender authenticates and
    which words of its own it adds.
    """

    event = first(path("query('event')"), path(f"flat(@) | {EVENT}"), path(f"flat({BODY}) | {EVENT}"))
    delivery_id = first(
        header("webhook-id"),
        header("idempotency-key"),
        path(f"flat(@).delivery_id || flat({BODY}).delivery_id"),
    )
    root = f"flat({BODY})"

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
    )  # fmt: skip

    occurred_at = fields.Instant(path=["timestamp", "body().timestamp", "occurred_at"])
    reference = fields.String(path=[*BOOKING_IDS, "id"], required=True)
    previous_reference = fields.String(path=["previous_booking_id", "previous_id"])

    first_name = fields.Name(path=_renter("first_name", "firstname", "given_name"))
    last_name = fields.Name(path=_renter("last_name", "lastname", "family_name"))
    full_name = fields.PersonName(path=_renter("name", "full_name"))
    email = fields.Email(path=_renter("email", "email_address"))
    phone = fields.Phone(path=_renter("phone", "phone_number", "mobile"))

    starts_at = fields.Instant(path=STARTS)
    starts_at_local = fields.LocalTime(
        path=[*_tour("start_local", "starts_at_local"), *STARTS],
        date="tour_date || tour_start_date || start_date || date",
        time="tour_time || tour_start_time || start_time || time",
    )
    ends_at = fields.Instant(path=_tour("end", "end_at", "ends_at", "end_date_time"))
    ends_at_local = fields.LocalTime(path=_tour("end_local", "end", "end_at", "ends_at", "end_date_time"))
    duration_minutes = fields.Duration(path=_tour("duration_minutes", "duration"))
    kind = fields.Choice(path=["tour_type", "tour_kind", "appointment_type", "type"], table=KINDS)

    property = fields.String(
        path=["property", "property_id", "metadata_property_id", "property_name", "community"]
    )
    unit = fields.String(path=["unit", "unit_id", "metadata_unit_id", "unit_number"])
    agent = fields.String(path=["agent", "agent_email", "assignee_email"])
    lead_source = fields.String(path="lead_source")
    lead_id = fields.String(path=["lead_id", "metadata_lead_id"])
    title = fields.String(path=["tour_title", "title"])
    notes = fields.Lines(path=["tour_notes", "notes", "message", "comments"])
