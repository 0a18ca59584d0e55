from bridge.inbound.signatures import SharedSecret
from bridge.mapping import REQUEST, Mapping, When, answers, constant, fields

CONTACTS = "to_array(customer.contact)"
PRIMARY = f"""({CONTACTS}[?"@primarycontact" == '1'] || {CONTACTS}) | [0]"""


def text(element: str) -> str:
    """The first element's text, with or without attributes."""
    return f'to_array({element})[*].not_null("#text", @) | [0]'


name = answers("to_array(contact.name)", label='"@part"', value='"#text"')


class Adf(Mapping):
    """ADF XML (leads by e-mail or post)

    Leads in the Auto-lead Data Format, which listing services and website vendors also use for apartments.
    https://en.wikipedia.org/wiki/Auto-lead_Data_Format

        {"adf": {"prospect": [{"id": {"#text": "tour-20261124-0001"},
         "customer": {"contact": {"name": [{"#text": "Ines"}, {"@part": "last", "#text": "Carvalho"}],
         "email": "ines.carvalho@example.com", "phone": {"#text": "512-555-0137"}}},
         "vendor": {"id": {"@source": "property", "#text": "prop_cedarpark"}}}]}}

    Set-up: let the vendor, or a service that turns mail into webhooks, post the XML with the secret wherever it can put
    one. The property is the vendor's id with `source="property"`, else the vendor's name: write it among the `aliases`;
    the provider's name is the lead source. The format knows no appointment and no cancellation: every lead is a
    request, with what it says about the time in the notes, as that may be a wish or a move-in date. How rental services
    fill the format is inferred.
    """

    category = "rental"
    maturity = "inferred"
    signature = SharedSecret()
    event = constant("prospect")
    split = "adf.prospect"
    root = f"adf.prospect[0].merge(@, {{contact: {PRIMARY}}})"

    actions = [When(event="prospect", then=REQUEST)]

    # Some write the time without its offset; then it is no moment.
    occurred_at = fields.Instant(path="match(requestdate, '^(?=.{1,60}$).*T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})$')")
    reference = fields.Fingerprint(
        path=f"({text('id')}) || to_string([contact.email, contact.phone, requestdate])", required=True
    )

    first_name = fields.Name(path=name("^first$"))
    last_name = fields.Name(path=name("^last$"))
    full_name = fields.PersonName(path=[name("^full$"), text("contact.name")])
    email = fields.Email(path=text("contact.email"))
    phone = fields.Phone(path='to_array(contact.phone)[*].not_null("#text", @)')

    property = fields.String(
        path=[
            'to_array(vendor.id)[?"@source" == \'property\']."#text" | [0]',
            text("vendor.vendorname"),
            text("vendor.contact.name"),
        ]
    )
    lead_source = fields.String(path=text("provider.name"))
    notes = fields.Lines(
        path=[
            f"html({text('customer.comments')})",
            f"[['Time', {text('customer.timeframe.description')}]]",
            f"[['Earliest', {text('customer.timeframe.earliestdate')}]]",
            f"[['Latest', {text('customer.timeframe.latestdate')}]]",
        ]
    )
