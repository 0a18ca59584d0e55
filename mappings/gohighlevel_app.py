from bridge.inbound.signatures import FirstOf, Signature
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REQUEST,
    RESCHEDULE,
    Api,
    Fetch,
    Mapping,
    TourKind,
    When,
    fields,
    path,
)

# Printed in HighLevel's guide to webhook authentication.
ED25519 = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=
-----END PUBLIC KEY-----
"""
RSA = """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSC
Frm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6
dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfB
csedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4nCpv
uxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF
3kvoV5rTnXV0IknLBXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKU
J062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/Juc+yjLjTXp
IocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzN
h/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhC
HULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJ
PQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB31IGKAyk
T1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ==
-----END PUBLIC KEY-----
"""

SIGNED = {"encoding": "base64", "key": "pem", "missing": ("N/A",)}

STATUS = "lower(appointment.appointmentStatus)"


class GoHighLevelApp(Mapping):
    """GoHighLevel (webhooks of an app)

    Appointments of HighLevel calendars, as the webhooks of a Marketplace app tell them.
    https://marketplace.gohighlevel.com/docs/2021-04-15/webhook/AppointmentUpdate

        {"type": "AppointmentCreate", "appointment": {"id": "qL9vTn3cXw8Rr2KpZb1M",
         "calendarId": "r7zJt4EQNBRqNIPXYRvz", "contactId": "OKR5UAAXFG2b0HMi8aUs",
         "startTime": "2026-09-18T14:30:00-05:00"}}

    Set-up: subscribe the app to AppointmentCreate, AppointmentUpdate and AppointmentDelete. HighLevel signs for all its
    customers with one key, so no secret is needed, but your location ids under `tenants` are; the `token` under `api`
    reads the contact. Put the id of each calendar among the aliases of its property. HighLevel repeats only what was
    answered with 429, which the bridge does while it cannot store. Unconfirmed appointments (`new`) are requests.
    A workflow (mapping `gohighlevel_workflow`) needs no app. Inferred: the words of `appointmentStatus`.
    """

    category = "CRM"
    maturity = "inferred"
    # One key pair for all customers, so the tenant is what tells them apart. Repetitions come up to 70 minutes later
    # with the same signature, and no timestamp is signed.
    signature = FirstOf(
        Signature(header="X-GHL-Signature", algorithm="ed25519", public_keys=(ED25519,), **SIGNED),
        Signature(header="X-WH-Signature", algorithm="rsa-pkcs1v15-sha256", public_keys=(RSA,), **SIGNED),
    )
    tenant = path("locationId")
    tenant_required = True
    event = path("type")
    delivery_id = path("webhookId")
    busy_status = 429

    api = Api(
        base_url="https://services.leadconnectorhq.com",
        credentials=("token",),
        headers={"Authorization": "Bearer {token}", "Version": "2021-07-28"},
        instead="let a workflow send the appointment (mapping `gohighlevel_workflow`)",
    )
    details = (
        Fetch(
            path="/contacts/{id}",
            ids={"id": "appointment.contactId"},
            where="appointment.contactId",
            into="contact",
        ),
    )
    root = "merge(appointment, {sent: timestamp, contact: contact.contact || contact})"

    actions = (
        When(event="AppointmentDelete", then=CANCEL),
        When(where=f"contains(['cancelled', 'canceled', 'invalid'], {STATUS})", then=CANCEL),
        When(where=f"match({STATUS}, '^no.?show')", then=NO_SHOW),
        When(where=f"contains(['showed', 'completed'], {STATUS})", then=IGNORE("the tour has taken place")),
        When(
            event=("AppointmentCreate", "AppointmentUpdate"),
            where=f"contains(['new', 'pending', 'unconfirmed'], {STATUS})",
            then=REQUEST,
        ),
        When(event="AppointmentCreate", then=BOOK),
        When(event="AppointmentUpdate", then=RESCHEDULE),
    )

    occurred_at = fields.Instant(path=["sent", "dateUpdated"])
    reference = fields.String(path="id", required=True)

    first_name = fields.Name(path="contact.firstName")
    last_name = fields.Name(path="contact.lastName")
    full_name = fields.PersonName(path=["contact.name", "contact.fullName"])
    email = fields.Email(path="contact.email")
    phone = fields.Phone(path="contact.phone")

    starts_at = fields.Instant(path="startTime")
    ends_at = fields.Instant(path="endTime")
    kind = fields.Choice(path="address", table={"http*": TourKind.VIRTUAL})

    property = fields.String(path="calendarId")
    agent = fields.String(path="assignedUserId")
    lead_source = fields.String(path="contact.source")
    title = fields.String(path="title")
    notes = fields.Lines(path="notes")
