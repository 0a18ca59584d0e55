"""Lanes are loaded outside of a transaction, which the server would break off while many events are interpreted."""

from psycopg.pq import TransactionStatus
from sqlalchemy import event

from bridge import queue
from bridge.delivery.batch import BatchLoader


def test_no_transaction_is_open_while_events_are_interpreted(world):
    for number in range(3):
        world.book(f"B-{number}", email=f"renter{number}@example.com")
    world.set_database_clock()
    with world.database.autocommit.connect() as connection:
        claims = queue.claim(connection, unread=8, read=8)
    seen = []

    def note(connection, *_):
        seen.append(connection.connection.dbapi_connection.info.transaction_status)

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        jobs, _ = BatchLoader(world.tools).load(claims, 0, 8)
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)
    assert len(jobs) == 3
    assert set(seen) == {TransactionStatus.IDLE}
