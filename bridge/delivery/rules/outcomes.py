"""The closed list of reasons, and how long an event waits for what."""

import random
from datetime import timedelta
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why an event is ignored, waits or is parked; `advice` says what a person does about it."""

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
    ALREADY_WRITTEN = "already_written", "Nothing: the PMS holds exactly this tour."
    LINKED = "linked", "Nothing: two sources report this tour, and it has one appointment."
    NOTHING_TO_CANCEL = (
        "nothing_to_cancel",
        "Nothing: the booking was never written. A late event of it will not bring it back.",
    )

    ECHO = "echo", "Nothing: the tour is the bridge's own, and came back through another system."
    NO_SHOW = "no_show", "Note it in the PMS, if you keep that there: none takes it through Propexo."
    TEST = "test", "Nothing: somebody tested the source from the console. It is read, and never forwarded."
    REMEMBERED = "remembered", "Nothing: the sender says who a person is; the tours come by themselves."

    # written
    LEAD_ONLY = "lead_only", "Call the person and agree on a time: the source makes such requests leads only."

    # waiting
    EARLIER_EVENT = "earlier_event", "Nothing: an earlier event of this booking is still on its way."
    UNKNOWN_BOOKING = (
        "unknown_booking",
        "It names a booking that the bridge does not know, and no person. Look for it at the sender.",
    )
    UNKNOWN_CONTACT = (
        "unknown_contact",
        "None of the sender's events says who this person is. Let it send its contact events too, or book by hand.",
    )
    REQUESTED = (
        "requested",
        'Nobody has confirmed it. Call the renter and book by hand; or set `on_request = "book"`, then replay.',
    )
    LEAD_ID = (
        "lead_id",
        "The lead was created; its id comes with the next sync of this PMS. A manual sync is faster.",
    )
    APPOINTMENT_ID = (
        "appointment_id",
        "The appointment was created; its id comes with the next sync of this PMS.",
    )
    BUDGET = "budget", "Nothing: Propexo's calls of this minute are used up."
    INTEGRATION_PAUSED = (
        "integration_paused",
        "Check the token and the integration's credentials at Propexo; it goes on by itself afterwards.",
    )
    CONFIRMATION = (
        "confirmation",
        "Nothing: Propexo has queued the write and the PMS has not confirmed it yet.",
    )
    OUTCOME_UNKNOWN = "outcome_unknown", "Nothing yet: the bridge looks whether its last call arrived."
    TEMPORARY = (
        "temporary",
        "Nothing: Propexo cannot be reached or has an error of its own; it is tried again.",
    )

    PMS_UNAVAILABLE = (
        "pms_unavailable",
        "Nothing: the PMS could not take the write at the moment, and nothing of it is there; it is sent again.",
    )

    # parked
    UNDECODABLE = "undecodable", "Look at the body; correct the format at the sender and let it send again."
    UNMAPPABLE = "unmappable", "Correct the mapping or the sender's form, then replay."
    NEEDS_DETAILS = (
        "needs_details",
        "The hook carries ids only. Give the source access to the sender's API, then replay.",
    )
    REFERENCE_REUSED = (
        "reference_reused",
        "One booking id, two people: correct it at the sender or in the mapping; or replay: the new person gets it.",
    )
    NEEDS_TIME = "needs_time", "The renter asks for a tour and names no time. Call, book by hand, dismiss."
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
        "Set the default that the detail names, then replay. Where there is none, book by hand and dismiss.",
    )
    NOT_SUPPORTED = "not_supported", "Do it in the PMS by hand, then dismiss."
    FINISH_BY_HAND = (
        "finish_by_hand",
        "The PMS takes the rest from nobody but you: do in it what the detail says, then replay or dismiss.",
    )
    SLOT_TAKEN = (
        "slot_taken",
        "Another tour has this time. Agree on another one with the renter and correct the start, or book by hand.",
    )
    INVALID_TIME = (
        "invalid_time",
        "A daylight-saving change skips or repeats this wall time. Ask the renter, book by hand, dismiss.",
    )
    START_PASSED = "start_passed", "The tour's start has passed. Call the renter, then dismiss."
    REJECTED = "rejected", "Correct what Propexo names in the detail, then replay."
    PMS_REFUSED = (
        "pms_refused",
        "The PMS did not write it; its words are in the detail. Correct the cause, then replay.",
    )
    PARTLY_WRITTEN = (
        "partly_written",
        "The PMS wrote a part. Complete it in the PMS, then dismiss. It is never sent again by itself.",
    )
    AMBIGUOUS = (
        "ambiguous",
        "Look in the PMS. If it is there, dismiss; if not, replay: that looks once more, then sends.",
    )
    UNCONFIRMED = (
        "unconfirmed",
        "Propexo has not finished the write for an hour. Look in the PMS; replay asks again.",
    )
    STALE_LINK = (
        "stale_link",
        "Propexo no longer knows the appointment or the lead. Look in the PMS, do it by hand, dismiss.",
    )
    NOT_FOUND = "not_found", "The id never appeared in Propexo. Look in the PMS, do it by hand, dismiss."
    MISCONFIGURED = (
        "misconfigured",
        "Check `propexo.base_url` and the network between here and there, then replay.",
    )
    GAVE_UP = "gave_up", "Book by hand and dismiss, or correct the cause and replay."
    INTERNAL_ERROR = (
        "internal_error",
        "A defect of the bridge. Report it with the log; replay after an update.",
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
    """It left no trace and was given up, so that it may be made anew."""
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
"""Looks at write-status; the last one repeats. Propexo documents no interval."""
CONFIRM_FOR = timedelta(hours=1)

CONFIRM_SWEPT = [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40, 60)]
"""Where several writes wait: a sweep of the write log finds out before, but for the last few."""
CONFIRM_IN_BACKLOG = [timedelta(seconds=30), timedelta(seconds=60)]
"""Looks for a confirmation while others wait for their first call."""

SEND_WITHIN = timedelta(seconds=45)
"""So long after it was recorded a write may still be sent."""
ANSWER_WITHIN = timedelta(seconds=30)
"""So long after that its answer may come. Before, a look for its trace proves nothing."""
LOOK_AFTER_UNKNOWN = [timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600)]
"""Looks for a write of unknown outcome. A job that is still pending is not in the write log, so one look
proves nothing."""
RESEND_AFTER_LOOKS = 3
"""After so many looks without a trace an update, a cancel, or a create that the server did not take up goes out
again."""

LOOK_FOR_ID = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60)]
"""Looks for an id that only a sync brings. By default Propexo syncs every 12 hours."""
WAIT_FOR_BOOKING = [timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600)]
"""Looks for the booking that an event without a contact names; then a person is told."""
WAIT_FOR_LINK = [timedelta(seconds=seconds) for seconds in (10, 20)]
"""Looks for the booking that a move names and nobody knows: the move before it may have been overtaken."""
WAIT_FOR_PREDECESSOR = timedelta(seconds=60)
"""Its end wakes who waits for it; this is for a wake-up that was lost."""
WAIT_FOR_CONFIRMING = [timedelta(minutes=15), timedelta(hours=1)]
"""Looks whether an event has confirmed a tour that was only asked for."""


def backoff(failure_count: int, random_source: random.Random) -> timedelta:
    """Full jitter: anywhere up to 5 s, 10 s, 20 s ... 1 h, so that a mass failure does not return as one."""
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(failure_count, 20)))
    return ceiling * random_source.random()


def delay_for(schedule: list[timedelta], poll_count: int) -> timedelta:
    """The wait before the next look; the last one repeats."""
    return schedule[min(poll_count, len(schedule) - 1)]
