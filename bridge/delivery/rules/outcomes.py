"""The closed list of reasons, and how long an event waits for what."""

import random
from datetime import timedelta
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why an event is ignored, waits or is parked; `advice` says what an operator does about it."""

    advice: str

    def __new__(cls, value: str, advice: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.advice = advice
        return member

    # ignored
    NOT_FORWARDED = "not_forwarded", "Nothing: the sender's event changes no appointment."
    UNKNOWN_EVENT = (
        "unknown_event",
        "If such events change tours, add a rule for them to the mapping, then replay; else let a rule ignore them.",
    )
    SUPERSEDED = "superseded", "Nothing: a newer event of the same booking has already decided."
    ALREADY_WRITTEN = (
        "already_written",
        "Nothing: the event changes nothing of the tour in the PMS.",
    )
    LINKED = "linked", "Nothing: two sources report this tour, and it has one appointment."
    NOTHING_TO_CANCEL = (
        "nothing_to_cancel",
        "Nothing: the booking was never written. A late event will not revive it.",
    )

    ECHO = "echo", "Nothing: this tour was written by the bridge and came back through another system."
    NO_SHOW = "no_show", "Note it in the PMS if you track no-shows; no PMS accepts them through Propexo."
    TEST = "test", "Nothing: this is a test of the source from the console. It is never forwarded."
    SHADOW = (
        "shadow",
        "Nothing: its source is in shadow mode and nothing is sent. Switch it live; replay this to write it.",
    )
    REMEMBERED = "remembered", "Nothing: the event only has contact data. Tours arrive as separate events."

    # written
    LEAD_ONLY = (
        "lead_only",
        "Call the renter and agree on a time: this source creates only leads from such requests.",
    )

    # waiting
    EARLIER_EVENT = "earlier_event", "Nothing: an earlier event of this booking is still in progress."
    UNKNOWN_BOOKING = (
        "unknown_booking",
        "It refers to an unknown booking and has no contact data. Look for the booking at the sender.",
    )
    UNKNOWN_CONTACT = (
        "unknown_contact",
        "No event of the sender has this person's contact data. Enable its contact events, or book by hand.",
    )
    REQUESTED = (
        "requested",
        'The request is not confirmed. Call the renter and book by hand; or set `on_request = "book"`, then replay.',
    )
    LEAD_ID = (
        "lead_id",
        "The lead was created; its id comes with the next sync of this PMS. A manual sync is faster.",
    )
    APPOINTMENT_ID = (
        "appointment_id",
        "The appointment was created; its id comes with the next sync of this PMS.",
    )
    BUDGET = "budget", "Nothing: Propexo's rate limit for this minute is used up."
    INTEGRATION_PAUSED = (
        "integration_paused",
        "Check the token and the integration's credentials at Propexo; the event then continues automatically.",
    )
    CONFIRMATION = (
        "confirmation",
        "Nothing: Propexo has queued the write and the PMS has not confirmed it yet.",
    )
    OUTCOME_UNKNOWN = "outcome_unknown", "Nothing yet: the bridge checks whether its last call arrived."
    TEMPORARY = (
        "temporary",
        "Nothing: Propexo cannot be reached or reports an internal error; the call is retried.",
    )

    PMS_UNAVAILABLE = (
        "pms_unavailable",
        "Nothing: the PMS is temporarily unavailable and has not written anything; the write is sent again.",
    )

    # parked
    UNDECODABLE = (
        "undecodable",
        "Check the body, correct the format at the sender, and ask it to send the event again.",
    )
    UNMAPPABLE = "unmappable", "Correct the mapping or the sender's form, then replay."
    NEEDS_DETAILS = (
        "needs_details",
        "The webhook has only ids. Give the source access to the sender's API, then replay.",
    )
    REFERENCE_REUSED = (
        "reference_reused",
        "One booking id, two people: correct it at the sender or in the mapping; or replay: the new person gets it.",
    )
    NEEDS_TIME = "needs_time", "The renter asks for a tour without a time. Call, book by hand, dismiss."
    UNKNOWN_PROPERTY = (
        "unknown_property",
        "Add the value found to `aliases` of its property, restart, then replay all with `--parked --reason`.",
    )
    UNKNOWN_UNIT = (
        "unknown_unit",
        "Add the value found to `units` of the property, or set `defaults.unit_id`, then replay.",
    )
    UNKNOWN_AGENT = (
        "unknown_agent",
        "Add the value found to `agents` of the property, or set `defaults.employee_id`, then replay.",
    )
    UNKNOWN_LEAD_SOURCE = (
        "unknown_lead_source",
        "Add the value found to `lead_sources` of the property, or set `defaults.lead_source_id`, then replay.",
    )
    MISSING_FIELD = (
        "missing_field",
        "Set the default that the detail names, then replay. If there is none, book by hand and dismiss.",
    )
    NOT_SUPPORTED = "not_supported", "Do it in the PMS by hand, then dismiss."
    FINISH_BY_HAND = (
        "finish_by_hand",
        "The PMS accepts the rest only from you: do in it what the detail says, then replay or dismiss.",
    )
    SLOT_TAKEN = (
        "slot_taken",
        "Another tour has this time. Agree on another one with the renter and correct the start, or book by hand.",
    )
    INVALID_TIME = (
        "invalid_time",
        "A daylight-saving change skips or repeats this local time. Ask the renter, book by hand, dismiss.",
    )
    START_PASSED = "start_passed", "The tour's start has passed. Call the renter, then dismiss."
    REJECTED = "rejected", "Correct what Propexo names in the detail, then replay."
    PMS_REFUSED = (
        "pms_refused",
        "The PMS rejected the write; the detail has its message. Correct the cause, then replay.",
    )
    PARTLY_WRITTEN = (
        "partly_written",
        "The PMS wrote only a part. Complete it in the PMS, then dismiss. It is never sent again automatically.",
    )
    AMBIGUOUS = (
        "ambiguous",
        "Check the PMS. If the tour is there, dismiss; if not, replay: the bridge searches again, then sends.",
    )
    UNCONFIRMED = (
        "unconfirmed",
        "Propexo has not finished the write for an hour. Check the PMS; a replay polls again.",
    )
    STALE_LINK = (
        "stale_link",
        "Propexo no longer knows the appointment or the lead. Check the PMS, do it by hand, dismiss.",
    )
    NOT_FOUND = "not_found", "The id never appeared in Propexo. Check the PMS, do it by hand, dismiss."
    MISCONFIGURED = (
        "misconfigured",
        "Check `propexo.base_url` and the network, then replay.",
    )
    GAVE_UP = "gave_up", "Book by hand and dismiss, or correct the cause and replay."
    INTERNAL_ERROR = (
        "internal_error",
        "An error in the bridge. Report it with the log; replay after an update.",
    )


WAITS_FOR_LATER = (
    Reason.UNKNOWN_BOOKING,
    Reason.UNKNOWN_CONTACT,
    Reason.REQUESTED,
    Reason.PMS_UNAVAILABLE,
)
"""An earlier event that waits for what a later one brings, or changes, is no predecessor of it."""


class WriteOutcome(StrEnum):
    """What becomes of a write beyond Propexo's first answer, which is an `Outcome` of propexo/errors.py."""

    SENDING = "sending"
    """On record, and about to be sent: without a result it may or may not have arrived."""
    CONFIRMED = "confirmed"
    FAILED = "failed"
    PARTLY = "partly_written"
    ABANDONED = "abandoned"
    """It left no trace and was given up, so that it may be created again."""
    NOT_SENT = "not_sent"
    """It was recorded too late to be sent, and never left."""


FIRST_BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=72)
NOTIFY_BEFORE = timedelta(minutes=15)
"""So long before a tour an operator learns that it is not in the PMS."""
GRACE = timedelta(minutes=5)
"""What an event gets that arrives later than that."""

CONFIRM_AFTER = [timedelta(seconds=seconds) for seconds in (3, 5, 10, 20, 40, 60)]
"""Delays between polls of write-status; the last one repeats. Propexo documents no interval."""
CONFIRM_FOR = timedelta(hours=1)

CONFIRM_SWEPT = [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40, 60)]
"""Where several writes wait: a sweep of the write log finds out before, but for the last few."""
CONFIRM_IN_BACKLOG = [timedelta(seconds=30), timedelta(seconds=60)]
"""Delays between polls for a confirmation while other events wait for their first call."""

SEND_WITHIN = timedelta(seconds=45)
"""So long after it was recorded a write may still be sent."""
ANSWER_WITHIN = timedelta(seconds=30)
"""So long after that its answer may come. Before, a search for its trace proves nothing."""
LOOK_AFTER_UNKNOWN = [timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600)]
"""Looks for a write of unknown outcome. A job that is still pending is not in the write log, so one look
proves nothing."""
RESEND_AFTER_LOOKS = 3
"""After so many looks without a trace an update, a cancel, or a create that the server did not take up goes out
again."""

LOOK_FOR_ID = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60)]
"""Delays between polls for an id that only a sync brings. By default Propexo syncs every 12 hours."""
WAIT_FOR_BOOKING = [timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600)]
"""Polls for the booking that an event without a contact names; then the event is parked."""
WAIT_FOR_LINK = [timedelta(seconds=seconds) for seconds in (10, 20)]
"""Polls for an unknown booking that a move refers to: the move before it may have been overtaken."""
WAIT_FOR_PREDECESSOR = timedelta(seconds=60)
"""Its end wakes who waits for it; this is for a wake-up that was lost."""
WAIT_FOR_CONFIRMING = [timedelta(minutes=15), timedelta(hours=1)]
"""Delays between polls whether an event has confirmed a tentative tour."""


def backoff(failure_count: int, random_source: random.Random) -> timedelta:
    """Full jitter: anywhere up to 5 s, 10 s, 20 s ... 1 h, so that a mass failure does not return as one."""
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(failure_count, 20)))
    return ceiling * random_source.random()


def delay_for(schedule: list[timedelta], poll_count: int) -> timedelta:
    """The wait before the next look; the last one repeats."""
    return schedule[min(poll_count, len(schedule) - 1)]
