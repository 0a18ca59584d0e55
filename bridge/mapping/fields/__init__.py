"""The types of the values that senders give. Each field of a mapping is one of these, with a `path`.

`path` is one JMESPath expression or a list of them: the first that finds something wins. A field that is
`required` and finds nothing, or finds something of another kind, becomes an error that names the path, what
was found and what was expected.
"""

from bridge.mapping.fields.base import Field, Integer, Match, String, describe
from bridge.mapping.fields.durations import Duration, minutes_between
from bridge.mapping.fields.names import Name, PersonName
from bridge.mapping.fields.people import Email, Phone
from bridge.mapping.fields.times import Instant, LocalTime, ZonedTime
from bridge.mapping.fields.words import Choice, Fingerprint, Lines

__all__ = [
    "Choice",
    "Duration",
    "Email",
    "Field",
    "Fingerprint",
    "Instant",
    "Integer",
    "Lines",
    "LocalTime",
    "Match",
    "Name",
    "PersonName",
    "Phone",
    "String",
    "ZonedTime",
    "describe",
    "minutes_between",
]
