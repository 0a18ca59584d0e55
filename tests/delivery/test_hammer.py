"""The queue under everything at once: short leases, slow holders, late commits, replays and wake-ups."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from time import sleep

import pytest
from delivery.hammer import CODES, HOLDERS, LANES, LONG_WAIT, a_row
from sqlalchemy import func, select, update

from bridge import queue
from bridge.delivery.load import open_events
from bridge.delivery.rules.priority import next_due
from bridge.inbound.insertion import insert_events
from bridge.models import Event, Lane
from bridge.queue import Release

pytestmark = pytest.mark.processes

HAMMER = Path(__file__).with_name("hammer.py")
CLAIMS = 500
"""Of each holder."""


def test_no_lane_is_held_by_two_and_no_event_falls_asleep(database, record_property):
    rows = [a_row(f"first {number}", f"lane:{number % LANES}") for number in range(4 * LANES)]
    with database.engine.begin() as connection:
        insert_events(connection, rows)

    counts, spans = run_hammer(database)

    doubles, sleepers = doubles_of(spans), asleep(database)
    record_property("hammer", {**counts, "doubles": len(doubles), "asleep": len(sleepers)})
    assert (doubles, sleepers) == ([], [])
    assert counts["claims"] >= HOLDERS * CLAIMS
    assert counts["refused"] > 0  # results under a lease that had ended
    assert min(counts["renewed"], counts["replayed"], counts["woken"], counts["sent"]) > 0
    end_all(database)
    with database.session() as session:
        assert session.scalar(select(func.count()).where(Event.ended_at.is_(None))) == 0
        assert session.scalar(select(func.count()).select_from(Lane)) == 0


def run_hammer(database):
    """What its processes counted, and by lane the spans in which it was held."""
    command = [sys.executable, str(HAMMER), database.url, str(CLAIMS)]
    done = subprocess.run(command, timeout=120, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    spans = defaultdict(list)
    for lane, since, until in figures["spans"]:
        spans[lane].append((since, until))
    return Counter(figures["counts"]), spans


def doubles_of(spans):
    """Lanes that two held at the same moment."""
    return [
        (lane, first, second)
        for lane, held in spans.items()
        for first, second in pairwise(sorted(span for span in held if span[0] < span[1]))
        if second[0] < first[1]
    ]


def asleep(database):
    """Lanes with open events that no worker would take, or only later than one of them is due."""
    with database.autocommit.connect() as connection:
        now = connection.scalar(select(func.clock_timestamp()))
        lanes = {lane.lane: lane for lane in connection.execute(select(Lane.__table__))}
        names = set(connection.scalars(select(Event.lock).where(Event.ended_at.is_(None))))
        due = {name: next_due(events, now) for name, events in open_events(connection, names).items()}
    known = [lanes[name] for name in names & lanes.keys() if not lanes[name].ready]
    far = [lane.lane for lane in known if lane.due_at > now + LONG_WAIT]
    late = [lane.lane for lane in known if lane.lease is None and lane.due_at > max(due[lane.lane], now)]
    return [*(names - lanes.keys()), *far, *late]


def end_all(database):
    """Nothing happens any more but that what is waited for comes: each lane comes up, ends, and none remains."""
    with database.session() as session:
        queue.wake(session, [f"code:{number}" for number in range(CODES)])
    for _ in range(100):
        with database.autocommit.connect() as connection:
            queue.promote(connection)
            claims = queue.claim(connection, unread=LANES, read=2 * LANES)
            claims = claims or queue.claim_suspects(connection)
            left = connection.scalar(select(func.count()).select_from(Lane))
        if not left:
            return
        with database.engine.connect() as connection:
            lanes = [claim.lane for claim in claims]
            connection.execute(update(Event).where(Event.lock.in_(lanes)).values(ended_at=func.now()))
            queue.commit(connection, [], [Release(claim.lane, claim.lease, None) for claim in claims], [])
        sleep(0 if claims else 0.05)
