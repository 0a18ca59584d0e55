"""Loads the times that are taken, for several events together; nothing where no property offers times."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bridge.delivery.rules.entities import CachedRecords
from bridge.delivery.rules.slots import FRESH, offers_times, slot_windows
from bridge.delivery.rules.state import Snapshot
from bridge.delivery.storage import queries
from bridge.settings import Settings


def add_slots(
    connection: Connection, settings: Settings, now: datetime, snapshots: dict[int, Snapshot]
) -> None:
    """Add the times that are taken where the events may ask for one, and what the PMS has offered just now."""
    if not any(property_.slots for property_ in settings.properties.values()):
        return
    windows = {id_: list(slot_windows(snapshot, settings)) for id_, snapshot in snapshots.items()}
    bookings = [
        row.id for snapshot in snapshots.values() for row in (*snapshot.bookings, *snapshot.duplicates)
    ]
    wanted = sorted({window for each in windows.values() for window in each})
    if not (wanted or bookings):
        return
    this = {
        "properties": [place for place, _, _ in wanted],
        "froms": [since for _, since, _ in wanted],
        "tos": [until for _, _, until in wanted],
        "bookings": bookings,
    }
    claims = queries.CLAIMS.rows(connection, this)
    calendars = _calendars(connection, settings, now, {place for place, _, _ in wanted})
    for id_, snapshot in snapshots.items():
        own = {row.id for row in (*snapshot.bookings, *snapshot.duplicates)}
        places = {place for place, _, _ in windows[id_]}
        near = [each for each in claims if each.property_key in places or each.booking_id in own]
        snapshots[id_] = snapshot.having(claims=tuple(near), calendars=calendars)


def _calendars(
    connection: Connection, settings: Settings, now: datetime, keys: Iterable[str]
) -> dict[tuple[str, str], CachedRecords]:
    """What the PMSs of some properties have offered just now."""
    places = [settings.properties[key] for key in keys]
    pairs = sorted({(place.integration_id, place.property_id) for place in places if offers_times(place)})
    if not pairs:
        return {}
    this = {
        "integrations": [pair for pair, _ in pairs],
        "properties": [two for _, two in pairs],
        "since": now - FRESH,
    }
    found: dict[tuple[str, str], CachedRecords] = {}
    for row in queries.CALENDARS.rows(connection, this):
        at = (row.integration_id, row.property_id)
        first = found.get(at, CachedRecords(row.fetched_at, ()))
        found[at] = CachedRecords(first.fetched_at, [*first.records, *row.content])
    return found
