"""A new mapping without a recorded request: a complete example to rewrite, with the payloads that it reads.

It shows each part of a mapping once, as `mappings/README.md` explains them.
"""

import json
from typing import Any

from bridge.mapping.scaffold.writing import class_name

TEXT = '''\
from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, CANCEL, RESCHEDULE, Mapping, When, answers, fields, path


class {class_name}(Mapping):
    """{sender}

    {docs}

        {{"id": "evt_1", "event": "booked",
         "data": {{"tour_id": 7, "starts": "2031-03-04T10:30:00-06:00", "community": "Oakwood Flats",
          "guest": {{"name": "Maya Okafor", "email": "maya@example.com", "mobile": ""}},
          "answers": [{{"question": "Phone", "answer": "(512) 555-0142"}}]}}}}

    To do: the sender's own payload instead of this example, and what to set up at the sender.
    """

    # How a request is authenticated: here a secret of yours, which the sender puts into a header or the address.
    # If it signs: Signature(header="X-Acme-Signature", parse="sha256={{signature}}"), from the same module.
    signature = SharedSecret()
    # What names the event, and the id that stays the same when the sender repeats it.
    event = path("event")
    delivery_id = path("id")
    # The paths of the fields begin here.
    root = "data"

    # The first rule that applies decides; an event without a rule is ignored.
    actions = [
        When(event="booked", then=BOOK),
        When(event="moved", then=RESCHEDULE),
        When(event="cancelled", then=CANCEL),
    ]

    # The sender's id of the booking: the same when it moves, another for another booking.
    reference = fields.String(path="tour_id", required=True)
    full_name = fields.PersonName(path="guest.name")
    email = fields.Email(path="guest.email")
    # A list of paths: the first that finds something.
    phone = fields.Phone(
        path=["guest.mobile", answers("answers", label="question", value="answer", matching="^phone")]
    )
    # A time with an offset. Without one: starts_at_local = fields.LocalTime(path=...)
    starts_at = fields.Instant(path="starts")
    # The name of the property; without it `property` of the source counts.
    property = fields.String(path="community")
    notes = fields.Lines(path="answers[].[question, answer]")
'''
MOVED = "2031-03-05T11:00:00-06:00"
NO_DOCS = "Name the page on which the sender describes its payload, with its address."


def skeleton_of(name: str, docs: str | None) -> str:
    """The mapping file `<name>.py`. `docs` is the page on which the sender describes its payload."""
    words = name.replace("_", " ").strip()
    sender = f"{words[:1].upper()}{words[1:]}"
    return TEXT.format(class_name=class_name(name), sender=sender, docs=docs or NO_DOCS)


def example_payloads(community: str = "Oakwood Flats") -> dict[str, str]:
    """The bodies that the example reads, by the names of their samples: one tour over its life, at a property."""
    life = {"booked": "2031-03-04T10:30:00-06:00", "moved": MOVED, "cancelled": MOVED}
    payloads = (
        _payload(f"evt_{number}", event, start, community)
        for number, (event, start) in enumerate(life.items(), start=1)
    )
    return {payload["event"]: json.dumps(payload, indent=2) for payload in payloads}


def _payload(delivery_id: str, event: str, start: str, community: str) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "event": event,
        "data": {
            "tour_id": 7,
            "starts": start,
            "community": community,
            "guest": {"name": "Maya Okafor", "email": "maya@example.com", "mobile": ""},
            "answers": [
                {"question": "Phone", "answer": "(512) 555-0142"},
                {"question": "Move-in", "answer": "April"},
            ],
        },
    }
