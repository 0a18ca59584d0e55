"""Retention: content is blanked first, rows are deleted later, and delivery ids stay.

- Events that were written, ignored or dismissed lose body, headers, query, answers, detail and history after
  `body_days`, and all but source, delivery id, how and when they ended after `row_days`; their calls likewise.
- Tours, counted from their start, lose contact data, title and notes, later the row with its references.
- Contacts of a source that no event has named for `row_days` are deleted.
- The links of renters go with their tours.
- Answers of the management API are kept for a day, for requests that are repeated with their Idempotency-Key.

An event that is on its way or parked is not touched, nor its tour, nor a write of which the outcome is still looked
for. Leads hold ids of Propexo and digests, and stay. All is SQL that needs no encryption key, in batches that
each are a transaction; several processes may do it at once.
"""
# ruff: noqa: S608 - the statements are put together from texts of this module

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import CursorResult, text

from bridge.clock import Clock
from bridge.database import Database
from bridge.models import UNENCRYPTED_FIELDS, UNENCRYPTED_TOUR_FIELDS, UNFINISHED, Status
from bridge.settings import PrivacySettings

log = structlog.get_logger(__name__)

BATCH = 500
"""Rows of one transaction."""
ANSWERS_KEPT = timedelta(days=1)
OVER = (Status.WRITTEN, Status.IGNORED, Status.DISMISSED)

BLANKED = """
    body = '', original_body = NULL, headers = '{}', query = '{}', answers = NULL, would_write = NULL, detail = NULL,
    history = NULL, blanked_at = coalesce(events.blanked_at, :now)"""
"""What is done to an event whose content is no longer needed."""
REMOVED = f"""{BLANKED},
    content_type = NULL, original_content_type = NULL, event = NULL, occurred_at = NULL, reference = NULL,
    previous_reference = NULL, lock = '', job_id = NULL, queue_id = NULL, integration_id = NULL, awaits = NULL,
    booking_id = NULL, seq = NULL, rank = NULL, removed_at = :now"""
"""What is done to an event of which only the key of its delivery is to stay."""


def _kept(column: str, fields: tuple[str, ...]) -> str:
    """A JSON column without what says who the renter is, encrypted or not."""
    names = ", ".join(f"'{name}'" for name in fields)
    parts = f"SELECT jsonb_object_agg(key, value) FROM jsonb_each({column}) WHERE key IN ({names})"
    return f"CASE jsonb_typeof({column}) WHEN 'object' THEN coalesce(({parts}), '{{}}') END"


BLANK_DETAILS, BLANK_WRITTEN = (
    _kept("bookings.details", UNENCRYPTED_FIELDS),
    _kept("bookings.written", UNENCRYPTED_TOUR_FIELDS),
)
STARTS_AT = """greatest((bookings.written->>'starts_at')::timestamptz,
    (bookings.details#>>'{start,value,starts_at}')::timestamptz,
    (bookings.details#>>'{start,value,starts_at_local}')::timestamp AT TIME ZONE 'UTC')"""
"""Of a booking; wall time is good enough here."""
_EVENTS_OVER = "FROM events WHERE status = ANY(:over) AND removed_at IS NULL AND ended_at < "
_BOOKINGS_OVER = f"""FROM bookings
    WHERE NOT EXISTS (SELECT FROM events WHERE booking_id = bookings.id AND status = ANY(:unfinished))
    AND greatest({STARTS_AT}, changed_at, created_at) < """
_OF_A_TOUR = "EXISTS (SELECT FROM bookings WHERE open_attempt_id = attempts.id)"
_OF_A_LEAD = "EXISTS (SELECT FROM leads WHERE open_attempt_id = attempts.id)"
"""Whose outcome is still looked for."""
_BLANK_CALLS = "UPDATE attempts SET request = NULL, detail = NULL, effect = NULL FROM due WHERE"


@dataclass(frozen=True)
class Step:
    """One kind of rows, and what happens to those that are due."""

    name: str
    key: str
    due: str
    change: str
    """What follows the common table expression `due`."""


STEPS = (
    Step(
        "events_removed",
        "id",
        f"{_EVENTS_OVER} :remove_before",
        f""", calls AS (DELETE FROM attempts USING due WHERE event_id = due.id AND NOT {_OF_A_TOUR}
            RETURNING attempts.id),
        let_go AS (UPDATE leads SET open_attempt_id = NULL FROM calls WHERE open_attempt_id = calls.id)
        UPDATE events SET {REMOVED} FROM due WHERE events.id = due.id""",
    ),
    Step(
        "events_blanked",
        "id",
        f"{_EVENTS_OVER} :blank_before AND blanked_at IS NULL",
        f""", calls AS ({_BLANK_CALLS} event_id = due.id AND NOT {_OF_A_TOUR} AND NOT {_OF_A_LEAD})
        UPDATE events SET {BLANKED} FROM due WHERE events.id = due.id""",
    ),
    Step(
        "tours_removed",
        "id",
        f"""{_BOOKINGS_OVER} :remove_before
        AND NOT EXISTS (SELECT FROM events WHERE booking_id = bookings.id)
        AND NOT EXISTS (SELECT FROM bookings AS stray WHERE stray.merged_into = bookings.id)""",
        """, names AS (DELETE FROM booking_references USING due WHERE booking_id = due.id),
        calls AS (DELETE FROM attempts USING due WHERE booking_id = due.id)
        DELETE FROM bookings USING due WHERE bookings.id = due.id""",
    ),
    Step(
        "tours_blanked",
        "id",
        f"""{_BOOKINGS_OVER} :blank_before
        AND (details, written) IS DISTINCT FROM ({BLANK_DETAILS}, {BLANK_WRITTEN})""",
        f""", calls AS ({_BLANK_CALLS} booking_id = due.id),
        words AS (DELETE FROM terms USING due WHERE booking_id = due.id)
        UPDATE bookings SET details = {BLANK_DETAILS}, written = {BLANK_WRITTEN}, open_attempt_id = NULL,
            version = version + 1
        FROM due WHERE bookings.id = due.id""",
    ),
    Step(
        "people_forgotten",
        "source, contact_id",
        "FROM known_contacts WHERE used_at < :remove_before",
        """ DELETE FROM known_contacts USING due
        WHERE known_contacts.source = due.source AND known_contacts.contact_id = due.contact_id""",
    ),
    Step(
        "links_removed",
        "digest",
        """FROM tour_links WHERE created_at < :remove_before AND NOT EXISTS (
            SELECT FROM booking_references AS name
            WHERE name.source = tour_links.source AND name.reference = tour_links.reference)""",
        " DELETE FROM tour_links USING due WHERE tour_links.digest = due.digest",
    ),
    Step(
        "answers_removed",
        "token_id, key",
        "FROM idempotency_keys WHERE at < :answers_before",
        """ DELETE FROM idempotency_keys USING due
        WHERE idempotency_keys.token_id = due.token_id AND idempotency_keys.key = due.key""",
    ),
)


class Retention:
    """Forgets what is due by now."""

    def __init__(self, database: Database, privacy: PrivacySettings, clock: Clock) -> None:
        self._database, self._privacy, self._clock = database, privacy, clock

    def report(self) -> dict[str, int]:
        """How many rows are due, by step; nothing changes. A run can find more: one step makes way for another."""
        with self._database.session() as session:
            return {
                step.name: session.scalar(text(f"SELECT count(*) {step.due}"), self._values()) or 0
                for step in STEPS
            }

    def run(self) -> dict[str, int]:
        """Forget it, and answer how many rows each step has changed. Safe to repeat and to break off."""
        counts = {step.name: self._take(step) for step in STEPS}
        if any(counts.values()):
            log.info("forgot what is past its time", **counts)
        return counts

    def _take(self, step: Step) -> int:
        statement = text(
            f"WITH due AS (SELECT {step.key} {step.due} LIMIT {BATCH} FOR UPDATE SKIP LOCKED){step.change}"
        )
        total = 0
        while True:
            with self._database.session() as session:
                result = session.execute(statement, self._values())
                assert isinstance(result, CursorResult)
                changed = result.rowcount
            total += changed
            if changed < BATCH:
                return total

    def _values(self) -> dict[str, Any]:
        now: datetime = self._clock()
        return {
            "now": now,
            "blank_before": now - timedelta(days=self._privacy.body_days),
            "remove_before": now - timedelta(days=self._privacy.row_days),
            "answers_before": now - ANSWERS_KEPT,
            "over": list(OVER),
            "unfinished": [*UNFINISHED, Status.PARKED],
        }
