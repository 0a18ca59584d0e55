from bridge.inbound.signatures import Token
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    RESCHEDULE,
    Api,
    Fetch,
    Login,
    Mapping,
    When,
    fields,
    path,
    paths,
)

MEETING = "meeting.data[0]"
GUEST = f"{MEETING}.Participants[?type != 'user'] | [0]"
CHANGED = "find(affected_values, 'record_id', ids[0]).values"


class ZohoNotification(Mapping):
    """Zoho CRM (notifications)

    Meetings, of which a notification channel tells the ids and at most the values that changed.
    https://www.zoho.com/crm/developer/docs/api/v8/notifications/enable.html

        {"server_time": 1789398000473, "affected_values": [], "query_params": {"tenant": "acme"}, "module": "Events",
         "resource_uri": "https://www.zohoapis.com/crm/v8/Events", "ids": ["6610045000001420031"],
         "affected_fields": [], "operation": "insert", "channel_id": "1000000091207", "token": "propexo-bridge-4c1e"}

    Set-up: subscribe a channel to Events.create, Events.edit and Events.delete, with the secret as its `token`. It ends
    within a week at the latest, after which nothing comes: something of yours has to renew it. `client_id`,
    `client_secret` and `refresh_token` under `api` are those of a self client at https://api-console.zoho.com with the
    scope ZohoCRM.modules.READ. The rule of a workflow (mapping `zoho_workflow`) needs neither.
    A meeting counts if its title has the word tour, showing or viewing, or if it has a `Propexo_Property_Id`; its
    person is the contact in Who_Id, or the lead that it relates to. In another data centre set `api.base_url` and
    `api.login_url`.
    """

    category = "CRM"
    signature = Token(body="token")
    split = "ids"
    event = path("operation")
    delivery_id = paths("channel_id", "module", "operation", "ids[0]", "server_time")
    coalesce = True
    tenant = path("channel_id")

    api = Api(
        base_url="https://www.zohoapis.com",
        credentials=("client_id", "client_secret", "refresh_token"),
        login=Login(
            base_url="https://accounts.zoho.com",
            path="/oauth/v2/token",
            form={
                "grant_type": "refresh_token",
                "client_id": "{client_id}",
                "client_secret": "{client_secret}",
                "refresh_token": "{refresh_token}",
            },
            at="access_token",
        ),
        headers={"Authorization": "Zoho-oauthtoken {token}"},
        instead="let a workflow rule send the meeting (mapping `zoho_workflow`)",
    )
    details = (
        Fetch(path="/crm/v8/Events/{id}", ids={"id": "ids[0]"}, into="meeting"),
        Fetch(
            path="/crm/v8/Contacts/{id}",
            ids={"id": f"{MEETING}.Who_Id.id"},
            where=f"{MEETING}.Who_Id.id",
            into="person",
        ),
        Fetch(
            path="/crm/v8/Leads/{id}",
            ids={"id": f"{MEETING}.What_Id.id"},
            where="meeting.data[?\"$se_module\" == 'Leads'].What_Id.id | [0]",
            into="person",
        ),
    )

    actions = (
        When(where="module != 'Events'", then=IGNORE("only meetings are tours")),
        When(event="delete", then=CANCEL),
        When(
            where=f"{MEETING} | @ && !Propexo_Property_Id && !match(Event_Title, 'tour|showing|viewing')",
            then=IGNORE("the title of the meeting does not speak of a tour"),
        ),
        When(event="insert", then=BOOK),
        When(event="update", then=RESCHEDULE),
    )

    occurred_at = fields.Instant(path="server_time")
    reference = fields.String(path="ids[0]", required=True)

    first_name = fields.Name(path="person.data[0].First_Name")
    last_name = fields.Name(path="person.data[0].Last_Name")
    full_name = fields.PersonName(path=[f"{MEETING}.Who_Id.name", f"{GUEST}.name"])
    email = fields.Email(
        path=["person.data[0].Email", f"{GUEST}.Email", f"{GUEST} | [@][?type == 'email'].participant | [0]"]
    )
    phone = fields.Phone(path="person.data[0].[Phone, Mobile]")

    # A whole day is no start.
    starts_at = fields.Instant(
        path=["meeting.data[?!All_day].Start_DateTime | [0]", f"{CHANGED}.Start_DateTime"]
    )
    ends_at = fields.Instant(path=[f"{MEETING}.End_DateTime", f"{CHANGED}.End_DateTime"])

    property = fields.String(path=f"{MEETING}.Propexo_Property_Id")
    unit = fields.String(path=f"{MEETING}.Propexo_Unit_Id")
    agent = fields.String(path=f"{MEETING}.Owner.email")
    lead_source = fields.String(path="person.data[0].Lead_Source")
    lead_id = fields.String(path=[f"{MEETING}.Propexo_Lead_Id", "person.data[0].Propexo_Lead_Id"])
    title = fields.String(path=f"{MEETING}.Event_Title")
    notes = fields.Lines(path=f"{MEETING}.Description")
