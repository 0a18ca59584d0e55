from bridge.inbound.signatures import AnyOf, SharedSecret, Token
from bridge.mapping import BOOK, CANCEL, IGNORE, REMEMBER, RESCHEDULE, Mapping, When, answers, fields, paths

COLUMNS = (
    "[find(InputParameters, 'key', 'Target').value.Attributes, "
    "PostEntityImages[].value.Attributes[], PreEntityImages[].value.Attributes[]][]"
)
STATE = f"find({COLUMNS}, 'key', 'statecode').value.Value"


def column(name: str) -> str:
    """A column as it was changed, else as an image of the record shows it."""
    return f"find(columns, 'key', '{name}').value"


IS_PERSON = "LogicalName == 'lead' || LogicalName == 'contact'"
REGARDED = f"([find(columns, 'key', 'regardingobjectid').value] | [?{IS_PERSON}] | [0])"
# Who is invited, where the appointment regards something else, such as an opportunity: a lead or contact, else an
# address that no record in Dynamics has.
INVITED = (
    "[requiredattendees, optionalattendees][].Entities[]"
    ".{who: find(Attributes, 'key', 'partyid').value, mail: find(Attributes, 'key', 'addressused').value}"
    f" | [[?who | {IS_PERSON}], [?!who && mail]][] | [0]"
)
GUEST = (
    f"[@][?!{REGARDED}].columns.{{requiredattendees: find(@, 'key', 'requiredattendees').value,"
    f" optionalattendees: find(@, 'key', 'optionalattendees').value}} | [0] | {INVITED}"
)
RENTER = f"({REGARDED} || ({GUEST}).who)"


def own(name: str) -> str:
    """A column of your own, whatever prefix your publisher gives it."""
    return answers("columns", label="key", matching=f"_{name}$")


class Dynamics365(Mapping):
    """Dynamics 365 (Dataverse)

    Appointments of Dynamics 365 Sales, with the lead or contact that they regard.
    https://learn.microsoft.com/en-us/power-apps/developer/data-platform/use-webhooks

        {"MessageName": "Create", "PostEntityImages": [{"value": {"Attributes": [{"key": "scheduledstart",
         "value": "/Date(1789759800000)/"}, {"key": "regardingobjectid", "value": {"Name": "Jordan Avery"}},
         {"key": "new_prospectemail", "value": "jordan.avery@example.com"}, {"key": "new_prospectphone",
         "value": "+15125550142"}, {"key": "new_propexopropertyid", "value": "prop_maple_court"}]}}],
         "PrimaryEntityId": "92c9ac65-191f-487e-a2d0-46532292ec2e", "PrimaryEntityName": "appointment"}

    Set-up: in the Plug-in Registration Tool register the hook with an HttpHeader `X-Bridge-Key` or a WebhookKey, and
    asynchronous steps on `appointment`: Create, Delete, Update (of `scheduledstart`, `scheduledend`, `statecode`; with
    a post image). The renter: the same steps on `lead` and `contact`, or columns `<prefix>_prospectemail`,
    `<prefix>_prospectphone`. The property: `<prefix>_propexopropertyid` (`_propexounitid`, `_propexoleadid`), or that
    of the source. All appointments count as tours: if there are others, let a cloud flow send the tours. What is over
    256 KB comes without its columns and is held. Dataverse tries twice.
    """

    category = "CRM"
    maturity = "inferred"
    signature = AnyOf(SharedSecret("header", "bearer", "basic", "query", "path"), Token(query="code"))
    event = paths("PrimaryEntityName", "MessageName")
    delivery_id = paths("OperationId", "CorrelationId", "MessageName", "PrimaryEntityId")
    root = f"merge(@, {{columns: {COLUMNS}}})"

    actions = [
        When(event="appointment Delete", then=CANCEL),
        When(event=("appointment Create", "appointment Update"), where=f"{STATE} == `2`", then=CANCEL),
        When(
            event=("appointment Create", "appointment Update"),
            where=f"{STATE} == `1`",
            then=IGNORE("the appointment is completed"),
        ),
        When(event="appointment Create", then=BOOK),
        When(event="appointment Update", then=RESCHEDULE),
        When(
            where="match(join(' ', [PrimaryEntityName, MessageName]), '^(lead|contact) (create|update)$')",
            then=REMEMBER,
        ),
    ]

    occurred_at = fields.Instant(path="OperationCreatedOn")
    reference = fields.String(path="PrimaryEntityId", required=True)
    contact_id = fields.String(
        path=[
            f"{RENTER}.Id",
            "[@][?PrimaryEntityName != 'appointment'].PrimaryEntityId | [0]",
        ]
    )

    first_name = fields.Name(path=column("firstname"))
    last_name = fields.Name(path=column("lastname"))
    full_name = fields.PersonName(path=f"{RENTER}.Name")
    email = fields.Email(path=[own("prospectemail"), column("emailaddress1"), f"({GUEST}).mail"])
    phone = fields.Phone(path=[own("prospectphone"), column("mobilephone"), column("telephone1")])

    starts_at = fields.Instant(path=column("scheduledstart"))
    ends_at = fields.Instant(path=column("scheduledend"))

    property = fields.String(path=own("propexopropertyid"))
    unit = fields.String(path=own("propexounitid"))
    agent = fields.String(path=[f"{column('ownerid')}.Name", f"{column('ownerid')}.Id"])
    lead_id = fields.String(path=own("propexoleadid"))
    title = fields.String(path=column("subject"))
    notes = fields.Lines(path=[f"html({column('description')})", f"[['Location', {column('location')}]]"])
