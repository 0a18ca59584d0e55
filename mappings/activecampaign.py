from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REQUEST,
    RESCHEDULE,
    Mapping,
    When,
    fields,
    path,
)
from bridge.mapping.kinds import KINDS

TASKS = ("contact_task_add", "deal_task_add")
CHANGES = ("update", "deal_update")


def status(words: str) -> str:
    """Whether the stage of a deal that speaks of a tour, or the status of a contact's tour, has one of the words."""
    return f"match(deal && match(deal.stage_title, '^.*tour.*') || !deal && contact.fields.tour_status, '{words}')"


class ActiveCampaign(Mapping):
    """ActiveCampaign

    Tours as tasks of the type Tour, as fields of a contact, or as stages of a deal.
    https://developers.activecampaign.com/page/webhooks

        {"type": "contact_task_add", "contact": {"email": "jordan.avery@example.com", "first_name": "Jordan",
         "last_name": "Avery", "phone": "+15125550142", "fields": {"propexo_property_id": "prop_maple_court"}},
         "task": {"id": "771", "type_title": "Tour", "duedate_iso": "2026-09-18T14:30:00-05:00"}}

    Set-up: add a webhook to `/hooks/<source>/<secret>`, for one of three ways, as each has its own ids. `update`:
    fields of the contact `tour_booking_id`, `tour_status` (requested, booked, rescheduled, cancelled, no show),
    `tour_start`, `tour_property`, `tour_unit`, `tour_type`; without an id a contact has one tour. `deal_update`: stages
    such as Tour booked and Tour cancelled, and those fields. `contact_task_add`, `deal_task_add`: a later change is not
    told, so such tours never move. Nothing is signed, retried, or sent for imports; some accounts send custom fields
    without names: then use an automation platform. Inferred: the formats of dates, and that one without offset is the
    property's time.
    """

    category = "CRM"
    maturity = "inferred"
    signature = SharedSecret("path", "query", "basic")
    event = path("type")

    actions = [
        When(event=TASKS, where="match(task.type_title, 'tour')", then=BOOK),
        When(event=TASKS, then=IGNORE("a task of another type than Tour")),
        When(event=CHANGES, where=status("cancel"), then=CANCEL),
        When(event=CHANGES, where=status("no.?show"), then=NO_SHOW),
        When(event=CHANGES, where=status("request|pending|unconfirmed"), then=REQUEST),
        When(event=CHANGES, where=status("book|schedul|confirm|moved"), then=RESCHEDULE),
        When(event=CHANGES, then=IGNORE("it says nothing about a tour")),
    ]

    occurred_at = fields.Instant(path="date_time")
    reference = fields.String(
        path=["task.id", "contact.fields.tour_booking_id", "deal.id", "contact.id"], required=True
    )

    first_name = fields.Name(path=["contact.first_name", "deal.contact_firstname"])
    last_name = fields.Name(path=["contact.last_name", "deal.contact_lastname"])
    email = fields.Email(path=["contact.email", "deal.contact_email"])
    phone = fields.Phone(path="contact.phone")

    starts_at = fields.Instant(path=["task.duedate_iso", "[@][?!task].contact.fields.tour_start | [0]"])
    starts_at_local = fields.LocalTime(
        path=[
            "[task][?!duedate_iso].not_null(dueDate, duedate) | [0]",
            "[@][?!task].contact.fields.tour_start | [0]",
        ]
    )
    ends_at = fields.Instant(path="task.edate_iso")
    kind = fields.Choice(path="[@][?!task].contact.fields.tour_type | [0]", table=KINDS)

    property = fields.String(path=["contact.fields.tour_property", "contact.fields.propexo_property_id"])
    unit = fields.String(path=["contact.fields.tour_unit", "contact.fields.propexo_unit_id"])
    agent = fields.String(path="deal.owner")
    lead_id = fields.String(path="contact.fields.propexo_lead_id")
    title = fields.String(path=["task.title", "deal.title"])
    notes = fields.Lines(path="task.note")
