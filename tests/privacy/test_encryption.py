"""What renters say is not to be read in the tables where keys are configured; everything works as without."""

from contextlib import contextmanager

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, text

from bridge.database import Database
from bridge.encryption import MARK, DecryptionError
from bridge.inbound.committer import Committer
from bridge.inbound.inbox import Delivery, IncomingEvent, RequestMetadata
from bridge.mapping.translation import Envelope
from bridge.models import UNENCRYPTED_FIELDS, Booking, BookingState, Event, KnownContact, Status
from bridge.privacy.reencryption import encrypt_again

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
BODY = b'{"email": "maya@example.com"}'
DETAILS = {
    name: {"value": value, "at": "2026-11-24T15:00:00+00:00", "rank": 0}
    for name, value in {
        "email": "maya@example.com",
        "property": "Oakwood Flats",
        "notes": "2 BR \u2013 \u00fc",
    }.items()
}


@pytest.fixture
def opened(database):
    """Opens the test's database with other keys."""

    @contextmanager
    def open_with(*keys):
        other = Database(database.url, encryption_keys=keys)
        yield other
        other.close()

    return open_with


def add_event(database, clock, body=BODY, **more):
    with database.session() as session:
        event = Event(
            source="widget", delivery_id=str(len(body)), received_at=clock(), lock="x", body=body, **more
        )  # fmt: skip
        session.add(event)
        session.flush()
        return event.id


def add_booking(database, clock):
    with database.session() as session:
        written = {"starts_at": "2026-12-03T16:30:00+00:00", "notes": "2 BR", "title": None}
        booking = Booking(
            source="widget", code="TB-1", created_at=clock(), details=DETAILS, written=written,
            state=BookingState.BOOKED,
        )  # fmt: skip
        session.add(booking)
        session.flush()
        return booking.id


def raw(database, table="events") -> str:
    with database.session() as session:
        return "\n".join(session.scalars(text(f"SELECT t::text || encode(body, 'escape') FROM {table} t"))
                         if table == "events" else session.scalars(text(f"SELECT t::text FROM {table} t")))  # fmt: skip


def test_without_keys_everything_is_stored_as_it_is(database, clock):
    add_event(database, clock, headers={"a": "b"}, detail="Maya asks")
    assert "maya@example.com" in raw(database)
    assert "Maya asks" in raw(database)


def test_with_a_key_nothing_is_to_be_read(database, clock, opened):
    with opened(NEW) as sealed:
        stated = {
            "headers": {"user-agent": "maya"},
            "query": {"q": "maya"},
            "answers": {"m": [1]},
            "detail": "maya",
        }
        event_id = add_event(sealed, clock, original_body=b"maya", history=[{"by": "maya"}], **stated)
        add_booking(sealed, clock)
        assert "maya" not in raw(database)
        assert "maya" not in raw(database, "bookings")
        assert "2 BR" not in raw(database, "bookings")
        with sealed.session() as session:
            event = session.get_one(Event, event_id)
            assert {name: getattr(event, name) for name in stated} == stated
            assert (event.body, event.original_body, event.history) == (BODY, b"maya", [{"by": "maya"}])
            assert session.scalars(select(Booking)).one().details == DETAILS


def test_what_the_endpoint_commits_is_not_to_be_read_either(database, clock, opened):
    arrivals = [
        IncomingEvent(BODY, None, Envelope(delivery_id="a", email="maya@example.com")),
        IncomingEvent(b"Maya", None, Envelope(delivery_id="b"), parked="Maya asks"),
    ]
    metadata = RequestMetadata({"x-renter": "Maya"}, {"name": "Maya"})
    with opened(NEW) as keyed:
        Committer(keyed).store(Delivery("widget", metadata, arrivals, clock()))
        assert "maya" not in raw(database).casefold()
        with keyed.session() as session:
            reported = session.scalars(select(Event).order_by(Event.id)).all()
    assert [(one.body, one.detail) for one in reported] == [(BODY, None), (b"Maya", "Maya asks")]
    assert [(one.headers, one.query) for one in reported] == [(metadata.headers, metadata.query)] * 2


def test_what_sql_asks_for_stays_open(clock, opened):
    with opened(NEW) as sealed:
        booking_id = add_booking(sealed, clock)
        with sealed.session() as session:
            stated = func.lower(Booking.details["property"]["value"].astext)
            assert session.scalars(select(Booking.id).where(stated.in_(["oakwood flats"]))).all() == [
                booking_id
            ]
            start = session.scalar(select(Booking.written["starts_at"].astext))
            assert start == "2026-12-03T16:30:00+00:00"
            plain = session.scalar(text("SELECT details FROM bookings"))
    assert set(plain) == {"property", "sealed"} <= {*UNENCRYPTED_FIELDS, "sealed"}


def test_a_key_that_comes_later_reads_what_was_there(database, clock, opened):
    event_id = add_event(database, clock, detail="Maya asks")
    add_booking(database, clock)
    with opened(NEW) as sealed, sealed.session() as session:
        assert session.get_one(Event, event_id).body == BODY
        assert session.scalars(select(Booking)).one().details == DETAILS


def test_a_key_that_is_gone_is_reported(database, clock, opened):
    with opened(OLD) as sealed:
        event_id = add_event(sealed, clock)
    for keys in ((), (NEW,)):
        reported = pytest.raises(DecryptionError, match="encryption_keys")
        with opened(*keys) as other, other.session() as session, reported:
            session.get_one(Event, event_id)


def test_keys_are_changed_one_after_the_other(database, clock, opened):
    ids = [add_event(database, clock, b"plain")]
    with opened(OLD) as sealed:
        ids.append(add_event(sealed, clock, b"olde", detail="Maya asks"))
        add_booking(sealed, clock)
        with sealed.session() as session:
            session.add(KnownContact(source="crm", contact_id="P-1", details=DETAILS, used_at=clock()))
    with opened(NEW, OLD) as both:
        assert dict(encrypt_again(both)) == {
            "attempts": 0,
            "bookings": 1,
            "events": 2,
            "idempotency_keys": 0,
            "signing_keys": 0,
            "known_contacts": 1,
            "stored_sources": 0,
        }
    with opened(NEW) as new, new.session() as session:
        assert [session.get_one(Event, event_id).body for event_id in ids] == [b"plain", b"olde"]
        assert session.scalars(select(Booking)).one().details == DETAILS
        assert session.scalars(select(KnownContact)).one().details == DETAILS
    assert "plain" not in raw(database)


def test_more_rows_than_a_batch_are_encrypted(database, clock, opened, monkeypatch):
    monkeypatch.setattr("bridge.privacy.reencryption.BATCH", 2)
    for number in range(1, 6):
        add_event(database, clock, b"x" * number)
    with opened(NEW) as sealed:
        assert dict(encrypt_again(sealed))["events"] == 5
    with database.session() as session:
        assert all(body.startswith(MARK) for body in session.scalars(text("SELECT body FROM events")))


@pytest.mark.parametrize("keys", [(), (NEW,)])
@pytest.mark.parametrize("body", [b"", MARK, MARK + b"gAAAAA", MARK + b"as-it-is:x", b"\x00\xff"])
def test_no_body_is_taken_for_an_encrypted_one(clock, opened, keys, body):
    with opened(*keys) as database:
        event_id = add_event(database, clock, body, query={"sealed": "gAAAAA"})
        with database.session() as session:
            event = session.get_one(Event, event_id)
            assert (event.body, event.query) == (body, {"sealed": "gAAAAA"})


def test_nothing_is_nothing(database, clock, opened):
    with opened(NEW) as sealed:
        add_event(sealed, clock, b"")
    with database.session() as session:
        row = session.execute(
            text("SELECT body, answers IS NULL AS a, detail IS NULL AS d, headers FROM events")
        ).one()
    assert (bytes(row.body), row.a, row.d, row.headers) == (b"", True, True, {})


def test_two_databases_of_a_process_have_their_own_keys(database, clock, opened):
    with opened(OLD) as one, opened(NEW) as other:
        first, second = add_event(one, clock, b"a"), add_event(other, clock, b"bb")
        with one.session() as session, pytest.raises(DecryptionError):
            session.get_one(Event, second)
        with one.session() as session:
            assert session.get_one(Event, first).body == b"a"


def test_the_status_of_an_event_needs_no_key(database, clock, opened):
    with opened(NEW) as sealed:
        add_event(sealed, clock)
    with database.session() as session:
        assert session.scalars(select(Event.status)).all() == [Status.RECEIVED]
