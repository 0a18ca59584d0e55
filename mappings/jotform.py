from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, REQUEST, Mapping, When, constant, fields
from bridge.mapping.own_body import (
    EMAIL_ASKED,
    FIRST_NAME_ASKED,
    KIND_ASKED,
    KINDS,
    LAST_NAME_ASKED,
    NAME_ASKED,
    PHONE_ASKED,
    PROPERTY_ASKED,
    clock,
)

APPOINTMENT = "json(body().rawRequest).* | [?date && duration] | [0]"
# The parts of a date field that is not about the move, and of a time field.
PARTS = (
    "rename(@, '^(?!.*(?:mov|lease|birth|born)).*_(month|day|year|hour|min|ampm|time_input)$', 'at_\\1') | {}"
)
DAY = PARTS.format("at_year && join('-', [at_year, at_month, at_day])")
HOUR = PARTS.format(
    "(at_time_input || at_hour) && join(' ', [at_time_input || join(':', [at_hour, at_min]), at_ampm || ''])"
)


def asked(words: str) -> str:
    """The answer whose unique name reads like this."""
    return f"rename(rename(@, '_', ' '), '^(?:{words})$', 'asked') | html(asked)"


def labelled(words: str) -> str:
    """The answer beside a label like this in the summary that Jotform sends along."""
    return f"match(html(body().pretty), '(?:^|, )(?:{words})[?]?:([^,]+)')"


class Jotform(Mapping):
    """Jotform

    Submissions of a Jotform with an appointment field, or of one that only asks for a tour.
    https://www.jotform.com/help/245-how-to-setup-a-webhook-with-jotform/

        {"submissionID": "6083412345678901234", "rawRequest": {"q3_name": {"first": "Aisha", "last": "Bello"},
         "q4_email": "aisha.bello@example.com", "q5_phoneNumber": {"full": "(512) 555-0134"},
         "q6_appointment": {"date": "2026-12-03 10:30", "duration": "30", "timezone": "America/Chicago (GMT-06:00)"},
         "q8_propertyId": "prop_cedarpark"}}

    Set-up: in Settings, Integrations, WebHooks add `/hooks/<source>/<secret>`. Give the questions these unique names
    (Advanced): name, email, phoneNumber, tourType, unit, notes, and property for a hidden one with an alias of the
    property; or add `?property=<alias>` to the address. A tour in the appointment field is booked, else the request
    waits for a person. The appointment is read in the zone beside it; whether that is right for a visitor from another
    zone is not documented: book such a one before you rely on it. Moves and cancels are not sent.
    """

    category = "form"
    maturity = "inferred"

    # not signed, no headers: the secret stands in the address
    signature = SharedSecret("path", "query")
    forgets = ("webhookURL",)  # the address, and with it the secret
    event = constant("form.submitted")
    root = "flat(rename(json(rawRequest), '^q[0-9]+_', ''))"

    actions = [
        When(where=APPOINTMENT, then=BOOK),
        When(event="form.submitted", then=REQUEST),
    ]

    reference = fields.String(path="body().submissionID", required=True)

    first_name = fields.Name(
        path=["html(name_first)", "html(first_name)", asked(FIRST_NAME_ASKED), asked(".*name first")]
    )
    last_name = fields.Name(
        path=["html(name_last)", "html(last_name)", asked(LAST_NAME_ASKED), asked(".*name last")]
    )
    full_name = fields.PersonName(path=["html(name)", "html(full_name)", asked(NAME_ASKED)])
    email = fields.Email(path=["email", "e_mail", asked(EMAIL_ASKED)])
    phone = fields.Phone(
        path=[
            "phone_number_full",
            "phone_full",
            "join('', [phone_number_area || phone_area, phone_number_phone || phone_phone])",
            "phone_number",
            "phone",
            asked(PHONE_ASKED),
        ]
    )

    starts_at = fields.ZonedTime(path=f"({APPOINTMENT}).date", zone=f"({APPOINTMENT}).timezone")
    starts_at_local = fields.LocalTime(
        path=f"({APPOINTMENT}).date",
        date=f"({DAY}) || tour_date || preferred_date",
        time=clock(f"({HOUR} || tour_time || preferred_time || time)"),
    )
    duration_minutes = fields.Duration(path=f"({APPOINTMENT}).duration")
    kind = fields.Choice(path=["tour_type", asked(KIND_ASKED)], table=KINDS)

    property = fields.String(
        path=[
            "html(property)",
            "html(property_id)",
            asked(PROPERTY_ASKED),
            labelled("(?:(?:which|what) )?(?:property|community)(?: of interest)?"),
            "query('property')",
        ]
    )
    unit = fields.String(path=["html(unit)", "html(unit_id)", "html(unit_number)"])
    lead_source = fields.String(path=["html(lead_source)", "html(utm_source)"])
    lead_id = fields.String(path="lead_id")
    notes = fields.Lines(path=["html(notes)", "html(message)", "html(comments)"])
