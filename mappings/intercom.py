from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import IGNORE, REMEMBER, REQUEST, RESCHEDULE, When, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

ITEM = "(data.item.contact || data.item)"  # the tagged item is inside the tagging
ATTRIBUTES = f"flat({ITEM}.custom_attributes || {ITEM}.ticket_attributes)"
TAGS = "data.item.[tag, tags_added.tags][]"
TICKET_TOURS = f"data.item.ticket_attributes && {ATTRIBUTES}.[tour_start, tour_start_at, tour_date][?@] | [0]"


class Intercom(CanonicalPayload):
    """Intercom

    Contacts, conversations and tickets of Intercom, and the data connectors that a workflow or the AI agent calls.
    https://developers.intercom.com/docs/references/webhooks/webhook-models

        {"data": {"item": {"tag": {"name": "tour-booked"}, "contact": {"email": "jordan.avery@example.com",
         "phone": "+15125550142", "name": "Jordan Avery", "custom_attributes": {"tour_start_at": 1789759800,
         "tour_booking_id": "TB-55120", "property_id": "prop_maple_court"}}}}, "topic": "contact.lead.tag.created"}

    Set-up: Intercom has no tours of its own. Let a workflow write the attributes `tour_status` (booked, rescheduled,
    cancelled), `tour_start_at` (a date with time), `tour_type`, `property_id`, best `tour_booking_id` on the contact,
    and subscribe your app to contact.user.* and contact.lead.*; the secret of the source is the app's client secret.
    Or use tags (tour-booked, tour-cancelled: conversation_part.tag.created, contact.*.tag.created) or tickets that have
    `Tour start`: they name the contact only by its id, so subscribe to the contact topics as well. Or let a data
    connector post the bridge's own body, with a secret of the source as Bearer token. Choose one of these ways.
    Let the Messenger not update these attributes, or visitors can. Inferred: what a ticket looks like.
    """

    # Webhooks are signed with the app's client secret; data connectors send a token of your choice.
    signature = FirstOf(
        Signature(header="X-Hub-Signature", parse="sha1={signature}", algorithm="hmac-sha1"),
        SharedSecret("bearer", "header"),
    )
    category = "chat"
    maturity = "inferred"

    event = first(
        path(f"match(topic, 'tag[.]created$') && {TAGS} | [?match(name, '^tour')] | [0].name"),
        path(f"{ATTRIBUTES}.tour_status"),
        path("topic"),
        CanonicalPayload.event,
    )
    delivery_id = first(path("topic && id"), CanonicalPayload.delivery_id)
    root = f"""data.item && ({ITEM} | flat(merge(
        {{
            contact: {{
                id: contacts.contacts[0].id || id,
                name: name || find(source.author, 'id', contacts.contacts[0].id).name,
                email: email || find(source.author, 'id', contacts.contacts[0].id).email,
                phone: phone
            }},
            number: type != 'contact' && id || `null`,
            assignee: match(owner_id || admin_assignee_id, '^[1-9].*'),
            said: html(source.body)
        }},
        custom_attributes || `{{}}`,
        ticket_attributes || `{{}}`
    ))) || {CanonicalPayload.root}"""

    actions = [
        *CanonicalPayload.actions,
        When(event="ticket.created", where=TICKET_TOURS, then=REQUEST),
        When(event="ticket.attribute.updated", where=TICKET_TOURS, then=RESCHEDULE),
        When(
            event=("ticket.created", "ticket.attribute.updated"),
            then=IGNORE("the ticket has no `Tour start`"),
        ),
        When(where=f"find({ITEM}, 'type', 'contact').[email, phone, name][?@] | [0]", then=REMEMBER),
        When(event="ping", then=IGNORE("Intercom asks whether the address works")),
    ]
    on_request = "book"

    occurred_at = fields.Instant(path=["body().created_at", "timestamp", "occurred_at"])
    reference = fields.String(
        path=[*BOOKING_IDS, "id", "number", "join('|', [contact_id, property_id])", "contact_id"],
        required=True,
    )
    contact_id = fields.String(path="contact_id")
    agent = fields.String(path=["agent", "agent_email", "assignee"])
    title = fields.String(path=["tour_title", "title", "default_title"])
    notes = fields.Lines(path=["tour_notes", "notes", "message", "comments", "default_description", "said"])
