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
    "on site*": TourKind.IN_PERSON,
    "guided*": TourKind.IN_PERSON,
    "agent*": TourKind.IN_PERSON,
    "self*": TourKind.SELF_GUIDED,
    "virtual*": TourKind.VIRTUAL,
    "video*": TourKind.VIRTUAL,
    "live video*": TourKind.VIRTUAL,
    "online*": TourKind.VIRTUAL,
    "remote*": TourKind.VIRTUAL,
}
"""What kinds of tours are called where people choose the words."""

# How people ask for these in a form, from the beginning of the question to its end; `_` is a space.
FIRST_NAME_ASKED = ".*\\b(first|given).?names?\\b.*|fname"
LAST_NAME_ASKED = ".*\\b(last|family).?names?\\b.*|.*\\bsurname\\b.*|lname"
_OTHERS = (
    "first|last|given|family|compan|pet|dog|propert|communit|building|mate|employ|agent|spouse|refer|user|unit"
    "|landlord|emergency|applic"
)
NAME_ASKED = f"(?!.*({_OTHERS})).*\\bnames?\\b.*|fullname"
EMAIL_ASKED = ".*\\be.?mail\\b.*"
PHONE_ASKED = ".*(phone|mobile|\\bcell\\b|whats.?app).*|.*number.*(reach|text|call).*|tel"
_SEE = "visit|tour|come|see|stop|view|show"
_NOT_THEN = "(?!.*(mov|lease|birth|born|occup|availab|budget|contact|reach|call|(full|part|first|last).time))"
START_ASKED = f"{_NOT_THEN}(.*(date|day).*(time|hour).*|.*tour.?(start|at)|when\\b.*({_SEE}).*)"
DATE_ASKED = f"{_NOT_THEN}(.*\\b(date|day)\\b.*|when\\b.*({_SEE}).*|tour.?date|tour.?day)"
TIME_ASKED = f"{_NOT_THEN}.*\\b(time|time.?slot|slot|hour)\\b.*"
_TOUR = "(tour|visit|showing)"
KIND_ASKED = f"(.*{_TOUR}.?(type|kind|format).*|.*(type|kind|sort) of {_TOUR}.*|how.*(tour|visit).*)"
PROPERTY_ASKED = (
    "((which|what|your|preferred) )?(of our )?(properties|property|community|communities|building|apartment community)"
    "(.?(id|name|of interest)|,? (are|would|do|did|should|interests|can|may|shall)\\b.*)?"
)
"""Not a question about the size or the price of a property."""
UNIT_ASKED = "((which|what) )?(unit|apartment|apt)( (are|would|do) you\\b.*|.?(id|number|no|name|#))?"


def clock(expression: str) -> str:
    """The first of two hours, as in `10:00 AM - 10:30 AM`."""
    to = " ?(?:-|\u2013|\u2014|to\\b|until\\b)"
    first_of = (
        f"[0-9]{{1,2}}(?::[0-9]{{2}})? ?[ap][.]?m[.]?(?={to})|[0-9]{{1,2}}:[0-9]{{2}}(?={to} ?[0-9:]{{4,5}}$)"
    )
    return f"(match({expression}, '^({first_of})') || {expression})"


def named_kind(expression: str) -> str:
    """The kind that a name such as `Self-guided tour of Oakwood` says, for `KINDS`."""
    return f"match({expression}, '\\b(self.?guided|virtual|video|in.?person)\\b')"


BODY = '"json".body || "json" || json(data) || json(payload) || json(body) || root || @'
"""Where the words stand: in `data` or the like, as an object or as JSON text; in the `root` element of Zapier's XML; in
the `json` of an n8n item, or the request that such an item holds; or at the top."""

_WORDS = "(?:book|cancel|confirm|creat|no.?show|(?:re)?schedul|request)"
EVENT = "event || event_type || event_name || {} || {} || {}".format(
    "match(type, '^(?!in.?person|on.?site|self|guided|virtual|video|online).+$')",
    f"match(action, '^{_WORDS}.*$')",
    f"match(status, '^{_WORDS}.*$')",
)
"""A `type` may be that of the tour, an `action` or a `status` one of something else."""

SAID = f"(query('event') || (flat(@) | {EVENT}) || (flat({BODY}) | {EVENT}))"
_THING = "(?:(?:new|tour|appointment|appt|booking|showing|viewing|visit|meeting|reservation)s?[ ._:/-]*)*"

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


def _says(verbs: str) -> str:
    """Whether the event is one of these in other words than those of the bridge, as `Booking created`."""
    return f"match({SAID}, '^{_THING}(?:{verbs})$')"


def _of(*people: str, word: str) -> list[str]:
    return [word, *(f"{person}_{word}" for person in people)]


def _renter(*words: str) -> list[str]:
    people = (
        "prospect", "customer", "contact", "requester", "renter", "lead", "guest", "client", "visitor",
        "attendee", "invitee", "applicant", "person",
    )  # fmt: skip
    return [path for word in words for path in _of(*people, word=word)]


def _tour(*words: str) -> list[str]:
    things = ("tour_", "", "appointment_", "booking_", "showing_", "visit_")
    return [f"{thing}{word}" for word in words for thing in things]


# What is called a time may be the hour alone, beside a date; a date may have the time with it, or an empty one.
DATED = "'^(?=.{1,60}$).*[0-9]{4}.*(?::|[0-9] ?[ap]m).*$|^[0-9]{9,13}$'"
TIME = " || ".join(_tour("time", "start_time"))
DATE = " || ".join(_tour("date", "start_date", "day"))
DAY = f"match({DATE}, '^([0-9-]{{10}})T00:00:00') || {DATE}"
STARTS = [
    *_tour("start", "start_at", "starts_at", "start_date_time", "start_datetime", "date_time", "datetime"),
    *_tour("scheduled_at", "scheduled_for", "slot"),
    f"match({TIME}, {DATED})",
    f"[@][?!({TIME})] | [0] | match({DATE}, {DATED})",
]
END_TIME = " || ".join(_tour("end_time"))
ENDS = [
    *_tour("end", "end_at", "ends_at", "end_date_time", "end_datetime"),
    f"match({END_TIME}, {DATED})",
]


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
        When(where=_says("cancell?(?:ed|ation)?|deleted?|removed|declined|rejected"), then=CANCEL),
        When(where=_says("no[ ._-]?show|missed"), then=NO_SHOW),
        When(where=_says("rescheduled?|moved?|changed?|updated?|modified"), then=RESCHEDULE),
        When(where=_says("request(?:ed)?|pending"), then=REQUEST),
        When(where=_says("book(?:ed|ing)?|created?|scheduled?|confirmed|accepted|approved"), then=BOOK),
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

    starts_at = fields.Instant(path=STARTS)
    starts_at_local = fields.LocalTime(
        path=[*_tour("start_local", "starts_at_local"), *STARTS],
        date=DAY,
        time=clock(f"({TIME})"),
    )
    ends_at = fields.Instant(path=[*ENDS])
    ends_at_local = fields.LocalTime(
        path=[*_tour("end_local"), *ENDS], date=f"([@][?{END_TIME}] | [0] | ({DAY}))", time=END_TIME
    )
    duration_minutes = fields.Duration(path=_tour("duration_minutes", "duration", "length"))
    kind = fields.Choice(
        path=["tour_type", "tour_kind", "visit_type", "showing_type", "appointment_type", "kind", "type"],
        table=KINDS,
    )

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
