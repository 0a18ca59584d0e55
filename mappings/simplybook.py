from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    REQUEST,
    RESCHEDULE,
    Api,
    Fetch,
    Login,
    Mapping,
    When,
    fields,
    path,
)
from bridge.mapping.kinds import KINDS, named_kind


class SimplyBook(Mapping):
    """SimplyBook.me

    Bookings of SimplyBook.me. The callback has ids only, so the bridge asks the administration API for the rest.
    https://help.simplybook.me/index.php/Company_administration_service_methods

        {"booking_id": "2262", "booking_hash": "514ccafaa45aa779ff50e4642c37ba5d", "company": "cedarpark",
         "notification_type": "create"}

    Set-up: in Custom Features, API switch on the triggers create, change and cancel, with the callback address
    `/hooks/<source>/<secret>`. `company`, `user` and `password` go into `[sources.<name>.api]`, best of a user who can
    only read bookings. Times are in the company's zone, which has to be that of the property. A service is for one
    property: make `service <id>` an alias of it. The words of the callback and the fields of a booking are inferred;
    look at the first bookings of each kind.
    """

    category = "scheduler"
    maturity = "inferred"

    # the callback is not signed and cannot carry headers: the secret is in its address
    signature = SharedSecret("path", "query")
    tenant = path("company")
    event = path("notification_type")
    repeats = True
    root = "booking.result || booking || {id: booking_id}"

    api = Api(
        base_url="https://user-api.simplybook.me",
        credentials=("company", "user", "password"),
        login=Login(
            path="/login",
            json={
                "jsonrpc": "2.0",
                "method": "getUserToken",
                "params": ["{company}", "{user}", "{password}"],
                "id": 1,
            },
            at="result",
        ),
        headers={"X-Company-Login": "{company}", "X-User-Token": "{token}"},
        instead="let Zapier's SimplyBook.me trigger post the whole booking (mapping `zapier`)",
    )
    details = [
        Fetch(
            path="/admin/",
            method="POST",
            json={"jsonrpc": "2.0", "method": "getBookingDetails", "params": ["{id}"], "id": 2},
            ids={"id": "booking_id"},
            into="booking",
        ),
    ]

    actions = [
        When(event="cancel", then=CANCEL),
        When(event=("create", "change"), where="text(booking.result.is_confirmed) == '0'", then=REQUEST),
        When(event="create", then=BOOK),
        When(event="change", then=RESCHEDULE),
        When(event=("notify", "remind"), then=IGNORE("a reminder changes nothing in the calendar")),
    ]

    reference = fields.String(path=["body().booking_id", "id"], required=True)

    full_name = fields.PersonName(path=["client_name", "client.name"])
    email = fields.Email(path=["client_email", "client.email"])
    phone = fields.Phone(path=["client_phone", "client.phone"])

    starts_at_local = fields.LocalTime(path=["start_date_time", "start_datetime"])
    ends_at_local = fields.LocalTime(path=["end_date_time", "end_datetime"])
    kind = fields.Choice(path=named_kind("event_name || service.name"), table=KINDS)
    property = fields.String(
        path="[event_id, service_id][?@] | [0] | @ && join(' ', ['service', text(@)])",
    )
    title = fields.String(path=["event_name", "service.name"])
    notes = fields.Lines(path=["comment", "[['SimplyBook code', code]]"])
