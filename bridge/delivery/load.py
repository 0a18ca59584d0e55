"""Loads what decisions need, for several events together: a few statements, whatever their number."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.aliases import property_named
from bridge.delivery.load_slots import add_slots
from bridge.delivery.rules.booking_state import new_ending
from bridge.delivery.rules.entities import (
    AttemptRow,
    BookingRow,
    Breaker,
    CachedRecords,
    EventRow,
    LeadRow,
    SenderContact,
)
from bridge.delivery.rules.interpret import moment_of, person_key, received_as
from bridge.delivery.rules.outcomes import WriteOutcome
from bridge.delivery.rules.slots import offers_times
from bridge.delivery.rules.state import Interpretation, Snapshot
from bridge.delivery.storage import queries
from bridge.delivery.storage.rows import EVENT
from bridge.errors import DecodingError
from bridge.keys import contact_key, key
from bridge.mapping.booking import Action
from bridge.mapping.sources import Source
from bridge.settings import Settings
from bridge.settings.records import same_name

NAMED_RECORDS = ("unit", "agent", "lead_source")


def open_events(connection: Connection, lanes: Collection[str]) -> dict[str, list[EventRow]]:
    """The open events of some lanes, in their order."""
    found: dict[str, list[EventRow]] = {lane: [] for lane in lanes}
    for row in connection.execute(queries.OPEN_EVENTS, {"lanes": list(lanes)}):
        event = EventRow(**row._mapping)
        found[event.lane].append(event)
    return found


def bodies(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """What some events carry, by id: `body`, `content_type`, `headers`, `query`, `answers`."""
    return {row.id: row for row in connection.execute(queries.BODIES, {"ids": list(ids)})}


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
        add_slots(self._connection, self._settings, self._now, snapshots)
        return snapshots

    def _aliases(self) -> dict[str, str]:
        return {row.alias: row.property for row in self._connection.execute(queries.ALIASES)}

    def _add_order(self, snapshots: dict[int, Snapshot]) -> None:
        """Earlier events of the same booking or person that have not ended, and later ones that speak for it."""
        by_booking = {id_: one.event.references for id_, one in snapshots.items() if one.event.references}
        by_person = {
            id_: [name] for id_, one in snapshots.items() if (name := person_key(one.interpretation))
        }
        for id_, predecessor in self._predecessors(snapshots, by_booking).items():
            snapshots[id_] = snapshots[id_].having(predecessor=predecessor)
        for id_, predecessor in self._predecessors(snapshots, by_person).items():
            snapshots[id_] = snapshots[id_].having(person_predecessor=predecessor)
        for id_, one in snapshots.items():
            source = one.interpretation.source
            if source and source.mapping.coalesce and one.interpretation.action != Action.IGNORE:
                snapshots[id_] = one.having(newer=self._newer_event(one.event, source))

    def _predecessors(
        self, snapshots: Mapping[int, Snapshot], references: Mapping[int, Sequence[str]]
    ) -> dict[int, int]:
        """By event the first open one before it that has one of its references."""
        if not references:
            return {}
        pairs = sorted({(snapshots[id_].event.source, name) for id_, of in references.items() for name in of})
        named: dict[tuple[str, str], list[Any]] = {}
        for row in self._connection.execute(queries.PREDECESSORS, _columns(pairs, "sources", "names")):
            for name in {row.reference, row.previous_reference}:
                named.setdefault((row.source, name), []).append(row)
        found = {}
        for id_, names in references.items():
            event = snapshots[id_].event
            rows = [row for name in names for row in named.get((event.source, name), ())]
            before = [row for row in rows if row.id != id_ and row.seq < event.seq]
            if before:
                found[id_] = min(before, key=lambda row: row.seq).id
        return found

    def _newer_event(self, event: EventRow, source: Source) -> int | None:
        """An open event of the same booking that happened later, and changes something."""
        this = {"this_source": event.source, "this_reference": event.reference, "this_event": event.id}
        for row in self._connection.execute(queries.NEWER, this):
            values = row._mapping
            other = EventRow(**{name: values[name] for name in EVENT})
            if moment_of(other) <= moment_of(event):
                continue
            try:
                received = received_as(row.body, row.content_type, row.headers, row.query, row.answers)
            except DecodingError:
                continue
            if source.mapping.decide(received).action is not Action.IGNORE:
                return other.id
        return None

    def _add_bookings(self, snapshots: dict[int, Snapshot]) -> None:
        """Those that the events' references name, and rows that were merged into them."""
        keys = sorted({(one.event.source, name) for one in snapshots.values() for name in one.event.known_by})
        linked_rows = self._connection.execute(queries.LINKS, _columns(keys, "sources", "names"))
        links = {(row.source, row.reference): row.booking_id for row in linked_rows}
        ids = sorted(set(links.values()))
        found = self._connection.execute(queries.BOOKINGS, {"ids": ids}) if ids else ()
        rows = [BookingRow(**row._mapping) for row in found]
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
        found = self._connection.execute(queries.ECHOED, {"codes": sorted(codes)})
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
        pairs = sorted(set(wanted.values()))
        rows = self._connection.execute(queries.CONTACTS, _columns(pairs, "sources", "contacts"))
        known = {(row.source, row.contact_id): row.details for row in rows}
        for id_, (source, contact_id) in wanted.items():
            if (source, contact_id) in known:
                contact = SenderContact(source, contact_id, known[source, contact_id])
                snapshots[id_] = snapshots[id_].having(contact=contact)

    def _add_attempts(self, snapshots: dict[int, Snapshot]) -> None:
        """The in-flight writes of the bookings, and what tells their traces apart."""
        bookings = [row for one in snapshots.values() for row in (*one.bookings, *one.duplicates)]
        attempts = self.attempts([row.in_flight_attempt_id for row in bookings])
        unverified = [row.id for row in bookings if row.may_be_in_pms and not row.appointment_verified]
        creates: dict[int | None, AttemptRow] = {}
        if unverified:
            for row in self._connection.execute(queries.CREATES, {"bookings": unverified}):
                creates[row.booking_id] = AttemptRow(**row._mapping)
        jobs = self._known_jobs(attempts.values())
        for id_, one in snapshots.items():
            ids = [row.id for row in (*one.bookings, *one.duplicates)]
            last = next((creates[number] for number in ids if number in creates), None)
            snapshots[id_] = one.having(attempts=attempts, last_create=last, known_jobs=jobs)
        self._add_failures(snapshots)

    def _add_failures(self, snapshots: dict[int, Snapshot]) -> None:
        """The writes that failed: of the events, and creates of the bookings that are not in the PMS."""
        again = [id_ for id_, one in snapshots.items() if one.event.first_call_at is not None]
        missing = [row.id for one in snapshots.values() for row in one.bookings if not row.is_in_pms]
        if not (again or missing):
            return
        rows = self._connection.execute(queries.FAILED, {"events": again, "bookings": missing})
        failed = [AttemptRow(**row._mapping) for row in rows]
        for id_, one in snapshots.items():
            since = one.event.replayed_at or one.event.received_at
            own = [row for row in failed if row.event_id == id_ and row.started_at >= since]
            ids = {row.id for row in one.bookings if not row.is_in_pms}
            creates = [row for row in failed if row.kind == "create" and row.booking_id in ids]
            creates = [row for row in creates if row.outcome == WriteOutcome.FAILED]
            changes = [row for row in own if row.kind in ("update", "cancel")]
            snapshots[id_] = one.having(
                failed_writes=sum(row.outcome == WriteOutcome.FAILED for row in own),
                refused_changes=sum(row.outcome != WriteOutcome.FAILED for row in changes),
                failed_create=creates[-1] if creates else None,
            )

    def attempts(self, ids: Iterable[int | None]) -> dict[int, AttemptRow]:
        """Writes by id, each with the moment at which the event that made it had ended."""
        wanted = sorted({number for number in ids if number is not None})
        if not wanted:
            return {}
        rows = self._connection.execute(queries.ATTEMPTS, {"ids": wanted})
        return {row.id: AttemptRow(**row._mapping) for row in rows}

    def _known_jobs(self, attempts: Iterable[AttemptRow]) -> frozenset[str]:
        """Jobs of other writes to the same bookings, or of leads in the same lanes."""
        lost = [one for one in attempts if one.job_id is None]
        if not lost:
            return frozenset()
        owners = {
            "bookings": [one.booking_id for one in lost if one.booking_id is not None],
            "events": [one.event_id for one in lost],
        }
        found = self._connection.scalars(queries.KNOWN_JOBS, owners)
        return frozenset(job for job in found if job is not None)

    def _add_property(self, snapshots: dict[int, Snapshot]) -> None:
        """Leads, circuit breakers and cached records: of all properties that a booking of the event may be at."""
        contacts = {name for one in snapshots.values() for name in lead_names(one)}
        found = self._connection.execute(queries.LEADS, {"contacts": sorted(contacts)}) if contacts else ()
        rows = [LeadRow(**row._mapping) for row in found]
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
        found = {}
        for row in self._connection.execute(queries.BREAKERS):
            breaker = Breaker(**row._mapping)
            found[breaker.integration_id] = replace(breaker, has_prober=self._has_prober(breaker))
        return found

    def _has_prober(self, breaker: Breaker) -> bool:
        if breaker.paused_at is None or breaker.probe_at is None:
            return False
        this = {"integration": breaker.integration_id, "now": self._now, "probe_at": breaker.probe_at}
        return self._connection.scalar(queries.PROBER, this) is not None

    def _records(self, snapshots: Iterable[Snapshot]) -> dict[tuple[str, str, str], CachedRecords]:
        """The lists of those properties whose units, agents or lead sources an event names."""
        places = {place for one in snapshots for place in self._places(one)}
        if not places:
            return {}
        pairs = sorted(places)
        rows = self._connection.execute(queries.RECORDS, _columns(pairs, "integrations", "properties"))
        return {
            (row.integration_id, row.property_id, row.kind): CachedRecords(row.fetched_at, row.records)
            for row in rows
        }

    def _places(self, snapshot: Snapshot) -> Iterable[tuple[str, str]]:
        """The properties at which something has to be looked up by its name."""
        source = self._settings.sources.get(snapshot.event.source)
        if source is None:
            return
        names_records = bool(source.lead_source) or any(values_in(snapshot, *NAMED_RECORDS))
        for name in {*values_in(snapshot, "property"), source.property} - {None}:
            found = property_named(self._settings, name or "", snapshot.aliases)
            if found is not None and (names_records or offers_times(found)):
                yield found.integration_id, found.property_id


def _columns(pairs: Sequence[tuple[str, str]], first: str, second: str) -> dict[str, list[str]]:
    """Pairs as two arrays."""
    return {first: [one for one, _ in pairs], second: [two for _, two in pairs]}


def values_in(snapshot: Snapshot, *names: str) -> Iterable[str]:
    """What the event, its bookings and the contact that it names say in these fields."""
    request = snapshot.interpretation.request
    maps = [one.fields for one in snapshot.bookings] + ([snapshot.contact.fields] if snapshot.contact else [])
    for name in names:
        yield from (fields[name]["value"] for fields in maps if name in fields)
        if request is not None:
            value = getattr(request.contact, name, None) or getattr(request, name, None)
            if value:
                yield value


def lead_names(snapshot: Snapshot) -> set[str]:
    """The keys of leads that the event's tour may be for."""
    people = {contact_key(email, None) for email in values_in(snapshot, "email")}
    people |= {contact_key(None, phone) for phone in values_in(snapshot, "phone")}
    named = {key(f"lead:{lead_id}") for lead_id in values_in(snapshot, "lead_id")}
    return {name for name in people | named if name}


def spellings(name: str) -> Iterable[str]:
    spelled = same_name(name)
    return spelled, spelled.removeprefix("property:").strip()
