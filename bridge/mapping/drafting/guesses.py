"""Which place of a payload is which part of the booking, by its name and by how its value looks."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.mapping.drafting import looks
from bridge.mapping.drafting.places import Pairs, Place
from bridge.mapping.paths import is_absent

PERSON = re.compile(
    r"attendee|invitee|prospect|customer|contact|guest|renter|lead|client|visitor|applicant|requester|person|responder"
)
"""Words for who wants to see the apartment; `OTHERS` are for who shows it, or is no person."""
OTHERS = re.compile(
    r"organi[sz]er|host|agent|owner|assign|staff|team|creator|created_by|compan|account|office|vendor|provider|member"
    r"|operator|employee|property|listing|communit|location|sender|tracking|membership"
)
OF_OTHERS = (
    r"(\w+_)?(user|agent|owner|host|organi[sz]er|assigned?(_to)?|assignee|staff|creator|from|reply_to|cc|listing(_contact)?"
    r"|property|company|office|business|vendor|display)_?(e_?mail|phone)\w*"
)
"""Names of addresses and numbers that are nobody's who wants to see it."""
THING = r"(booking|appointment|appt|tour|showing|visit|viewing|reservation|meeting)"
ID = r"(id|uid|uuid|ref|reference|reference_id|code|number|key|uri|token)"
BESIDE = 4
"""Points for standing in the same object as what is known already."""
NAMELESS = 3
"""Points of a value whose look alone says what it is."""


@dataclass(frozen=True)
class Guess:
    """One part of the booking."""

    type: str
    """The field of `bridge.mapping.fields` that reads it."""
    why: str
    paths: tuple[Place, ...] = ()
    pairs: tuple[Pairs, ...] = ()
    date: Place | None = None
    """Where a start has its date and its time apart: in place of `paths`."""
    time: Place | None = None
    options: str = ""
    """Further arguments, as they are written."""

    @property
    def place(self) -> Place | None:
        """The first place that it reads."""
        return next(iter(self.paths), self.date)


@dataclass(frozen=True)
class Sign:
    """What tells one part of the booking: `looks` of the value, and `names` with what each counts."""

    looks: Callable[[Any], bool]
    names: dict[str, int]
    """Regular expressions that the whole name matches, or the name with its parent's. Below 0: it is not this."""
    alone: int = 0
    """Points for the look, without any name."""
    of_person: int = 0
    """Points for standing in something that is called like a person; as many less in another's."""
    empty: bool = True
    """Whether an empty value counts, if its name does."""

    def points(self, place: Place) -> int:
        """How sure it is; 0 or less: it is not this."""
        named = max(
            (count for name, count in self.names.items() if count > 0 and _fits(name, place)), default=0
        )
        if any(count < 0 and _fits(name, place) for name, count in self.names.items()):
            return 0
        if is_absent(place.value):
            return named - 5 if self.empty else 0
        if not self.looks(place.value) or not (named or self.alone):
            return 0
        return named + self.alone + self._of_person(place)

    def _of_person(self, place: Place) -> int:
        if PERSON.search("_".join(place.names[-2:])):
            return self.of_person
        return -3 * self.of_person if OTHERS.search(place.around) else 0


def _fits(pattern: str, place: Place) -> bool:
    return any(re.fullmatch(pattern, name) for name in (place.own, place.pair))


SIGNS = {
    "email": Sign(looks.is_email, {r".*e_?mail(_address)?|email.*": 8, OF_OTHERS: -1}, alone=NAMELESS, of_person=3),
    "phone": Sign(
        looks.is_phone,
        {
            r".*(phone|mobile|cell|telephone|whats_?app).*|tel": 8,
            r"wa_id|from": 5,
            r".*(country|region|code|type|id)": -1,
            OF_OTHERS: -1,
        },
        of_person=3,
    ),
    "spaced_phone": Sign(looks.is_spaced_phone, {r".*(fax|id)|to": -1, OF_OTHERS: -1}, alone=NAMELESS, of_person=3),
    "first_name": Sign(looks.is_word, {r".*(first|given|fore)_?name.*|name_first|fname": 8}, of_person=3),
    "last_name": Sign(looks.is_word, {r".*(last|family|sur)_?name.*|name_last|lname": 8}, of_person=3),
    "full_name": Sign(
        looks.is_name,
        {
            rf".*full_?name.*|name_full|({PERSON.pattern})s?(_\w+)*_name|what_(is|s)_your_name|your_name": 8,
            r"name|nick_?name|\w*name_and_\w+": 4,
            r"display_?name": 3,
            r".*(first|last|user|file|form|event|propert\w+|community|company|type|source|page|logical)_?name": -1,
        },
        of_person=3,
    ),
    "property": Sign(
        looks.is_place,
        {
            r"\w*propexo_?property_?id\w*": 12,
            r"(property|community)(_?(id|name|key|code|tag|uid|slug))?": 9,
            r"(property|community)_\w+|\w+_(property|community)(_id|_name)?": 7,
            r"(listing|building|apartment_complex|complex)(_?(id|uid|name|key))?": 6,
            r"location(_?(id|name))?|vendor_?name|vendor_id": 3,
        },
        empty=False,
    ),
    "unit": Sign(
        looks.is_word, {r"(propexo_)?(unit|apartment|apt|floor_?plan)(_?(id|number|name|no))?": 8}, empty=False
    ),
    "agent": Sign(
        looks.is_word,
        {
            r"(leasing_)?(agent|assignee|assigned|host|organi[sz]er|team_member|rep)s?(_to)?(_user)?_?email": 9,
            r"(leasing_)?(agent|assignee|assigned_to|host|organi[sz]er|team_member|rep)(_?(name|id|uid))?": 6,
        },
        empty=False,
    ),
    "lead_source": Sign(
        looks.is_word, {r"lead_?source|utm_source|referr(al|er)(_source)?|how_did_you_.*": 6}, empty=False
    ),
    "kind": Sign(looks.is_kind, {r".*(type|kind|mode|tour|format|location|meeting).*": 5}, empty=False),
    "notes": Sign(
        lambda value: isinstance(value, str),
        {
            r"(\w+_)?(notes?|comments?|message|remarks|description)|additional_\w+|special_requests?": 6,
            r"(event|form|error|company|property|field|type)_\w+": -1,
        },
    ),
    "duration_minutes": Sign(looks.is_word, {r".*duration.*|length(_\w+)?|minutes": 6}, empty=False),
    "reference": Sign(
        looks.is_id,
        {
            rf"\w*{THING}_?(confirmation_?)?{ID}|confirmation_?(id|code|number)": 12,
            r"uid": 13,
            r"(\w+_)?(submission|response|entry|record)_?(id|token|uuid)": 9,
            r"uuid|reference|ref|booking|appointment": 9,
            r"id|uri|(activity|event|meeting|schedule|object)_?(id|uid|uuid)": 5,
            r"(conversation|session|chat|ticket)_?id": 4,
            r"\w+_id": 1,
            r".*(user|account|organi[sz]ation|company|form|type|property|community|unit|listing|agent|calendar|owner"
            r"|team|host|contact|customer|client|subscription|app|tenant|campaign|location|source|field|website|site"
            r"|page|action|enterprise|employee|webhook|delivery|message|request|questions?|option|event_type|person|bot|contacts|admin_assignee"
            r"|attendees?|organizer)_?(id|uid|uuid|uri|code|number|key|token)": -1,
        },
        empty=False,
    ),
    "delivery_id": Sign(
        looks.is_id,
        {
            r"(event|delivery|message|webhook|notification|request|trigger)_?(event_)?(id|uuid|uid)": 6,
            r"id|uuid": 1,
            r"(event|message)_type_id": -1,
        },
        empty=False,
    ),
}  # fmt: skip


def best(
    name: str, places: Sequence[Place], near: Place | None = None, without: Iterable[Place] = ()
) -> Place | None:
    """The place that this part most probably is; one beside `near` rather than elsewhere."""
    sign, taken = SIGNS[name], {place.expression for place in without}
    scored = [(sign.points(place), place) for place in places if place.expression not in taken]
    ranked = [
        (points + (BESIDE if near and place.around == near.around else 0), -place.depth, -index, place)
        for index, (points, place) in enumerate(scored)
        if points > 0
    ]
    return max(ranked, key=lambda one: one[:3])[3] if ranked else None


def why(place: Place, look: str) -> str:
    """What speaks for a place."""
    if is_absent(place.value):
        return "its name; empty in this sample"
    return f"its name, {look}" if look else "its name"
