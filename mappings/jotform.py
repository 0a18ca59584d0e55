from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, REQUEST, When, fields
from bridge.mapping.forms import Form

APPOINTMENT = "json(body().rawRequest).* | [?date && duration] | [0]"
OWN = (
    "slug|uploadServerUrl|submitSource|submitDate|buildDate|eventObserver|event_id|path|validatedNewRequiredFieldIDs"
    "|jsExecutionTracker|timeToSubmit|temp_upload|file_server|visitedPages|.*_implementation"
)
"""What Jotform adds to the answers."""
ANSWERS = f"rename(omit(json(rawRequest), '{OWN}'), '^q[0-9]+_', '')"


class Jotform(Form):
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

    maturity = "inferred"
    on_request = "hold"

    # not signed, no headers: the secret is in the address
    signature = SharedSecret("path", "query")
    forgets = ("webhookURL",)  # the address, and with it the secret
    root = f"asked(pairs({ANSWERS}, pretty)[?!(value.duration && value.date)])"

    actions = [
        When(where=APPOINTMENT, then=BOOK),
        When(event="form.submitted", then=REQUEST),
    ]

    reference = fields.String(path="body().submissionID", required=True)

    starts_at = fields.ZonedTime(path=f"({APPOINTMENT}).date", zone=f"({APPOINTMENT}).timezone")
    starts_at_local = fields.LocalTime(
        path=[f"({APPOINTMENT}).date", "tour_start"], date="tour_date", time="tour_time"
    )
    duration_minutes = fields.Duration(path=f"({APPOINTMENT}).duration")
    property = fields.String(path=["property", "query('property')"])
