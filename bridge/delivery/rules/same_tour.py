"""One tour from two sources is one appointment: which bookings are the same tour, and what becomes of them.

A scheduler and a CRM report the same person, property and start. Their bookings become one row, so that a cancel or a
move from either acts on the one appointment, the newest by the senders' clocks deciding. What only the second source
knows is added; where both give a value, the first one stays.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.aliases import Aliases, property_named
from bridge.delivery.rules import timeline
from bridge.delivery.rules.booking_state import fold, merge_bookings, to_request
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.people import is_somebody_else, names_differ, same_email, same_phone
from bridge.delivery.rules.record_cache import bare_number
from bridge.delivery.rules.resolve import PROPEXO_ID
from bridge.delivery.rules.state import Merge, Snapshot
from bridge.delivery.rules.timeline import Span, Start, sources_of, spans_of, statements_of
from bridge.errors import BridgeError
from bridge.mapping.booking import Contact
from bridge.models import BookingState
from bridge.propexo.pms import from_wall_time
from bridge.settings import Property, Settings


def link(snapshot: Snapshot, booking: BookingRow, settings: Settings) -> tuple[Snapshot, BookingRow]:
    """The booking, together with those of other sources that turn out to be the same tour."""
    for other in snapshot.related:
        share_lead = other.tour_key in snapshot.contested
        if not is_same_tour(booking, other, settings, snapshot.aliases, share_lead=share_lead):
            continue
        if booking.id is None:
            booking = fold(other, booking)
        else:
            booking, gone = merge_bookings(booking, other)
            assert booking.id is not None  # both are stored
            assert gone.id is not None
            merge = Merge(booking.id, gone.id, gone.version, is_deleted=not gone.may_be_in_pms)
            snapshot = snapshot.having(merges=(*snapshot.merges, merge))
            if gone.may_be_in_pms:
                cancelled = replace(gone, desired_state=BookingState.CANCELLED, merged_into=booking.id)
                snapshot = snapshot.having(duplicates=(*snapshot.duplicates, cancelled))
        assert booking.id is not None
        create, failed = snapshot.creates_of_related.get(other.id or 0, (None, None))
        snapshot = snapshot.having(
            linked=(*snapshot.linked, booking.id),
            last_create=create if booking.id == other.id else snapshot.last_create,
            failed_create=failed if booking.id == other.id else snapshot.failed_create,
        )
    return snapshot, booking


def is_same_tour(
    first: BookingRow, second: BookingRow, settings: Settings, aliases: Aliases, *, share_lead: bool = False
) -> bool:
    """Whether two bookings are one tour: at some moment both were active for one person, place and start.

    `share_lead`: the PMS has one lead for both, whatever their addresses are.
    """
    if second.merged_into is not None or first.id == second.id:
        return False
    place, there = (_property(settings, row, aliases) for row in (first, second))
    if place is None or there is None or place.key != there.key:
        return False
    if not (_same_person(first, second, share_lead=share_lead) and _same_unit(first, second, place)):
        return False
    if _are_two_of_one_source(first, second, settings):
        return False
    theirs = list(spans_of(statements_of(second)))
    return any(
        span.overlaps(their) and _same_start(span, their, place, settings)
        for span in spans_of(statements_of(first))
        for their in theirs
    )


def _same_person(first: BookingRow, second: BookingRow, *, share_lead: bool) -> bool:
    ours, theirs = to_request(first.fields), to_request(second.fields)
    if ours.lead_id and ours.lead_id == theirs.lead_id:
        return True
    our, their = ours.contact, theirs.contact
    if share_lead or same_email(our.email, their.email):
        return not _is_another_visitor(our, their)
    return same_phone(our.phone, their.phone) and not names_differ(our, their)


def _is_another_visitor(first: Contact, second: Contact) -> bool:
    """Two people of one address: an agent books for both."""
    both_have_phones = bool(first.phone and second.phone)
    return both_have_phones and is_somebody_else(first, second)


def _same_unit(first: BookingRow, second: BookingRow, place: Property) -> bool:
    units = {_unit(row, place) for row in (first, second)} - {None}
    return len(units) <= 1


def _unit(row: BookingRow, place: Property) -> str | None:
    """A unit as it is compared: its configured id, else its number; of an id of Propexo's the number is not known."""
    name = (to_request(row.fields).unit or "").strip()
    ids = {known.casefold(): record_id for known, record_id in place.units.items()}
    if not name or name in ids.values():
        return name or None
    if name.casefold() in ids:
        return ids[name.casefold()]
    return None if PROPEXO_ID.fullmatch(name) else bare_number(name)


def _are_two_of_one_source(first: BookingRow, second: BookingRow, settings: Settings) -> bool:
    """Whether one source has both at the same time: it keeps its tours apart, unless it is configured otherwise."""
    for source in {*sources_of(first)} & {*sources_of(second)}:
        if _moves(settings, source):
            continue
        ours, theirs = (
            list(spans_of([each for each in statements_of(row) if each.source == source]))
            for row in (first, second)
        )
        if any(span.overlaps(their) for span in ours for their in theirs):
            return True
    return False


def _same_start(first: Span, second: Span, place: Property, settings: Settings) -> bool:
    ours, theirs = _instant(first.start, place), _instant(second.start, place)
    if ours is None or theirs is None:
        return False
    if ours == theirs:
        return True
    later = max((first, second), key=lambda span: span.begins)
    zone = ZoneInfo(place.time_zone)
    same_day = ours.astimezone(zone).date() == theirs.astimezone(zone).date()
    return same_day and _moves(settings, later.source)


def _moves(settings: Settings, source: str) -> bool:
    """Whether another tour of the same day is a move for a source."""
    known = settings.sources.get(source)
    return known is not None and known.same_day == "move"


def _instant(start: Start, place: Property) -> datetime | None:
    if start.get("starts_at"):
        return datetime.fromisoformat(str(start["starts_at"]))
    try:
        local = datetime.fromisoformat(str(start["starts_at_local"]))
        return from_wall_time(local, ZoneInfo(place.time_zone))
    except (BridgeError, KeyError, ValueError):
        return None


def _property(settings: Settings, row: BookingRow, aliases: Aliases) -> Property | None:
    """Where a booking is to be."""
    fields: Mapping[str, Any] = row.fields
    source = settings.sources.get(row.source)
    named = fields.get("property", {}).get("value") or (source.property if source else None)
    return property_named(settings, named, aliases) if named else None


def link_sentence(booking: BookingRow) -> str | None:
    """A sentence about the sources that report the tour, where there are several."""
    sources = timeline.sources_of(booking)
    if len(sources) < 2:  # noqa: PLR2004 - one source links nothing
        return None
    names = f"{', '.join(sources[:-1])} and {sources[-1]}"
    return f"{names} report the same tour; it has one appointment, {booking.reference_code}."
