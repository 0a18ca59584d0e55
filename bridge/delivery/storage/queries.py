"""The statements that load what decisions need, prepared once: building a statement costs more than running it.

Each takes lists as arrays, so that its text is always the same and PostgreSQL keeps its plan.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    String,
    and_,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import InstrumentedAttribute, aliased

from bridge.delivery.rules.entities import AttemptRow, BookingRow, Breaker, EventRow, LeadRow, TimeClaim
from bridge.delivery.rules.outcomes import WAITS_FOR_LATER, Reason, WriteOutcome
from bridge.delivery.storage.ready import Query
from bridge.delivery.storage.rows import ATTEMPT, BOOKING, BREAKER, EVENT, LEAD, labelled
from bridge.models import (
    Alias,
    Attempt,
    Booking,
    BookingReference,
    BookingState,
    EarlierCode,
    Event,
    IntegrationState,
    KnownContact,
    Lead,
    RecordCache,
    SearchToken,
    SlotClaim,
    SlotSource,
)
from bridge.propexo.errors import Outcome

MOST_OF_A_LANE = 1000
"""Open events of a lane that are looked at together."""
MOST_NEWER = 50


def _texts(name: str) -> BindParameter[Any]:
    return bindparam(name, None, type_=ARRAY(String))


def _in(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Whether a column has one of the values of an array."""
    kind = BigInteger if isinstance(column.type, BigInteger) else String
    return column == any_(bindparam(name, None, type_=ARRAY(kind)))


def _pairs(*names: str) -> Any:
    """Arrays of the same length as a table with these columns."""
    return func.unnest(*(_texts(name) for name in names)).table_valued(*names).render_derived()


_LANES = func.unnest(_texts("lanes")).table_valued("lane").render_derived()
_OF_LANE = (
    select(*labelled(EVENT))
    .where(Event.lock == _LANES.c.lane, Event.ended_at.is_(None))
    .order_by(Event.seq)
    .limit(MOST_OF_A_LANE)
    .lateral()
)
OPEN_EVENTS: Query[EventRow] = Query(select(_OF_LANE).select_from(_LANES.join(_OF_LANE, true())), EventRow)
"""`lanes`: their open events, in the order of each lane."""
EVENT_BY_ID: Query[EventRow] = Query(
    select(*labelled(EVENT)).where(Event.id == bindparam("this_event", None)), EventRow
)
_BODY = (Event.id, Event.body, Event.content_type, Event.headers, Event.query, Event.answers)
BODIES: Query[Any] = Query(select(*_BODY).where(_in(Event.id, "ids")))
ALIASES: Query[Any] = Query(select(Alias.alias, Alias.property))

_NAMED = _pairs("sources", "names")
_UNENDED = (Event.ended_at.is_(None), or_(Event.reason.is_(None), Event.reason.not_in(WAITS_FOR_LATER)))


def _with_reference(column: InstrumentedAttribute[Any]) -> Any:
    return (
        select(Event.id, Event.seq, Event.source, Event.reference, Event.previous_reference)
        .join(_NAMED, and_(Event.source == _NAMED.c.sources, column == _NAMED.c.names))
        .where(*_UNENDED)
    )


PREDECESSORS: Query[Any] = Query(
    union_all(_with_reference(Event.reference), _with_reference(Event.previous_reference))
)
"""`sources` and `names`, in pairs: the open events that have one of these references, now or before."""
NEWER: Query[Any] = Query(
    select(*labelled(EVENT), *_BODY[1:])
    .where(
        Event.source == bindparam("this_source", None),
        Event.reference == bindparam("this_reference", None),
        Event.ended_at.is_(None),
        Event.id != bindparam("this_event", None),
    )
    .limit(MOST_NEWER)
)


def _shadow_with(column: InstrumentedAttribute[Any]) -> Any:
    return (
        select(
            Event.id, Event.seq, Event.source, Event.reference, Event.previous_reference, Event.would_write
        )
        .join(_NAMED, and_(Event.source == _NAMED.c.sources, column == _NAMED.c.names))
        .where(Event.would_write.is_not(None))
    )


SHADOWS: Query[Any] = Query(union_all(_shadow_with(Event.reference), _shadow_with(Event.previous_reference)))
"""`sources` and `names`, in pairs: the events that were decided in shadow mode and have one of these references."""
_LINKED = _pairs("sources", "names")
LINKS: Query[Any] = Query(
    select(BookingReference.source, BookingReference.reference, BookingReference.booking_id).join(
        _LINKED,
        and_(BookingReference.source == _LINKED.c.sources, BookingReference.reference == _LINKED.c.names),
    )
)
"""`sources` and `names`, in pairs: the bookings that they name."""
BOOKINGS: Query[BookingRow] = Query(
    select(*labelled(BOOKING)).where(or_(_in(Booking.id, "ids"), _in(Booking.merged_into, "ids"))), BookingRow
)
MOST_RELATED = 50
"""Bookings of one e-mail or phone, the newest, that are compared with an event's: a placeholder may have thousands."""
_TERMS = func.unnest(_texts("terms")).table_valued("term").render_derived()
_NAMED_BY = (
    select(SearchToken.booking_id)
    .where(SearchToken.term == _TERMS.c.term)
    .order_by(SearchToken.booking_id.desc())
    .limit(MOST_RELATED)
    .lateral()
)
RELATED: Query[Any] = Query(
    select(_TERMS.c.term, *labelled(BOOKING))
    .select_from(_TERMS.join(_NAMED_BY, true()).join(Booking, Booking.id == _NAMED_BY.c.booking_id))
    .where(Booking.merged_into.is_(None))
)
"""`terms`: the bookings whose renter has one of these addresses, each with the term."""
KEYED: Query[BookingRow] = Query(select(*labelled(BOOKING)).where(_in(Booking.tour_key, "keys")), BookingRow)
ECHOED: Query[Any] = Query(
    union_all(
        select(Booking.code, Booking.id).where(_in(Booking.code, "codes")),
        select(EarlierCode.code, EarlierCode.booking_id).where(_in(EarlierCode.code, "codes")),
    )
)
_PEOPLE = _pairs("sources", "contacts")
CONTACTS: Query[Any] = Query(
    select(KnownContact.source, KnownContact.contact_id, KnownContact.details).join(
        _PEOPLE,
        and_(KnownContact.source == _PEOPLE.c.sources, KnownContact.contact_id == _PEOPLE.c.contacts),
    )
)
ATTEMPTS: Query[AttemptRow] = Query(
    (
        select(*labelled(ATTEMPT), Event.ended_at.label("event_ended_at"))
        .join_from(Attempt, Event, Attempt.event_id == Event.id)
        .where(_in(Attempt.id, "ids"))
    ),
    AttemptRow,
)
_OF_BOOKINGS = select(Event.id).where(_in(Event.booking_id, "bookings"))
FAILED: Query[AttemptRow] = Query(
    (
        select(*labelled(ATTEMPT))
        .where(
            or_(_in(Attempt.event_id, "events"), Attempt.event_id.in_(_OF_BOOKINGS)),
            Attempt.outcome.in_((WriteOutcome.FAILED, Outcome.REJECTED, Outcome.STALE)),
        )
        .order_by(Attempt.id)
    ),
    AttemptRow,
)
"""Calls of these `events`, and of all events of these `bookings`, that failed or were refused."""
CREATES: Query[AttemptRow] = Query(
    (
        select(*labelled(ATTEMPT))
        .where(
            Attempt.event_id.in_(_OF_BOOKINGS),
            _in(Attempt.booking_id, "bookings"),
            Attempt.kind == "create",
            Attempt.outcome == WriteOutcome.CONFIRMED,
        )
        .order_by(Attempt.id)
    ),
    AttemptRow,
)
_ORIGIN = aliased(Event)
_LOST_LANES = select(_ORIGIN.lock).where(
    _ORIGIN.id == any_(bindparam("events", None, type_=ARRAY(BigInteger)))
)
_OF_LEADS = and_(
    Attempt.kind == "create_lead",
    Attempt.event_id.in_(select(Event.id).where(Event.lock.in_(_LOST_LANES), Event.lock != "")),
)
KNOWN_JOBS: Query[Any] = Query(
    select(Attempt.job_id).where(
        or_(_in(Attempt.booking_id, "bookings"), _OF_LEADS), Attempt.job_id.is_not(None)
    )
)
"""Jobs of writes to these `bookings`, and of leads in the lanes of these `events`."""
LEADS: Query[LeadRow] = Query(select(*labelled(LEAD)).where(_in(Lead.contact, "contacts")), LeadRow)
BREAKERS: Query[Breaker] = Query(
    select(*labelled(BREAKER)).where(
        or_(IntegrationState.paused_at.is_not(None), IntegrationState.failures > 0)
    ),
    Breaker,
)
PROBER: Query[Any] = Query(
    select(Event.id)
    .where(
        Event.integration_id == bindparam("integration", None),
        Event.ended_at.is_(None),
        Event.reason == Reason.INTEGRATION_PAUSED.value,
        Event.next_attempt_at.between(bindparam("now", None), bindparam("probe_at", None)),
    )
    .limit(1)
)
"""Whether an event waits that will probe a paused integration."""
_AT = _pairs("integrations", "properties")
RECORDS: Query[Any] = Query(
    select(
        RecordCache.integration_id,
        RecordCache.property_id,
        RecordCache.kind,
        RecordCache.fetched_at,
        RecordCache.records,
    ).join(
        _AT,
        and_(
            RecordCache.integration_id == _AT.c.integrations,
            RecordCache.property_id == _AT.c.properties,
        ),
    )
)
_CLAIM = (
    SlotClaim.booking_id,
    SlotClaim.property.label("property_key"),
    SlotClaim.kind,
    SlotClaim.starts_at,
    SlotClaim.ends_at,
    SlotClaim.agent,
    case((Booking.written_state == BookingState.BOOKED, SlotClaim.changed_at)).label("written_since"),
)
_WINDOWS = (
    func.unnest(
        _texts("properties"),
        bindparam("froms", None, type_=ARRAY(TIMESTAMP(timezone=True))),
        bindparam("tos", None, type_=ARRAY(TIMESTAMP(timezone=True))),
    )
    .table_valued("place", "since", "until")
    .render_derived()
)
CLAIMS: Query[TimeClaim] = Query(
    (
        select(*_CLAIM)
        .join(Booking, Booking.id == SlotClaim.booking_id)
        .join(
            _WINDOWS,
            and_(
                SlotClaim.property == _WINDOWS.c.place,
                SlotClaim.starts_at >= _WINDOWS.c.since,
                SlotClaim.starts_at < _WINDOWS.c.until,
            ),
        )
        .union(
            select(*_CLAIM)
            .join(Booking, Booking.id == SlotClaim.booking_id)
            .where(_in(SlotClaim.booking_id, "bookings"))
        )
    ),
    TimeClaim,
)
"""`properties`, `froms` and `tos`, together: the claims that begin there then; and those of these `bookings`."""
_OFFERING = _pairs("integrations", "properties")
CALENDARS: Query[Any] = Query(
    select(SlotSource.integration_id, SlotSource.property_id, SlotSource.fetched_at, SlotSource.content)
    .join(
        _OFFERING,
        and_(
            SlotSource.integration_id == _OFFERING.c.integrations,
            SlotSource.property_id == _OFFERING.c.properties,
        ),
    )
    .where(SlotSource.kind.like("calendars:%"), SlotSource.fetched_at > bindparam("since", None))
    .order_by(SlotSource.fetched_at)
)
"""What PMSs have offered since a moment at these properties."""
