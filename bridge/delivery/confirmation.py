"""How submitted writes ended: where several wait, all of them by one reading of the write log.

Propexo confirms a write by write-status, one call each. The write log of an integration lists the finished jobs, a
hundred in a call, by their job ids; one that is pending, or ended in part, is not listed. So whoever comes first reads
the log for all that wait, wakes those that it lists, and write-status is asked for what the log does not say: why
something failed, and ids that nothing else shows.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Update, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from bridge.delivery.calls import Calls
from bridge.delivery.outcomes import CONFIRM_AFTER, NotYet, Parked
from bridge.models import Attempt, Lead, Sweep
from bridge.propexo import client
from bridge.propexo.client import WriteLogEntry, WriteState, WriteStatus
from bridge.propexo.errors import Outcome

Category = Literal["events", "leads"]

SEVERAL = 10
"""From so many writes on, that wait in one integration, their log is read. Fewer are asked for one by one: that costs
some calls more, is sooner, and brings the ids of the appointments along."""
SWEEP_EVERY = timedelta(seconds=10)
"""At the longest. With a large budget the log is read more often: a first page takes so much of the minute's calls."""
SWEEP_SHARE = 0.01
SWEEP_EVERY_AT_LEAST = timedelta(seconds=1)
SWEEP_EVERY_IN_BACKLOG = timedelta(seconds=30)
MAYBE_WRITTEN_AFTER = timedelta(seconds=1)
"""A reading of the log for older writes shows younger ones as well, which then need not ask."""
CONFIRM_IN_BACKLOG = [timedelta(seconds=30), timedelta(seconds=60)]
"""Looks for a confirmation while others wait for their first call."""
MOST_UNLISTED = 3
"""After so many readings without a trace of a write, ten seconds apart at least, it is asked for by itself."""
IN_HOUR = timedelta(minutes=50)
"""Until then the log of the last hour is enough, even if the clocks differ."""

_reading: defaultdict[tuple[str, Category], threading.Lock] = defaultdict(threading.Lock)
"""In one worker who would read the same log waits for what the first one finds: a lock of each log."""

_WAKE = text("""
    WITH woken AS (
        UPDATE procrastinate_jobs job SET scheduled_at = :now FROM events
        WHERE events.id = ANY(:events) AND events.reason = 'confirmation' AND job.id = events.queue_id
        AND job.status = 'todo' AND job.scheduled_at > :now RETURNING job.id
    )
    UPDATE events SET next_attempt_at = :now FROM woken WHERE events.queue_id = woken.id
""")


class Confirmation:
    """Asks for one event how its writes at one integration ended."""

    def __init__(self, calls: Calls, integration_id: str) -> None:
        self.calls = calls
        self.integration_id = integration_id

    def of(self, attempt: Attempt) -> tuple[Attempt, WriteStatus]:
        """A submitted write as it stands now, with what Propexo tells of it; PENDING: it is too early to ask.

        Raises:
            NotYet, Parked: what a failed call means.
        """
        category: Category = "leads" if attempt.kind == "create_lead" else "events"
        current, is_early = attempt, False
        if _may_be_listed(attempt):
            with _reading[self.integration_id, category]:
                current, is_early = self._read_up(attempt, category)
        if is_early:
            return current, WriteStatus(WriteState.PENDING, (), None)
        if current.listed == WriteState.SUCCESS and (current.effect or {}).get("id_column") != "lead_id":
            return current, WriteStatus(WriteState.SUCCESS, (), None)
        job_id = current.job_id or ""
        propexo = self.calls.context.propexo
        return current, self.calls.read(
            "write_status", self.integration_id, lambda: propexo.write_status(job_id)
        )

    def _read_up(self, attempt: Attempt, category: Category) -> tuple[Attempt, bool]:
        """The write after the log was read, if it is time for that, and whether it is too early to know its end."""
        current = self._current(attempt)
        if not _may_be_listed(current) or not self._do_several_wait(category):
            return current, False
        if self._claim(category):
            could_be_read = self._sweep(category)
            current = self._current(attempt)
            if not could_be_read:
                return current, False
        return current, _may_be_listed(current)

    def _current(self, attempt: Attempt) -> Attempt:
        with self.calls.context.database.single() as session:
            return session.get_one(Attempt, attempt.id)

    def _waits(self, category: Category) -> list[ColumnElement[bool]]:
        """The writes that the log may show by now."""
        of_category = Attempt.kind == "create_lead" if category == "leads" else Attempt.kind != "create_lead"
        return [
            Attempt.integration_id == self.integration_id,
            Attempt.outcome == Outcome.SUBMITTED,
            Attempt.listed.is_(None),
            Attempt.unlisted < MOST_UNLISTED,
            Attempt.sent_at <= self.calls.now() - MAYBE_WRITTEN_AFTER,
            of_category,
        ]

    def _do_several_wait(self, category: Category) -> bool:
        waiting = select(Attempt.id).where(*self._waits(category)).limit(SEVERAL).subquery()
        with self.calls.context.database.single() as session:
            return session.scalar(select(func.count()).select_from(waiting)) == SEVERAL

    def _claim(self, category: Category) -> bool:
        """Whether it is our turn to read the log: one at a time, and not too often."""
        now = self.calls.now()
        every = SWEEP_EVERY_IN_BACKLOG if self.calls.is_backlog() else self._sweep_every()
        with self.calls.context.database.single() as session:
            row = insert(Sweep).values(integration_id=self.integration_id, category=category, read_at=now)
            claimed = row.on_conflict_do_update(
                index_elements=[Sweep.integration_id, Sweep.category],
                set_={"read_at": now},
                where=Sweep.read_at <= now - every,
            ).returning(Sweep.read_at)
            return session.scalar(claimed) is not None

    def _sweep_every(self) -> timedelta:
        per_minute = self.calls.context.settings.propexo.budget_per_minute
        return min(max(timedelta(minutes=1) / (SWEEP_SHARE * per_minute), SWEEP_EVERY_AT_LEAST), SWEEP_EVERY)

    def _sweep(self, category: Category) -> bool:
        """Note what the log says of all writes that wait; answers whether the log could be read."""
        with self.calls.context.database.session() as session:
            waiting = list(session.scalars(select(Attempt).where(*self._waits(category))))
        try:
            listed = self._read_log(category, waiting)
            found = [one for one in waiting if one.job_id in listed]
            ids = self._lead_ids([one for one in found if _is_success(listed[one.job_id or ""])])
        except NotYet:
            self._give_back(category)
            raise
        except Parked:
            return False  # a token need not be allowed to read the log
        with self.calls.context.database.session() as session:
            for one in found:
                state = WriteState.SUCCESS if _is_success(listed[one.job_id or ""]) else WriteState.FAILURE
                session.execute(_change(one.id, listed=state, **_with_id(one, ids)))
            missed = [one.id for one in waiting if one.job_id not in listed and self._is_due(one)]
            session.execute(
                update(Attempt).where(Attempt.id.in_(missed)).values(unlisted=Attempt.unlisted + 1)
            )
            others = [one.event_id for one in found if one.event_id != self.calls.event.id]
            session.execute(_WAKE, {"events": others, "now": self.calls.now()})
        return True

    def _read_log(self, category: Category, waiting: Sequence[Attempt]) -> dict[str, WriteLogEntry]:
        wanted = {one.job_id or "" for one in waiting if self._is_due(one)}
        oldest = min((one.started_at for one in waiting), default=self.calls.now())
        time_range: Literal["hour", "day"] = "hour" if self.calls.now() - oldest < IN_HOUR else "day"
        propexo = self.calls.context.propexo
        entries = self.calls.read(
            "write_log",
            self.integration_id,
            lambda: propexo.write_log(
                integration_id=self.integration_id,
                category=category,
                time_range=time_range,
                enough=lambda read: wanted <= {entry.job_id for entry in read},
            ),
        )
        return {entry.job_id: entry for entry in entries}

    def _is_due(self, attempt: Attempt) -> bool:
        """Whether a write is so old that the log should show it; each miss gives it as long as a rare reading does."""
        age = self.calls.now() - attempt.sent_at
        return age >= CONFIRM_AFTER[0] + attempt.unlisted * SWEEP_EVERY

    def _lead_ids(self, created: Sequence[Attempt]) -> dict[int, str]:
        """By attempt the id of the lead that it made, where the newest leads show it; not worth a call for a few."""
        wanting = {one.id: one for one in created if (one.effect or {}).get("id_column") == "lead_id"}
        if len(wanting) < SEVERAL:
            return {}
        propexo = self.calls.context.propexo
        newest = self.calls.read(
            "newest_leads",
            self.integration_id,
            lambda: propexo.newest_leads(integration_id=self.integration_id),
        )
        with self.calls.context.database.session() as session:
            asked = select(Lead.open_attempt_id, Lead.code).where(Lead.open_attempt_id.in_(wanting))
            codes = {row.open_attempt_id: row.code for row in session.execute(asked)}
        ids = {attempt: _made_by(wanting[attempt], code, newest) for attempt, code in codes.items()}
        return {attempt: lead_id for attempt, lead_id in ids.items() if lead_id}

    def _give_back(self, category: Category) -> None:
        """The log was not read after all: whoever comes next may."""
        mine = update(Sweep).where(Sweep.integration_id == self.integration_id, Sweep.category == category)
        with self.calls.context.database.session() as session:
            session.execute(mine.values(read_at=self.calls.now() - SWEEP_EVERY_IN_BACKLOG))


def _may_be_listed(attempt: Attempt) -> bool:
    """Whether the write log may still tell how a write ended."""
    return attempt.listed is None and attempt.unlisted < MOST_UNLISTED


def _is_success(entry: WriteLogEntry) -> bool:
    """Written, without a word about a part that was not."""
    return entry.status == WriteState.SUCCESS and not entry.error


def _made_by(attempt: Attempt, code: str, leads: Iterable[client.Lead]) -> str | None:
    """The lead with our code in its notes, else the only one with the e-mail: before it was made there was none."""
    email = (attempt.request or {}).get("email_1")
    coded = [lead.id for lead in leads if lead.notes and code in lead.notes]
    same = [lead.id for lead in leads if email and lead.email and lead.email.casefold() == email.casefold()]
    hits = coded or same
    return hits[0] if len(hits) == 1 else None


def _with_id(attempt: Attempt, ids: dict[int, str]) -> dict[str, Any]:
    if attempt.id not in ids:
        return {}
    effect = {name: value for name, value in (attempt.effect or {}).items() if name != "id_column"}
    return {"effect": {**effect, "lead_id": ids[attempt.id]}}


def _change(attempt_id: int, **values: Any) -> Update:
    return update(Attempt).where(Attempt.id == attempt_id).values(**values)
