"""Lanes are loaded outside of a transaction, which the server would break off while many events are interpreted."""

from psycopg.pq import TransactionStatus

from bridge import queue
from bridge.database import driver_of
from bridge.delivery.batch import BatchLoader
from bridge.delivery.storage import ready


def test_no_transaction_is_open_while_events_are_interpreted(world, monkeypatch):
    for number in range(3):
        world.book(f"B-{number}", email=f"renter{number}@example.com")
    world.set_database_clock()
    with world.database.autocommit.connect() as connection:
        claims = queue.claim(connection, unread=8, read=8)
    seen = []

    def note(connection):
        driver = driver_of(connection)
        seen.append(driver.info.transaction_status)
        return driver

    monkeypatch.setattr(ready, "driver_of", note)
    jobs, _ = BatchLoader(world.tools).load(claims, 0, 8)
    assert len(jobs) == 3
    assert set(seen) == {TransactionStatus.IDLE}
