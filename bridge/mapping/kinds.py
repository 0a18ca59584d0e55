"""What kinds of tours are called where people choose the words."""

from bridge.mapping.booking import AppointmentStatus, Priority, TourKind

KINDS = {
    "in person*": TourKind.IN_PERSON,
    "inperson*": TourKind.IN_PERSON,
    "onsite*": TourKind.IN_PERSON,
    "on site*": TourKind.IN_PERSON,
    "guided*": TourKind.IN_PERSON,
    "agent*": TourKind.IN_PERSON,
    "self*": TourKind.SELF_GUIDED,
    "virtual*": TourKind.VIRTUAL,
    "video*": TourKind.VIRTUAL,
    "live video*": TourKind.VIRTUAL,
    "online*": TourKind.VIRTUAL,
    "remote*": TourKind.VIRTUAL,
    "leasing*": TourKind.LEASING,
    "lease signing*": TourKind.LEASING,
}
STATUSES = {word.value: word for word in AppointmentStatus}
PRIORITIES = {word.value: word for word in Priority}


def named_kind(expression: str) -> str:
    """The kind that a name such as `Self-guided tour of Oakwood` says, for `KINDS`."""
    return f"match({expression}, '\\b(self.?guided|virtual|video|in.?person)\\b')"
