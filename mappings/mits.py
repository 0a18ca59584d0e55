from bridge.inbound.signatures import AnyOf, SharedSecret, Token
from bridge.mapping import BOOK, CANCEL, REQUEST, Mapping, When, constant, fields

PROSPECT = "LeadManagement.Prospects.Prospect[0]"
EVENT = "to_array(Events.Event)[?match(\"@EventType\", 'appointment|tour|showing')] | [-1]"
RENTER = "to_array(Customers.Customer) | ([?match(\"@Type\", 'prospect')] || @) | [0]"


def text(element: str) -> str:
    """The first element's text, with or without attributes."""
    return f'to_array({element})[*].not_null("@IDValue", IDValue, "#text", @) | [0]'


class Mits(Mapping):
    """MITS Lead Management (ResMan and others)

    Guest cards in the XML of the rental industry (MITS 4.0), as listing services post them to ResMan.
    https://docs.google.com/document/d/177WMC_SuK1n-aZslKFX-2Z_dZSvofuEwG0AfJenpTvc/pub

        <LeadManagement><Prospects><Prospect>
          <Customers><Customer Type="prospect"><Name><FirstName>Maya</FirstName><LastName>Okafor</LastName></Name>
            <Phone PhoneType="cell"><PhoneNumber>5125550142</PhoneNumber></Phone><Email>maya@example.com</Email>
          </Customer></Customers>
          <Events><Event EventType="Appointment" EventDate="2031-03-04T10:30:00"><EventID IDValue="7"/></Event></Events>
        </Prospect></Prospects></LeadManagement>

    Set-up: let the listing service post to https://<your host>/hooks/<source> what it posts to ResMan: the XML as the
    body or in the form field `Xml`. The secret of the source is the `ApiKey`, in the address or in the form; or put
    one of yours into a header. The property is the `PropertyID` of the request: write it among the `aliases`. A
    prospect with an appointment is booked; one without is a request. The same event with another date moves the tour.
    Inferred: the names inside Prospect, the types of events, and that EventDate without offset is the property's time.
    """

    category = "rental"
    maturity = "inferred"
    signature = AnyOf(Token(query="ApiKey"), Token(body="ApiKey"), SharedSecret())
    event = constant("prospect")
    split = "LeadManagement.Prospects.Prospect"
    root = f"merge({PROSPECT}, {{Event: {PROSPECT} | {EVENT}, Customer: {PROSPECT} | {RENTER}}})"

    actions = [
        When(event="prospect", where=f"{PROSPECT} | {EVENT} | match(\"@EventType\", 'cancel')", then=CANCEL),
        When(event="prospect", where=f"{PROSPECT} | {EVENT}", then=BOOK),
        When(event="prospect", then=REQUEST),
    ]

    reference = fields.Fingerprint(
        path=f"({text('Event.EventID')}) || ({text('Customer.Identification')})"
        ' || to_string([Customer.Email, Customer.Phone, Event."@EventDate"])',
        required=True,
    )

    first_name = fields.Name(path="Customer.Name.FirstName")
    last_name = fields.Name(path="Customer.Name.LastName")
    email = fields.Email(path=text("Customer.Email"))
    phone = fields.Phone(path="to_array(Customer.Phone)[].PhoneNumber")

    starts_at = fields.Instant(path='Event."@EventDate" || Event.EventDate')
    starts_at_local = fields.LocalTime(path='Event."@EventDate" || Event.EventDate')

    property = fields.String(path=["query('PropertyID')", "body().PropertyID"])
    lead_source = fields.String(path=[text("Event.TransactionSource"), text("TransactionSource")])
    notes = fields.Lines(
        path=[
            text("Event.Comments"),
            text("CustomerPreferences.Comment"),
            "[['Move-in', CustomerPreferences.TargetMoveInDate]]",
        ]
    )
