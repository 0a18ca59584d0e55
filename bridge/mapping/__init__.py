"""A stored event becomes a Booking: what a mapping file needs, in one import."""

from bridge.mapping import fields
from bridge.mapping.actions import (
    ASK_TIMES,
    BOOK,
    CANCEL,
    CHOOSE_TIME,
    HOLD,
    IGNORE,
    NO_SHOW,
    REMEMBER,
    REQUEST,
    RESCHEDULE,
    When,
)
from bridge.mapping.answers import answers
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action, AppointmentStatus, BookingRequest, Contact, Priority, TourKind
from bridge.mapping.details import Api, Fetch, Login
from bridge.mapping.flattening import flat
from bridge.mapping.moments import is_clock, is_dated
from bridge.mapping.paths import constant, digest, first, header, path, paths
from bridge.mapping.questions import asked, topic
from bridge.mapping.replies import Reply
from bridge.mapping.tools import tool_rules

__all__ = [
    "ASK_TIMES",
    "BOOK",
    "CANCEL",
    "CHOOSE_TIME",
    "HOLD",
    "IGNORE",
    "NO_SHOW",
    "REMEMBER",
    "REQUEST",
    "RESCHEDULE",
    "Action",
    "Api",
    "AppointmentStatus",
    "BookingRequest",
    "Contact",
    "Fetch",
    "Login",
    "Mapping",
    "Priority",
    "Reply",
    "TourKind",
    "When",
    "answers",
    "asked",
    "constant",
    "digest",
    "fields",
    "first",
    "flat",
    "header",
    "is_clock",
    "is_dated",
    "path",
    "paths",
    "tool_rules",
    "topic",
]
