from bridge.inbound.signatures import SharedSecret
from bridge.mapping import IGNORE, REQUEST, Mapping, When, fields, path

ADDRESS = "[listingStreet, listingUnit, listingCity, listingState, listingPostalCode][?@]"


class Zillow(Mapping):
    """Zillow Rentals

    Requests for a tour from listings on Zillow, Trulia and HotPads.
    https://hotpads.com/pages/partners/leadCallback.htm

        {"listingId": "CEDAR-118A", "name": "Priya Anand Rao", "email": "Priya.Rao@example.com",
         "phone": "512.555.0146 x3", "movingDate": "20310301", "message": "Could I see this apartment on Saturday?"}

    Set-up: have Zillow deliver the leads of your feed to the address of the hook, with the secret in the header
    `X-Bridge-Key` or in the address. Write the listing ids of your feed among the `aliases`. A request names no time: a
    person agrees on one with the renter (`on_request = "lead_only"` makes it a lead instead). Zillow gives no id, and
    nothing follows when the renter changes their mind. Income, credit and work are not taken over. The guide is not
    public: the fields are inferred from what others receive.
    """

    category = "rental"
    maturity = "inferred"
    signature = SharedSecret("header", "bearer", "path", "query")
    event = path("leadType")

    actions = [
        When(event="tourRequest", then=REQUEST),
        When(where="leadType", then=IGNORE("a lead of another type than a tour request")),
        # HotPads has no types.
        When(where="match(message, '\\b(tour|visit|showing|view(ing)?|see (it|this|the))\\b')", then=REQUEST),
        When(where="listingId", then=IGNORE("a lead that does not ask for a tour")),
    ]

    reference = fields.Fingerprint(
        path=["listingId", "email", "phone", "movingDate", "message"], required=True
    )

    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")

    property = fields.String(path="listingId")
    unit = fields.String(path="listingUnit")
    notes = fields.Lines(
        path=[
            "message",
            "introduction",
            "[['Move-in', movingDate], ['Bedrooms', numBedroomsSought], ['Bathrooms', numBathroomsSought]]",
            "[['Lease in months', leaseLengthMonths]]",
            f"{ADDRESS} | [['Listing', join(', ', @)]]",
        ]
    )
