"""Loads what decisions need, for several events together: a few statements, whatever their number."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from bridge import search_index
from bridge.aliases import Aliases, property_named
from bridge.delivery.load_shadows import add_shadows
from bridge.delivery.load_slots import add_slots
from bridge.delivery.order import add_order, columns_of
from bridge.delivery.rules.booking_state import new_ending
from bridge.delivery.rules.entities import (
    AttemptRow,
    BookingRow,
    Breaker,
    CachedRecords,
    EventRow,
    SenderContact,
)
from bridge.delivery.rules.failures import Failure, failure_of
from bridge.delivery.rules.named import NAMED_RECORDS, lead_names, spellings, values_in
from bridge.delivery.rules.outcomes import WriteOutcome
from bridge.delivery.rules.slots import offers_times
from bridge.delivery.rules.state import Interpretation, Snapshot
from bridge.delivery.storage import queries
from bridge.delivery.storage.rows import BOOKING
from bridge.encryption import digests
from bridge.settings import Settings


def open_events(connection: Connection, lanes: Collection[str]) -> dict[str, list[EventRow]]:
    """The open events of some lanes, in their order."""
    found: dict[str, list[EventRow]] = {lane: [] for lane in lanes}
    for event in queries.OPEN_EVENTS.rows(connection, {"lanes": list(lanes)}):
        found[event.lane].append(event)
    return found


def bodies(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """What some events carry, by id: `body`, `content_type`, `headers`, `query`, `answers`."""
    return {row.id: row for row in queries.BODIES.rows(connection, {"ids": list(ids)})}


class Loader:
    """Loads what decisions need, for several events together."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        now: datetime,
        contested: Mapping[int, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self._connection, self._settings, self._now = connection, settings, now
        self._contested = contested

    def snapshots(self, events: Mapping[int, tuple[EventRow, Interpretation]]) -> dict[int, Snapshot]:
        """The snapshot of each event, by id."""
        aliases = self.aliases
        snapshots = {
            id_: Snapshot(
                event,
                read,
                codes=tuple(new_ending() for _ in range(4)),
                aliases=aliases,
            )
            for id_, (event, read) in events.items()
        }
        add_order(self._connection, snapshots)
        self._add_bookings(snapshots)
        add_shadows(self._connection, self._settings, snapshots)
        self._add_contacts(snapshots)
        self._add_related(snapshots)
        self._add_attempts(snapshots)
        self._add_property(snapshots)
        add_slots(self._connection, self._settings, self._now, snapshots)
        return snapshots

    @cached_property
    def aliases(self) -> Aliases:
        """Names of properties that an operator has given."""
        names = {row.alias: row.property for row in queries.ALIASES.rows(self._connection)}

        def alias(name: str) -> str | None:
            return next((names[spelling] for spelling in spellings(name) if spelling in names), None)

        return alias

    def _add_bookings(self, snapshots: dict[int, Snapshot]) -> None:
        """Those that the events' references name, and rows that were merged into them."""
        keys = sorted(
            {(snapshot.event.source, name) for snapshot in snapshots.values() for name in snapshot.named_by}
        )
        linked_rows = queries.LINKS.rows(self._connection, columns_of(keys, "sources", "names"))
        links = {(row.source, row.reference): row.booking_id for row in linked_rows}
        ids = sorted(set(links.values()))
        rows = queries.BOOKINGS.rows(self._connection, {"ids": ids}) if ids else []
        by_id = {row.id: row for row in rows}
        for id_, snapshot in snapshots.items():
            source = snapshot.event.source
            linked = {
                name: links[source, name] for name in snapshot.event.known_by if (source, name) in links
            }
            chained = [links[source, name] for name in snapshot.chain if (source, name) in links]
            named = sorted({number for number in (*linked.values(), *chained) if number in by_id})
            snapshots[id_] = snapshot.having(
                links=linked,
                bookings=tuple(by_id[number] for number in named),
                duplicates=tuple(row for row in rows if row.merged_into in named),
            )
        self._add_echoes(snapshots)

    def _add_echoes(self, snapshots: dict[int, Snapshot]) -> None:
        codes = {code for snapshot in snapshots.values() for code in snapshot.interpretation.codes}
        if not codes:
            return
        found = queries.ECHOED.rows(self._connection, {"codes": sorted(codes)})
        owners = {row.code: row.id for row in found}
        for id_, snapshot in snapshots.items():
            own = {snapshot.links[name] for name in snapshot.event.references if name in snapshot.links}
            echoed = sorted(
                code for code in snapshot.interpretation.codes if code in owners and owners[code] not in own
            )
            snapshots[id_] = snapshot.having(echoed=echoed[0] if echoed else None)

    def _add_contacts(self, snapshots: dict[int, Snapshot]) -> None:
        """Who is behind the senders' ids of persons."""
        wanted = {
            id_: (snapshot.event.source, request.contact_id)
            for id_, snapshot in snapshots.items()
            if (request := snapshot.interpretation.request) and request.contact_id
        }
        if not wanted:
            return
        pairs = sorted(set(wanted.values()))
        rows = queries.CONTACTS.rows(self._connection, columns_of(pairs, "sources", "contacts"))
        known = {(row.source, row.contact_id): row.details for row in rows}
        for id_, (source, contact_id) in wanted.items():
            if (source, contact_id) in known:
                contact = SenderContact(source, contact_id, known[source, contact_id])
                snapshots[id_] = snapshots[id_].having(contact=contact)

    def _add_related(self, snapshots: dict[int, Snapshot]) -> None:
        """Other bookings with the same e-mail or phone, from any source."""
        wanted = {
            id_: {term for word in address_words(snapshot) for term in digests(self._connection, word)}
            for id_, snapshot in snapshots.items()
            if snapshot.interpretation.request is not None
        }
        terms = sorted(set().union(*wanted.values()))
        if not terms:
            return
        found: dict[str, list[BookingRow]] = {}
        for row in queries.RELATED.rows(self._connection, {"terms": terms}):
            values = {name: getattr(row, name) for name in BOOKING}
            found.setdefault(row.term, []).append(BookingRow(**values))
        for id_, names in wanted.items():
            own = {row.id for row in (*snapshots[id_].bookings, *snapshots[id_].duplicates)}
            rows = {row.id: row for name in names for row in found.get(name, ()) if row.id not in own}
            related = tuple(rows[number] for number in sorted(rows, key=lambda number: number or 0))
            snapshots[id_] = snapshots[id_].having(related=related)
        self._add_contested(snapshots)

    def _add_contested(self, snapshots: dict[int, Snapshot]) -> None:
        """Bookings that had the key of an event's tour, of whatever e-mail and phone."""
        wanted = {id_: self._contested[id_] for id_ in snapshots if id_ in self._contested}
        if not wanted:
            return
        keys = sorted(frozenset().union(*wanted.values()))
        found = queries.KEYED.rows(self._connection, {"keys": keys})
        for id_, contested in wanted.items():
            item = snapshots[id_]
            known = {row.id for row in (*item.bookings, *item.duplicates, *item.related)}
            more = tuple(row for row in found if row.tour_key in contested and row.id not in known)
            snapshots[id_] = item.having(related=(*item.related, *more), contested=contested)

    def _add_attempts(self, snapshots: dict[int, Snapshot]) -> None:
        """The in-flight writes of the bookings, and what distinguishes their traces."""
        bookings = [
            row
            for snapshot in snapshots.values()
            for row in (*snapshot.bookings, *snapshot.duplicates, *snapshot.related)
        ]
        attempts = self.attempts([row.in_flight_attempt_id for row in bookings])
        unverified = [row.id for row in bookings if row.may_be_in_pms and not row.appointment_verified]
        creates: dict[int | None, AttemptRow] = {}
        if unverified:
            rows = queries.CREATES.rows(self._connection, {"bookings": unverified})
            creates |= {row.booking_id: row for row in rows}
        jobs = self._known_jobs(attempts.values())
        for id_, snapshot in snapshots.items():
            ids = [row.id for row in (*snapshot.bookings, *snapshot.duplicates)]
            last = next((creates[number] for number in ids if number in creates), None)
            related = {row.id: (creates.get(row.id), None) for row in snapshot.related if row.id is not None}
            snapshots[id_] = snapshot.having(
                attempts=attempts, last_create=last, known_jobs=jobs, creates_of_related=related
            )
        self._add_failures(snapshots)

    def _add_failures(self, snapshots: dict[int, Snapshot]) -> None:
        """The writes that failed: of the events, and creates of the bookings that are not in the PMS."""
        again = [id_ for id_, snapshot in snapshots.items() if snapshot.event.first_call_at is not None]
        missing = [
            row.id for snapshot in snapshots.values() for row in snapshot.bookings if not row.is_in_pms
        ]
        missing += [row.id for snapshot in snapshots.values() for row in snapshot.related if row.is_awaited]
        if not (again or missing):
            return
        failed = queries.FAILED.rows(self._connection, {"events": again, "bookings": missing})
        for id_, snapshot in snapshots.items():
            since = snapshot.event.replayed_at or snapshot.event.received_at
            own = [row for row in failed if row.event_id == id_ and row.started_at >= since]
            ids = {row.id for row in snapshot.bookings if not row.is_in_pms}
            all_creates = [
                row for row in failed if row.kind == "create" and row.outcome == WriteOutcome.FAILED
            ]
            creates = [row for row in all_creates if row.booking_id in ids]
            lost = {row.booking_id: row for row in all_creates}
            related = {id_: (made, lost.get(id_)) for id_, (made, _) in snapshot.creates_of_related.items()}
            changes = [row for row in own if row.kind in ("update", "cancel")]
            snapshots[id_] = snapshot.having(
                failed_writes=sum(row.outcome == WriteOutcome.FAILED for row in own),
                refused_changes=sum(row.outcome != WriteOutcome.FAILED for row in changes),
                refused_creates=sum(
                    row.kind == "create" and row.outcome != WriteOutcome.FAILED for row in own
                ),
                lead_update_refused=any(row.kind == "update_lead" and _is_refused(row) for row in own),
                creates_of_related=related,
                failed_create=creates[-1] if creates else None,
            )

    def attempts(self, ids: Iterable[int | None]) -> dict[int, AttemptRow]:
        """Writes by id, each with the moment at which the event that made it had ended."""
        wanted = sorted({number for number in ids if number is not None})
        if not wanted:
            return {}
        return {row.id: row for row in queries.ATTEMPTS.rows(self._connection, {"ids": wanted})}

    def _known_jobs(self, attempts: Iterable[AttemptRow]) -> frozenset[str]:
        """Jobs of other writes to the same bookings, or of leads in the same lanes."""
        lost = [attempt for attempt in attempts if attempt.job_id is None]
        if not lost:
            return frozenset()
        owners = {
            "bookings": [attempt.booking_id for attempt in lost if attempt.booking_id is not None],
            "events": [attempt.event_id for attempt in lost],
        }
        return frozenset(row.job_id for row in queries.KNOWN_JOBS.rows(self._connection, owners))

    def _add_property(self, snapshots: dict[int, Snapshot]) -> None:
        """Leads, circuit breakers and cached records: of all properties that a booking of the event may be at."""
        contacts = {name for snapshot in snapshots.values() for name in lead_names(snapshot)}
        rows = queries.LEADS.rows(self._connection, {"contacts": sorted(contacts)}) if contacts else []
        leads = {row.key: row for row in rows}
        attempts = self.attempts(row.in_flight_attempt_id for row in rows)
        jobs = self._known_jobs(attempts.values())
        breakers = self.breakers()
        records = self._records(snapshots.values())
        for id_, snapshot in snapshots.items():
            names = set(lead_names(snapshot))
            snapshots[id_] = snapshot.having(
                leads={key: row for key, row in leads.items() if row.contact in names},
                attempts={**snapshot.attempts, **attempts},
                known_jobs=snapshot.known_jobs | jobs,
                breakers=breakers,
                records=records,
            )

    def breakers(self) -> dict[str, Breaker]:
        """By integration; one that is closed and has not failed has none."""
        found = {}
        for breaker in queries.BREAKERS.rows(self._connection):
            found[breaker.integration_id] = replace(breaker, has_prober=self._has_prober(breaker))
        return found

    def _has_prober(self, breaker: Breaker) -> bool:
        if breaker.paused_at is None or breaker.probe_at is None:
            return False
        this = {"integration": breaker.integration_id, "now": self._now, "probe_at": breaker.probe_at}
        return bool(queries.PROBER.rows(self._connection, this))

    def _records(self, snapshots: Iterable[Snapshot]) -> dict[tuple[str, str, str], CachedRecords]:
        """The lists of those properties whose units, agents or lead sources an event names."""
        places = {place for snapshot in snapshots for place in self._places(snapshot)}
        if not places:
            return {}
        pairs = sorted(places)
        rows = queries.RECORDS.rows(self._connection, columns_of(pairs, "integrations", "properties"))
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


def _is_refused(row: AttemptRow) -> bool:
    return row.outcome != WriteOutcome.FAILED or failure_of(row.detail or "") is not Failure.PASSING


def address_words(snapshot: Snapshot) -> set[str]:
    """The words of the search index for the addresses of the event's tour."""
    emails = {search_index.email_word(email) for email in values_in(snapshot, "email")}
    return emails | {search_index.phone_word(phone) for phone in values_in(snapshot, "phone")}
