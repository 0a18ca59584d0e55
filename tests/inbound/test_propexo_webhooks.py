"""POST /propexo/webhooks: who may tell news, what is understood, and whom it wakes."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from world import let_the_clock_stand

from bridge.app import create_app
from bridge.keys import contact_key
from bridge.models import Attempt, Booking, Event, Lane, Lead, ProcessedWebhook, Status
from bridge.settings import parse

SECRET, NEXT_SECRET = "a-secret-of-propexo", "the-secret-after-it"
HERE, THERE = "chere", "cthere"
FIRST, SECOND = "TB-BBBB3331", "TB-BBBB3332"


class Propexo:
    """Posts webhooks to a bridge, and looks at whom they wake."""

    def __init__(self, database: Any, clock: Any, *secrets: str, body_limit: int = 1_048_576) -> None:
        place = {"pms": "ENTRATA", "time_zone": "America/Chicago"}
        settings = parse(
            {
                "propexo": {"token": "t", **({"webhook_secrets": list(secrets)} if secrets else {})},
                "server": {"body_limit": body_limit},
                "properties": {
                    "oakwood": {"integration_id": HERE, "property_id": "coak", **place},
                    "elm": {"integration_id": HERE, "property_id": "celm", **place},
                    "lake": {"integration_id": THERE, "property_id": "clake", **place},
                },
            },
            {},
        )
        self.database, self.clock = database, clock
        self.later = clock() + timedelta(hours=1)
        let_the_clock_stand(database, clock())
        self.client = create_app(settings, database, clock=clock).test_client()

    def post(self, body: Any, *, secret: str = SECRET, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return self.client.post(
            "/propexo/webhooks", data=raw, headers={"propexo-signature": signature, **headers}
        )

    def reported(self, body: Any) -> dict[str, int]:
        """Whom one webhook wakes: what they wait on, and after how many seconds they look."""
        with self.database.session() as session:
            asleep = Event.next_attempt_at.is_not(None)
            session.execute(update(Event).where(asleep).values(next_attempt_at=self.later))
            session.execute(update(Lane).values(ready=False, due_at=self.later))
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        woken = self.woken()
        assert answer.json == {"status": "received" if woken else "ignored"}
        return woken

    def woken(self) -> dict[str, int]:
        with self.database.session() as session:
            now = session.scalar(text("SELECT now()"))
            rows = session.execute(
                select(Event.awaits, Event.next_attempt_at, Lane.due_at, Lane.ready)
                .join(Lane, Lane.lane == Event.lock)
                .where(Event.next_attempt_at < self.later)
            ).all()
        assert all(row.due_at == row.next_attempt_at for row in rows)
        assert all(row.ready == (row.due_at <= now) for row in rows)
        return {row.awaits: int((row.next_attempt_at - now).total_seconds()) for row in rows}

    def notices(self) -> int:
        with self.database.session() as session:
            return len(list(session.scalars(select(ProcessedWebhook))))

    def waits(self, number: int, awaits: str, **more: Any) -> None:
        """An event that waits for news of a booking or a lead."""
        with self.database.session() as session:
            waiting: dict[str, Any] = {"reason": "appointment_id", "next_attempt_at": self.later, **more}
            session.add(
                Event(
                    source="widget", delivery_id=f"m{number}", received_at=self.clock(), body=b"{}",
                    lock=f"l{number}", status=Status.WAITING, awaits=awaits, integration_id=HERE, **waiting,
                )
            )  # fmt: skip
            session.add(Lane(lane=f"l{number}", rank=1, ready=False, due_at=self.later))

    def writes(self, job_id: str = "cjob01", code: str = FIRST) -> None:
        """An event whose write was submitted with this job."""
        self.waits(len(job_id + code) + int(job_id[-1]), code, reason="confirmation", job_id=job_id)
        with self.database.session() as session:
            event_id = session.scalar(select(Event.id).where(Event.awaits == code))
            attempt = Attempt(
                event_id=event_id, kind="create", started_at=self.clock(), outcome="submitted", job_id=job_id
            )
            session.add(attempt)
            session.flush()
            attempt_id = attempt.id
        self.booking(code, "clead", open_attempt_id=attempt_id)

    def lead(self, code: str, contact: str, integration_id: str = HERE, property_id: str = "coak") -> None:
        with self.database.session() as session:
            session.add(
                Lead(
                    integration_id=integration_id, property_id=property_id, contact=contact, code=code,
                    created=True, created_at=self.clock(),
                )
            )  # fmt: skip

    def booking(self, code: str, lead_id: str, property_key: str = "oakwood", **more: Any) -> None:
        with self.database.session() as session:
            session.add(
                Booking(
                    source="widget", code=code, created_at=self.clock(), lead_id=lead_id, property=property_key, **more
                )
            )  # fmt: skip


@pytest.fixture
def propexo(database, clock) -> Propexo:
    return Propexo(database, clock, SECRET, NEXT_SECRET)


def failure(**changes: Any) -> dict[str, Any]:
    reported = {"event": "WRITE_OPERATION_FAILURE", "integration_id": HERE, "vendor": "ENTRATA",
            "root_job_id": "cjob01",
            "write_status": "FAILURE", "errors": ['{"code":305}'], **changes}  # fmt: skip
    return {"trigger": "WRITE_OPERATION_FAILURE", "data": reported}


def data_new(model: str, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"event": "DATA_NEW", "object": model, "record_id": "crec01", "integration_id": HERE, "vendor": "ENTRATA",
            "job_id": "cjob02", "root_job_id": "cjob03", "job_type": "READ", "context": {"property_id": "coak"},
            "meta": {"integration_id": HERE, "object": model}, "payload": payload, **changes}  # fmt: skip


def sync(**changes: Any) -> dict[str, Any]:
    return {"event": "SYNC_COMPLETE", "integration_id": HERE, "vendor": "ENTRATA", "successful_job_count": 40,
            "failed_job_count": 1, "is_sync_finished": True, "job_schedule_id": "csch01", **changes}  # fmt: skip


class TestEndpoint:
    def test_each_configured_secret_is_valid(self, propexo):
        assert propexo.post(failure()).json == {"status": "received"}
        assert propexo.post(failure(root_job_id="cjob02"), secret=NEXT_SECRET).json == {"status": "received"}

    @pytest.mark.parametrize(
        "signature", ["", "x", "0" * 64, "é".encode().decode("latin-1"), hashlib.sha256(b"{}").hexdigest()]
    )
    def test_another_signature_is_refused_and_nothing_is_stored(self, propexo, signature):
        propexo.writes()
        answer = propexo.post(failure(), **{"propexo-signature": signature})
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert (propexo.woken(), propexo.notices()) == ({}, 0)

    def test_without_a_signature_it_is_refused(self, propexo):
        assert propexo.client.post("/propexo/webhooks", json=failure()).status_code == 401

    def test_the_raw_bytes_are_signed(self, propexo):
        raw = json.dumps(failure()).encode()
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        for body in (raw + b" ", json.dumps(failure(), indent=1).encode()):
            answer = propexo.client.post(
                "/propexo/webhooks", data=body, headers={"propexo-signature": signature}
            )
            assert answer.status_code == 401

    def test_without_a_secret_there_is_no_such_address(self, database, clock):
        answer = Propexo(database, clock).post(failure())
        assert answer.status_code == 404
        assert "propexo.webhook_secrets" in answer.json["detail"]

    def test_a_body_over_the_limit_is_not_read(self, database, clock):
        assert Propexo(database, clock, SECRET, body_limit=100).post(failure()).status_code == 413

    def test_other_methods(self, propexo):
        assert propexo.client.get("/propexo/webhooks").status_code == 405

    def test_while_the_database_is_away_it_is_to_come_again(self, propexo):
        propexo.database.engine.dispose()
        with propexo.database.engine.connect() as connection:
            connection.execute(text("ALTER TABLE notices RENAME TO gone"))
            connection.commit()
        answer = propexo.post(failure())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not json",
            b"[" * 100_000,
            b'"text"',
            b"[]",
            {},
            {"event": None},
            {"event": ["DATA_NEW"]},
            {"trigger": "X", "data": {}},
            {"event": "JOB_FAILURE", "integration_id": HERE},
            {"event": "SOMETHING_NEW", "root_job_id": "cjob01"},
            failure(root_job_id=None),
            failure(root_job_id=7),
            failure(integration_id="somebody-else"),
            data_new("applicants-to-events", {"lead_id": "clead"}),
            data_new("leads", {"email_1": ["x"], "notes": {"a": "\x00"}}),
            {**data_new("leads", {}), "payload": "text", "diff": [], "context": None, "record_id": 5},
            data_new("events", {"notes": "TB-AAAA2222"}),
            sync(integration_id=None),
            sync(is_sync_finished=False),
            sync(successful_job_count=0),
            sync(models_synced=["units", None]),
        ],
        ids=str,
    )
    def test_what_concerns_nobody_is_taken_and_ignored(self, propexo, body):
        propexo.writes()
        propexo.waits(1, "LD-AAAA2221", reason="lead_id")
        answer = propexo.post(body)
        assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
        assert (propexo.woken(), propexo.notices()) == ({}, 0)


class TestRepeated:
    def test_is_taken_and_acted_upon_once(self, propexo):
        propexo.writes()
        assert propexo.reported(failure()) == {FIRST: 0}
        propexo.waits(1, FIRST)
        assert propexo.post(failure()).json == {"status": "received", "duplicate": True}
        with propexo.database.session() as session:
            assert list(session.scalars(select(Lane.ready).order_by(Lane.lane))) == [False, True]

    def test_the_same_job_with_other_words_is_news(self, propexo):
        propexo.post(failure())
        assert propexo.post(failure(write_status="PARTIAL_SUCCESS")).json == {"status": "received"}

    def test_a_webhook_without_a_job_may_come_again_as_the_next_of_its_kind(self, propexo, clock):
        assert propexo.post(sync()).json == {"status": "received"}
        clock.advance(seconds=50)
        assert propexo.post(sync()).json == {"status": "received", "duplicate": True}
        clock.advance(seconds=20)
        assert propexo.post(sync()).json == {"status": "received"}

    def test_one_that_names_its_job_is_a_repetition_for_days(self, propexo, clock):
        propexo.post(failure())
        clock.advance(days=6)
        assert propexo.post(failure()).json == {"status": "received", "duplicate": True}


class TestNews:
    def test_a_failed_write_is_reported_by_its_job_wrapped_or_flat(self, propexo):
        propexo.writes("cjob01", FIRST)
        propexo.writes("cjob02", SECOND)
        assert propexo.reported(failure()) == {FIRST: 0}
        assert propexo.reported(failure(root_job_id="cjob02")["data"]) == {SECOND: 0}

    def test_a_sync_wakes_those_who_wait_for_what_it_read(self, propexo):
        for number, (code, reason) in enumerate(
            [
                ("lead", "lead_id"),
                ("tour", "appointment_id"),
                ("write", "confirmation"),
                ("unknown", "outcome"),
            ]
        ):
            propexo.waits(number, code, reason=reason)
        propexo.waits(4, "elsewhere")
        with propexo.database.session() as session:
            session.execute(update(Event).where(Event.awaits == "elsewhere").values(integration_id=THERE))
        everybody = {"lead": 0, "tour": 0}
        assert propexo.reported(sync()) == everybody
        assert propexo.reported(sync(models_synced=["units", "leads-to-events"])) == {"tour": 0}
        assert propexo.reported(sync(models_synced=["leads"])) == {"lead": 0}
        without_event = {"trigger": "FIRST_SYNC_COMPLETE", "data": sync(successful_job_count=3)}
        del without_event["data"]["event"]
        assert propexo.reported(without_event) == everybody

    def test_a_lead_is_recognised_by_our_code_its_email_or_its_phone(self, propexo):
        people = [("maya@example.com", None), (None, "+15125550142"), ("x@example.com", None)]
        for number, person in enumerate(people):
            propexo.lead(f"LD-AAAA222{number}", contact_key(*person))
            propexo.waits(number, f"LD-AAAA222{number}")
        assert propexo.reported(data_new("leads", {"email_1": "Maya@Example.com "})) == {"LD-AAAA2220": 0}
        assert propexo.reported(data_new("leads", {"phone_2": "(512) 555-0142"})) == {"LD-AAAA2221": 0}
        assert propexo.reported(data_new("leads", {"notes": "Ref LD-AAAA2222. Pool"})) == {"LD-AAAA2222": 0}
        update = {"event": "DATA_UPDATE", "object": "leads", "record_id": "c", "context": {"property_id": "coak"},
                  "diff": {"new": {"email_1": "x@example.com"}, "previous": {"email_1": None}}}  # fmt: skip
        assert propexo.reported(update) == {"LD-AAAA2222": 0}
        assert propexo.reported(data_new("leads", {"email_1": "somebody@example.com"})) == {}

    def test_the_same_person_elsewhere_sleeps_on(self, propexo):
        for number, place in enumerate([(HERE, "coak"), (HERE, "celm"), (THERE, "clake")]):
            propexo.lead(f"LD-AAAA222{number}", contact_key("maya@example.com", None), *place)
            propexo.waits(number, f"LD-AAAA222{number}")
        assert propexo.reported(data_new("leads", {"email_1": "maya@example.com"})) == {"LD-AAAA2220": 0}

    def test_an_appointment_is_recognised_by_our_code_its_id_or_its_lead(self, propexo):
        for number in range(4):
            propexo.booking(f"TB-AAAA222{number}", f"clead{number}", appointment_id=f"capp{number}")
            propexo.waits(number, f"TB-AAAA222{number}")
        by_code = data_new("events", {"notes": "2 BR. Ref TB-AAAA2220"})
        by_lead = data_new("events", {"notes": None, "associated_lead_ids": ["clead1", "cother"]})
        by_id = data_new("events", {"notes": "cut off"}, record_id="capp2")
        by_link = data_new("leads-to-events", {"lead_id": "clead3", "event_id": "cevent"})
        for number, reported in enumerate((by_code, by_lead, by_id, by_link)):
            assert propexo.reported(reported) == {f"TB-AAAA222{number}": 0}
        assert propexo.reported(data_new("events", {"notes": "Somebody else's tour"})) == {}

    def test_who_does_not_wait_is_not_woken(self, propexo, clock):
        propexo.lead("LD-AAAA2222", contact_key("maya@example.com", None))
        propexo.waits(1, "LD-AAAA2222", ended_at=clock())
        assert propexo.reported(data_new("leads", {"email_1": "maya@example.com"})) == {}

    def test_a_first_word_that_names_nobody_wakes_all_of_the_property_once(self, propexo):
        for number, place in enumerate([(HERE, "coak"), (HERE, "coak"), (HERE, "celm"), (THERE, "clake")]):
            propexo.lead(f"LD-AAAA222{number}", f"somebody{number}", *place)
            propexo.waits(number, f"LD-AAAA222{number}")
        one = data_new("leads", {"created_at": "2026-05-01T12:00:00.000Z"})
        reported = propexo.reported(one)
        assert reported == {"LD-AAAA2220": 30, "LD-AAAA2221": 30}
        assert propexo.post({**one, "record_id": "crec02"}).json == {"status": "received"}
        assert propexo.woken() == reported  # what comes within half a minute is gathered

    def test_a_link_that_names_nobody_wakes_the_appointments_of_the_property(self, propexo):
        for number, place in enumerate(("oakwood", "elm", "lake")):
            propexo.booking(f"TB-AAAA222{number}", f"clead{number}", place)
            propexo.waits(number, f"TB-AAAA222{number}")
        assert propexo.reported(data_new("leads_to_events", {})) == {"TB-AAAA2220": 30}

    def test_nothing_of_a_person_goes_into_the_queue(self, propexo):
        propexo.lead("LD-AAAA2222", contact_key("maya@example.com", None))
        propexo.waits(1, "LD-AAAA2222")
        propexo.reported(
            data_new("leads", {"email_1": "maya@example.com", "first_name": "Maya", "phone_1": "5125550142"})
        )
        with propexo.database.session() as session:
            rows = "".join(map(str, session.execute(text("SELECT * FROM lanes"))))
            rows += "".join(map(str, session.scalars(select(ProcessedWebhook.key))))
        assert "maya" not in rows.lower()
        assert "5125550142" not in rows


def test_notices_are_stored_once_even_at_the_same_moment(propexo, clock):
    assert [propexo.post(sync()).json.get("duplicate") for _ in range(5)] == [None, True, True, True, True]
    clock.advance(days=1)
    assert propexo.notices() == 1
