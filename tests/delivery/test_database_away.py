"""The database is away at any statement of a worker: what is in hand stays there, and no lease has to end for it."""

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bridge import queue
from bridge.database import driver_of
from bridge.delivery.engine import AWAY
from bridge.delivery.storage import ready, rows

STEP = 9
"""Not every statement is the one at which it is away: each takes a booking of its own."""


@pytest.fixture(autouse=True)
def dry_run_equals_run():
    """Not compared here: the statements of the comparison would be counted, and broken."""


class Statements:
    """Counts the statements of a worker, and breaks the connection at one of them."""

    def __init__(self, world, monkeypatch) -> None:
        self.world, self.number, self.breaks_at, self.is_on = world, 0, None, False
        event.listen(world.database.engine, "before_cursor_execute", lambda *_: self.pass_by())
        for module in (queue, ready, rows):  # where SQLAlchemy does not see the statements
            monkeypatch.setattr(
                module, "driver_of", lambda connection: self.pass_by() or driver_of(connection)
            )

    def pass_by(self) -> None:
        if self.is_on:
            self.number += 1
            if self.number == self.breaks_at:
                raise OperationalError("", {}, psycopg.OperationalError("away"))

    def tick(self) -> bool:
        engine, self.is_on = self.world.engine, True
        engine.look_now()
        try:
            return engine.tick()
        except AWAY:
            return True
        finally:
            self.is_on = False


def test_no_statement_costs_a_lane_or_a_slot(world, clock, monkeypatch):
    statements = Statements(world, monkeypatch)
    number = 0
    while statements.breaks_at is None or statements.number >= statements.breaks_at:
        number += STEP
        statements.breaks_at, statements.number = number, 0
        prospect = {"first_name": "Maya", "last_name": "Okafor", "email": f"m{number}@example.com"}
        tour = {"start": "2026-12-03T10:30:00-06:00"}
        booked = world.send("booked", f"B-{number}", prospect=prospect, tour=tour)
        began = clock()
        while world.event(booked).ended_at is None:
            world.set_database_clock()
            while statements.tick() or world.engine.is_calling:
                pass
            clock.now = max(clock(), world.next_at() or clock())
            assert clock() - began < queue.LEASE, number
        assert world.status(booked) == ("written", None), number
        assert world.engine.is_idle
    assert number > 50
    assert len(world.sandbox.appointments) == len(world.sandbox.leads) == number // STEP
