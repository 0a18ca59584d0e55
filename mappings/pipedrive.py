from bridge.inbound.signatures import Basic
from bridge.mapping import (
    BOOK,
    CANCEL,
    HOLD,
    IGNORE,
    RESCHEDULE,
    Api,
    Fetch,
    Mapping,
    TourKind,
    When,
    fields,
    path,
)

TOUR = "tour|showing|viewing"


def is_tour(activity: str) -> str:
    """By its type, or by its subject where it is just a meeting."""
    return f"({activity} | match(type, '{TOUR}') || type == 'meeting' && match(subject, '{TOUR}'))"


class Pipedrive(Mapping):
    """Pipedrive

    Activities, as webhooks of version 2 tell them.
    https://pipedrive.readme.io/docs/guide-for-webhooks-v2

        {"data": {"custom_fields": {"4c57b41b695df5caab878d66c8fb7076eb78f9b8": {"value": "prop_maple_court"}},
         "due_date": "2026-09-18", "due_time": {"value": "19:30:00"}, "person_id": 771, "type": "tour"},
         "meta": {"action": "create", "entity_id": "9021", "entity": "activity"}}

    Set-up: create a webhook v2 for all actions (create, change, delete) of the object activity, with an HTTP user and
    password; the secret is `user:password`. Put an `api_token` under `api`: the hook has no more than the person's id.
    Activities count whose type has tour, showing or viewing in its key, and meetings whose subject has; one without a
    time of day is parked. A custom field names the property, if it is the only one that is filled. After
    ten failed deliveries Pipedrive sends nothing for half an hour, and the events of that time are lost.
    Inferred: how a time of day is written, and that it is UTC as in the rest of the API.
    """

    category = "CRM"
    maturity = "inferred"
    signature = Basic()
    event = path("join('.', [meta.action, meta.entity])")
    delivery_id = path("meta.id")
    tenant = path("meta.company_id")
    changed_by = path("meta.change_source")
    root = "merge(data || previous, {meta: meta, person: person.data})"

    api = Api(
        base_url="https://api.pipedrive.com",
        credentials=("api_token",),
        headers={"x-api-token": "{api_token}"},
        instead="let Zapier look up the person and send the tour (mapping `zapier`)",
    )
    details = (
        Fetch(
            path="/api/v2/persons/{id}", ids={"id": "data.person_id"}, where="data.person_id", into="person"
        ),
    )

    actions = (
        When(
            where="meta.v == `1` || meta.object && !(meta.entity)",
            then=HOLD("a webhook of version 2: delete this one in Pipedrive and create it again as v2"),
        ),
        When(where="meta.entity != 'activity'", then=IGNORE("only activities are tours")),
        When(
            event="change.activity",
            where=f"previous.[type, subject][?@] && !{is_tour('data')} && {is_tour('merge(data, previous)')}",
            then=CANCEL,
        ),
        When(
            where=f"!{is_tour('(data || previous)')}",
            then=IGNORE("neither the type nor the subject of the activity speaks of a tour"),
        ),
        When(event="delete.activity", then=CANCEL),
        When(event="change.activity", where="match(data.subject, '^[^\\w\\n]*cancell?ed')", then=CANCEL),
        When(where="data.done", then=IGNORE("the activity is done")),
        When(event="create.activity", then=BOOK),
        When(event="change.activity", then=RESCHEDULE),
    )

    occurred_at = fields.Instant(path="meta.timestamp")
    reference = fields.String(path=["meta.entity_id", "id"], required=True)

    first_name = fields.Name(path="person.first_name")
    last_name = fields.Name(path="person.last_name")
    full_name = fields.PersonName(path="person.name")
    email = fields.Email(path=["person.emails[?primary].value | [0]", "person.emails[0].value"])
    phone = fields.Phone(path=["person.phones[?primary].value", "person.phones[].value"])

    starts_at = fields.Instant(path="join('', [due_date, 'T', due_time.value || due_time, 'Z'])")
    duration_minutes = fields.Duration(path=["duration.value", "duration"])
    kind = fields.Choice(
        path="type",
        table={
            "virtual*": TourKind.VIRTUAL,
            "video*": TourKind.VIRTUAL,
            "self*": TourKind.SELF_GUIDED,
            "in_person*": TourKind.IN_PERSON,
        },
    )

    property = fields.String(path="[custom_fields.* | [?value].value][?length(@) == `1`] | [0][0]")
    agent = fields.String(path="owner_id")
    title = fields.String(path="subject")
    notes = fields.Lines(path="html(public_description)")
