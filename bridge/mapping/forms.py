"""`Form`: what the mappings of forms have in common, whose questions are in the words of the form's author."""

from bridge.mapping import fields
from bridge.mapping.actions import REQUEST, When
from bridge.mapping.base import Mapping
from bridge.mapping.kinds import KINDS
from bridge.mapping.paths import constant


class Form(Mapping):
    """A form

    A subclass says in `root` where the answers stand, as `asked(...)` (see `bridge.mapping.questions`), and what is the
    `reference`. A form is a request, and never moves or cancels a tour.
    """

    category = "form"
    on_request = "book"
    event = constant("form.submitted")
    actions = (When(event="form.submitted", then=REQUEST),)

    first_name = fields.Name(path="first_name")
    last_name = fields.Name(path="last_name")
    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")

    starts_at_local = fields.LocalTime(path="tour_start", date="tour_date", time="tour_time")
    kind = fields.Choice(path="tour_type", table=KINDS)

    property = fields.String(path="property")
    unit = fields.String(path="unit")
    agent = fields.String(path="agent")
    lead_source = fields.String(path="lead_source")
    lead_id = fields.String(path="lead_id")
    notes = fields.Lines(path=["message", "others"])
