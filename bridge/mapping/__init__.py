"""A stored event becomes a Booking: what a mapping file needs, in one import."""

from bridge.mapping import fields
from bridge.mapping.actions import BOOK, CANCEL, IGNORE, RESCHEDULE, When
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action, Booking, Contact, TourKind
from bridge.mapping.paths import constant, digest, first, header, path, paths

__all__ = [
    "BOOK",
    "CANCEL",
    "IGNORE",
    "RESCHEDULE",
    "Action",
    "Booking",
    "Contact",
    "Mapping",
    "TourKind",
    "When",
    "constant",
    "digest",
    "fields",
    "first",
    "header",
    "path",
    "paths",
]
