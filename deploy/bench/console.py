"""How fast the pages of the console and the lists of the management API answer with many stored events.

A database is filled with events of many senders, properties and names, most of them written. Then each address is asked
for several times in one process, as the server would answer it. Goal: each below 200 ms with 1 000 000 events.
"""

import json
import statistics
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import click
from load import print_result
from sqlalchemy import text
from stage import Stage, stage

from bridge import search_index as terms
from bridge.app import create_app
from bridge.console.access import sessions, tokens
from bridge.models import Role
from bridge.settings import parse

SOURCES, PROPERTIES, NAMES = 12, 40, 500
PAGES = 20
"""Open pages; each asks for the newest events once in `POLL` seconds."""
POLL = 5
SHOWN = (
    "",
    "/events",
    "/events?status=parked",
    "/events?property=property-7",
    "/events?q=first17",
    "/events/500",
    "/bookings",
    "/bookings?q=last42",
    "/sources",
    "/sources/source-3",
    "/workbench",
    "/users",
    "/audit",
)
"""Pages, below /console."""
ADDRESSES = (
    "events",
    "events?limit=200",
    "events?status=parked",
    "events?status=written",
    "events?status=received&status=waiting",
    "events?source=source-3",
    "events?property=property-7",
    "events?source=source-3&property=property-8",
    "events?source=source-3&property=property-3&status=parked&reason=unmappable",
    "events?reason=start_passed",
    "events?status=written&reason=unmappable",
    "events?since=2026-06-01T00:00:00Z&until=2026-06-02T00:00:00Z",
    "events?until=2026-01-02T00:00:00Z&property=property-7",
    "events?search=first17",
    "events?search=first17%20last42",
    "events?search=renter-77@example.com",
    "events?search=reference-500",
    "events?search=%2B15125550142",
    "bookings",
    "bookings?source=source-3",
    "bookings?property=property-7",
    "bookings?search=last42",
    "integrations",
    "sources",
    "sources/source-3",
    "today",
    "aliases",
    "audit",
)


@click.command(help=__doc__)
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--rounds", default=15, show_default=True)
def console(events: int, rounds: int) -> None:
    with stage() as here:
        began = time.monotonic()
        fill(here, events)
        seconds = time.monotonic() - began
        client = client_of(here)
        asked = [*(f"/api/v1/{address}" for address in ADDRESSES), *(f"/console{page}" for page in SHOWN)]
        figures = {address: measured(client, address, rounds) for address in asked}
        slowest = max(figures, key=lambda address: figures[address]["worst_ms"])
        newest = figures["/api/v1/events"]["p50_ms"]
        print_result(
            {
                "events": events,
                "filled_in_s": round(seconds, 1),
                "slowest": {slowest: figures[slowest]},
                "open_pages_use_of_one_processor": round(PAGES / POLL * newest / 1000, 4),
                "addresses": figures,
            }
        )


def measured(client: Any, address: str, rounds: int) -> dict[str, float]:
    """Milliseconds of one request, at the median and at the worst."""
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = client.get(address)
        spent.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == HTTPStatus.OK, (address, answer.text)
    return {"p50_ms": round(statistics.median(spent), 1), "worst_ms": round(max(spent), 1)}


def client_of(here: Stage) -> Any:
    """API and console for an admin, with the properties and sources of the events."""
    place = {
        "integration_id": "i",
        "pms": "RENTMANAGER",
        "time_zone": "America/Chicago",
        "tour_hours": "00:00-24:00",
    }
    document = {
        "propexo": {"token": "t"},
        "properties": {f"property-{n}": {**place, "property_id": f"p{n}"} for n in range(PROPERTIES)},
        "sources": {
            f"source-{n}": {"mapping": "calendly", "secrets": ["s" * 16], "property": f"property-{n}"}
            for n in range(SOURCES)
        },
    }
    settings, now = parse(document, {}), datetime.now(UTC)
    with here.database.session() as session:
        _, token = tokens.create(session, "bench", Role.ADMIN, now, None)
        cookie = sessions.begin_from_outside(session, settings, "bench", Role.ADMIN, now)
    client = create_app(settings, here.database).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client.set_cookie("bridge", cookie)
    return client


def fill(here: Stage, events: int) -> None:
    """Events over a year, and as many tours; one in a hundred is parked, one in twenty ignored."""
    with here.database.session() as session:
        digests = {
            kind: [terms.digests(session, terms.words_of(f"{kind}{n}")[0])[0] for n in range(NAMES)]
            for kind in ("first", "last")
        }
    values = {"n": events, "names": NAMES, "places": PROPERTIES, "sources": SOURCES}
    with here.database.engine.begin() as connection:
        connection.execute(text(_BOOKINGS), values)
        connection.execute(text(_EVENTS), {**values, "body": json.dumps({"filler": "x" * 900}).encode()})
        connection.execute(text(_TERMS), {**values, **digests})
    here.execute("VACUUM ANALYZE events")
    here.execute("VACUUM ANALYZE bookings")
    here.execute("VACUUM ANALYZE terms")


_BOOKINGS = """
INSERT INTO bookings (source, code, created_at, state, changed_rank, details, written_state, property,
                      appointment_verified, version)
SELECT 'source-' || i % :sources, 'TB-' || i, now(), 'booked', 0, jsonb_build_object(
           'first_name', jsonb_build_object('value', 'First' || i % :names, 'at', now(), 'rank', 0),
           'last_name', jsonb_build_object('value', 'Last' || i * 7 % :names, 'at', now(), 'rank', 0),
           'email', jsonb_build_object('value', 'renter-' || i || '@example.com', 'at', now(), 'rank', 0),
           'start', jsonb_build_object('at', now(), 'rank', 0, 'value', jsonb_build_object(
               'starts_at', now() + (i % 400 - 200) * interval '1 hour'))),
       'booked', 'property-' || i % :places, false, 1
FROM generate_series(1, :n) AS i
"""
_EVENTS = """
INSERT INTO events (source, delivery_id, received_at, headers, query, body, event, reference, lock, status, action,
                    reason, detail, ended_at, tries, looks, replays, property, booking_id)
SELECT 'source-' || i % :sources, 'delivery-' || i,
       timestamptz '2026-11-01' - (:n - i) * interval '1 year' / :n, '{}', '{}', :body, 'booked', 'reference-' || i,
       'contact:' || i, CASE WHEN i % 100 = 0 THEN 'parked' WHEN i % 20 = 1 THEN 'ignored' ELSE 'written' END, 'book',
       CASE WHEN i % 300 = 0 THEN 'unmappable' WHEN i % 100 = 0 THEN 'start_passed'
            WHEN i % 20 = 1 THEN 'superseded' END,
       NULL, now(), 0, 0, 0, 'property-' || i % :places, booking.id
FROM generate_series(1, :n) AS i JOIN bookings AS booking ON booking.code = 'TB-' || i
"""
_TERMS = """
WITH numbered AS (SELECT id, substr(code, 4)::bigint AS number FROM bookings)
INSERT INTO terms (term, booking_id)
SELECT (CAST(:first AS text[]))[1 + number % :names], id FROM numbered
UNION ALL
SELECT (CAST(:last AS text[]))[1 + number * 7 % :names], id FROM numbered
"""


if __name__ == "__main__":
    console()
