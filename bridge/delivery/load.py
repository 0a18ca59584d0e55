"""Loads what decisions need, for several events together: a few statements, whatever their number."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from bridge.aliases import property_named
from bridge.delivery.booking_state import new_ending
from bridge.delivery.entities import (
    AttemptRow,
    BookingRow,
    Breaker,
    CachedRecords,
    EventRow,
    LeadRow,
    SenderContact,
)
from bridge.delivery.interpret import person_key
from bridge.delivery.load_keys import NAMED_RECORDS, lead_names, spellings, values_in
from bridge.delivery.load_order import newer_event, predecessors
from bridge.delivery.outcomes import Reason, WriteOutcome
from bridge.delivery.rows import ATTEMPT, BOOKING, BREAKER, EVENT, LEAD, Columns, labelled
from bridge.delivery.state import Interpretation, Snapshot
from bridge.mapping.booking import Action
from bridge.models import (
    Alias,
    Attempt,
    Booking,
    BookingReference,
    Choices,
    Event,
    Integration,
    KnownContact,
    Lead,
)
from bridge.settings import Settings

Row = TypeVar("Row")

MOST_OF_A_LANE = 1000
"""Open events of a lane that are looked at together."""


def open_events(connection: Connection, lanes: Collection[str]) -> dict[str, list[EventRow]]:
    """The open events of some lanes, in their order."""
    named = (
        func.unnest(bindparam("lanes", list(lanes), type_=ARRAY(String)))
        .table_valued("lane")
        .render_derived()
    )
    of_lane = (
        select(*labelled(EVENT))
        .where(Event.lock == named.c.lane, Event.ended_at.is_(None))
        .order_by(Event.seq)
        .limit(MOST_OF_A_LANE)
        .lateral()
    )
    found: dict[str, list[EventRow]] = {lane: [] for lane in lanes}
    for row in connection.execute(select(of_lane).select_from(named.join(of_lane, true()))):
        event = EventRow(**row._mapping)
        found[event.lane].append(event)
    return found


BODY = (Event.id, Event.body, Event.content_type, Event.headers, Event.query, Event.answers)


def bodies(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """What some events carry, by id: `body`, `content_type`, `headers`, `query`, `answers`."""
    return {row.id: row for row in connection.execute(select(*BODY).where(Event.id.in_(ids)))}


class Loader:
    """Loads what decisions need, for several events together."""

    def __init__(self, connection: Connection, settings: Settings, now: datetime) -> None:
        self._connection, self._settings, self._now = connection, settings, now

    def snapshots(self, events: Mapping[int, tuple[EventRow, Interpretation]]) -> dict[int, Snapshot]:
        """The snapshot of each event, by id."""
        names = self._aliases()

        def alias(name: str) -> str | None:
            return next((names[one] for one in spellings(name) if one in names), None)

        snapshots = {
            id_: Snapshot(
                event,
                read,
                codes=tuple(new_ending() for _ in range(4)),
                aliases=alias,
            )
            for id_, (event, read) in events.items()
        }
        self._add_order(snapshots)
        self._add_bookings(snapshots)
        self._add_contacts(snapshots)
        self._add_attempts(snapshots)
        self._add_property(snapshots)
        return snapshots

    def _rows(self, make: type[Row], columns: Columns, *where: ColumnElement[bool]) -> list[Row]:
        rows = self._connection.execute(select(*labelled(columns)).where(*where))
        return [make(**row._mapping) for row in rows]

    def _aliases(self) -> dict[str, str]:
        return {
            row.alias: row.property for row in self._connection.execute(select(Alias.alias, Alias.property))
        }

    def _add_order(self, snapshots: dict[int, Snapshot]) -> None:
        """Earlier events of the same booking or person that have not ended, and later ones that speak for it."""
        by_booking = {id_: one.event.references for id_, one in snapshots.items() if one.event.references}
        by_person = {
            id_: [name] for id_, one in snapshots.items() if (name := person_key(one.interpretation))
        }
        for id_, predecessor in predecessors(self._connection, snapshots, by_booking).items():
            snapshots[id_] = snapshots[id_].having(predecessor=predecessor)
        for id_, predecessor in predecessors(self._connection, snapshots, by_person).items():
            snapshots[id_] = snapshots[id_].having(person_predecessor=predecessor)
        for id_, one in snapshots.items():
            source = one.interpretation.source
            if source and source.mapping.coalesce and one.interpretation.action != Action.IGNORE:
                snapshots[id_] = one.having(newer=newer_event(self._connection, one.event, source))

    def _add_bookings(self, snapshots: dict[int, Snapshot]) -> None:
        """Those that the events' references name, and rows that were merged into them."""
        keys = {(one.event.source, name) for one in snapshots.values() for name in one.event.known_by}
        links = {
            (row.source, row.reference): row.booking_id
            for row in self._connection.execute(
                select(
                    BookingReference.source, BookingReference.reference, BookingReference.booking_id
                ).where(tuple_(BookingReference.source, BookingReference.reference).in_(keys))
            )
        }
        ids = set(links.values())
        rows = (
            self._rows(BookingRow, BOOKING, or_(Booking.id.in_(ids), Booking.merged_into.in_(ids)))
            if ids
            else []
        )
        by_id = {row.id: row for row in rows}
        for id_, one in snapshots.items():
            source = one.event.source
            linked = {name: links[source, name] for name in one.event.known_by if (source, name) in links}
            named = sorted({number for number in linked.values() if number in by_id})
            snapshots[id_] = one.having(
                links=linked,
                bookings=tuple(by_id[number] for number in named),
                duplicates=tuple(row for row in rows if row.merged_into in named),
            )
        self._add_echoes(snapshots)

    def _add_echoes(self, snapshots: dict[int, Snapshot]) -> None:
        codes = {code for one in snapshots.values() for code in one.interpretation.codes}
        if not codes:
            return
        found = self._connection.execute(select(Booking.code, Booking.id).where(Booking.code.in_(codes)))
        owners = {row.code: row.id for row in found}
        for id_, one in snapshots.items():
            own = {one.links[name] for name in one.event.references if name in one.links}
            echoed = sorted(
                code for code in one.interpretation.codes if code in owners and owners[code] not in own
            )
            snapshots[id_] = one.having(echoed=echoed[0] if echoed else None)

    def _add_contacts(self, snapshots: dict[int, Snapshot]) -> None:
        """Who is behind the senders' ids of persons."""
        wanted = {
            id_: (one.event.source, request.contact_id)
            for id_, one in snapshots.items()
            if (request := one.interpretation.request) and request.contact_id
        }
        if not wanted:
            return
        key = tuple_(KnownContact.source, KnownContact.contact_id)
        rows = self._connection.execute(
            select(KnownContact.source, KnownContact.contact_id, KnownContact.details).where(
                key.in_(set(wanted.values()))
            )
        )
        known = {(row.source, row.contact_id): row.details for row in rows}
        for id_, (source, contact_id) in wanted.items():
            if (source, contact_id) in known:
                contact = SenderContact(source, contact_id, known[source, contact_id])
                snapshots[id_] = snapshots[id_].having(contact=contact)

    def _add_attempts(self, snapshots: dict[int, Snapshot]) -> None:
        """The in-flight writes of the bookings, and what tells their traces apart."""
        rows = [row for one in snapshots.values() for row in (*one.bookings, *one.duplicates)]
        attempts = self.attempts([row.in_flight_attempt_id for row in rows])
        unverified = [row.id for row in rows if row.may_be_in_pms and not row.appointment_verified]
        creates: dict[int | None, AttemptRow] = {}
        if unverified:
            confirmed = (
                Attempt.booking_id.in_(unverified),
                Attempt.kind == "create",
                Attempt.outcome == WriteOutcome.CONFIRMED,
            )
            for create in sorted(self._rows(AttemptRow, ATTEMPT, *confirmed), key=lambda row: row.id):
                creates[create.booking_id] = create
        jobs = self._known_jobs(attempts.values())
        for id_, one in snapshots.items():
            ids = [row.id for row in (*one.bookings, *one.duplicates)]
            last = next((creates[number] for number in ids if number in creates), None)
            snapshots[id_] = one.having(attempts=attempts, last_create=last, known_jobs=jobs)

    def attempts(self, ids: Iterable[int | None]) -> dict[int, AttemptRow]:
        """Writes by id, each with the moment at which the event that made it had ended."""
        wanted = {number for number in ids if number is not None}
        if not wanted:
            return {}
        rows = self._connection.execute(
            select(*labelled(ATTEMPT), Event.ended_at.label("event_ended_at"))
            .join_from(Attempt, Event, Attempt.event_id == Event.id)
            .where(Attempt.id.in_(wanted))
        )
        return {row.id: AttemptRow(**row._mapping) for row in rows}

    def _known_jobs(self, attempts: Iterable[AttemptRow]) -> frozenset[str]:
        """Jobs of other writes to the same bookings, or of leads in the same lanes."""
        lost = [one for one in attempts if one.job_id is None]
        if not lost:
            return frozenset()
        bookings = [one.booking_id for one in lost if one.booking_id is not None]
        origin = aliased(Event)
        lanes = select(origin.lock).where(origin.id.in_([one.event_id for one in lost]))
        of_leads = and_(
            Attempt.kind == "create_lead",
            Attempt.event_id.in_(select(Event.id).where(Event.lock.in_(lanes), Event.lock != "")),
        )
        same = or_(Attempt.booking_id.in_(bookings), of_leads)
        found = self._connection.scalars(select(Attempt.job_id).where(same, Attempt.job_id.is_not(None)))
        return frozenset(job for job in found if job is not None)

    def _add_property(self, snapshots: dict[int, Snapshot]) -> None:
        """Leads, circuit breakers and cached records: of all properties that a booking of the event may be at."""
        contacts = {name for one in snapshots.values() for name in lead_names(one)}
        rows = self._rows(LeadRow, LEAD, Lead.contact.in_(contacts)) if contacts else []
        leads = {row.key: row for row in rows}
        attempts = self.attempts(row.in_flight_attempt_id for row in rows)
        jobs = self._known_jobs(attempts.values())
        breakers = self.breakers()
        records = self._records(snapshots.values())
        for id_, one in snapshots.items():
            names = set(lead_names(one))
            snapshots[id_] = one.having(
                leads={key: row for key, row in leads.items() if row.contact in names},
                attempts={**one.attempts, **attempts},
                known_jobs=one.known_jobs | jobs,
                breakers=breakers,
                records=records,
            )

    def breakers(self) -> dict[str, Breaker]:
        """By integration; one that is closed and has not failed has none."""
        failing = or_(Integration.paused_at.is_not(None), Integration.failures > 0)
        found = {}
        for breaker in self._rows(Breaker, BREAKER, failing):
            found[breaker.integration_id] = replace(breaker, has_prober=self._has_prober(breaker))
        return found

    def _has_prober(self, breaker: Breaker) -> bool:
        if breaker.paused_at is None or breaker.probe_at is None:
            return False
        waiting = select(literal(1)).where(
            Event.integration_id == breaker.integration_id,
            Event.ended_at.is_(None),
            Event.reason == Reason.INTEGRATION_PAUSED.value,
            Event.next_attempt_at.between(self._now, breaker.probe_at),
        )
        return self._connection.scalar(waiting.limit(1)) is not None

    def _records(self, snapshots: Iterable[Snapshot]) -> dict[tuple[str, str, str], CachedRecords]:
        """The lists of those properties whose units, agents or lead sources an event names."""
        places = {place for one in snapshots for place in self._places(one)}
        if not places:
            return {}
        columns = (
            Choices.integration_id,
            Choices.property_id,
            Choices.kind,
            Choices.fetched_at,
            Choices.records,
        )
        rows = self._connection.execute(
            select(*columns).where(tuple_(Choices.integration_id, Choices.property_id).in_(places))
        )
        return {
            (row.integration_id, row.property_id, row.kind): CachedRecords(row.fetched_at, row.records)
            for row in rows
        }

    def _places(self, snapshot: Snapshot) -> Iterable[tuple[str, str]]:
        """The properties at which something has to be looked up by its name."""
        source = self._settings.sources.get(snapshot.event.source)
        if source is None or not (source.lead_source or any(values_in(snapshot, *NAMED_RECORDS))):
            return
        for name in {*values_in(snapshot, "property"), source.property} - {None}:
            found = property_named(self._settings, name or "", snapshot.aliases)
            if found is not None:
                yield found.integration_id, found.property_id
