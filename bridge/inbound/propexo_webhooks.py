"""Propexo's own webhooks: POST /propexo/webhooks.

What they say is never taken for true: they carry no timestamp and only a part of each record. They tell which
waiting events should look now, and the look asks Propexo itself. So a forged, repeated or late one costs a look
at most, and a lost one costs time.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge import queue
from bridge.errors import DecodingError, UnknownSourceError
from bridge.inbound.decoding import decode
from bridge.inbound.signatures import Signature
from bridge.inbound.views import WebhookEndpoint, read_body, signed_request
from bridge.keys import contact_key, key
from bridge.models import Attempt, Booking, Event, Lead, ProcessedWebhook
from bridge.settings import Settings

propexo_webhooks = Blueprint("propexo_webhooks", __name__)

SIGNATURE = Signature(header="propexo-signature")
"""Propexo: the hex HMAC-SHA256 of the payload with the webhook's secret; neither timestamp nor id."""
MODELS = ("leads", "events", "leads_to_events")
SYNCED = ("SYNC_COMPLETE", "FIRST_SYNC_COMPLETE")
CHANGED = ("DATA_NEW", "DATA_UPDATE")

SAME_JOB = timedelta(days=7)
"""A webhook that names its job is the same one whenever it comes again."""
SAME_BODY_WINDOW = timedelta(minutes=1)
"""One that names none, as of a sync, may be the next of its kind: its words are the same each time."""
DEBOUNCE = timedelta(seconds=30)
"""Delay of events that a webhook wakes without naming a record: a sync sends many at a time."""
LEAD_AND_TOUR = ("lead_id", "appointment_id", "confirmation")
"""Reasons to wait that news of a record can end. Not an unknown outcome: its looks are counted before it is sent again,
and each of them must be given its time."""
BROUGHT_BY = {"leads": "lead_id", "events": "appointment_id", "leads_to_events": "appointment_id"}
"""The reason to wait that a sync of each model can end."""

CODE = re.compile(r"\b(?:TB|LD)-[0-9A-Z]{8}\b")
"""Our reference in the notes of an appointment or a lead, or as its third_party_id."""
ID = re.compile(r"[\w-]{4,64}", re.ASCII)


@propexo_webhooks.post("/propexo/webhooks", provide_automatic_options=False)
def receive() -> Response:
    """Take one webhook of Propexo, which sends it again for any answer but a 2xx.

    200: understood, or of no concern. 401: the secret is another one. 404: no secret is configured. 413. 503:
    the database is away.
    """
    endpoint: WebhookEndpoint = current_app.extensions["endpoint"]
    propexo = endpoint.settings.propexo
    if not propexo.webhook_secrets:
        raise UnknownSourceError(
            "Webhooks of Propexo are not taken here. Set `propexo.webhook_secrets`, then restart."
        )
    body = read_body(endpoint.settings.server.body_limit)
    SIGNATURE.verify(signed_request(endpoint, body, None), propexo.webhook_secrets, endpoint.clock(), None)
    webhook = WebhookMessage.read(body)
    if webhook is None or not webhook.is_ours(endpoint.settings):
        return jsonify(status="ignored")
    now = endpoint.clock()
    with endpoint.database.session() as session:
        signal = wake_signal(session, endpoint.settings, webhook)
        if signal is None:
            return jsonify(status="ignored")
        if not is_new(session, webhook, body, now):
            return jsonify(status="received", duplicate=True)
        signal.send(session)
    return jsonify(status="received")


@dataclass(frozen=True)
class WakeSignal:
    """Whom a webhook lets look before their time."""

    codes: tuple[str, ...] = ()
    """Bookings and leads of which Propexo has read something."""
    integration_id: str | None = None
    """An integration that has been synced."""
    reasons: tuple[str, ...] = LEAD_AND_TOUR
    delay: timedelta = timedelta(0)

    def send(self, session: Session) -> None:
        """Wake them in the session's transaction."""
        queue.wake(
            session, self.codes, integration_id=self.integration_id, reasons=self.reasons, delay=self.delay
        )


@dataclass(frozen=True)
class WebhookMessage:
    """What one webhook says, of which nothing is sure to be there."""

    event: str
    data: dict[str, Any]

    @classmethod
    def read(cls, body: bytes) -> "WebhookMessage | None":
        """Wrapped as `{trigger, data}` or flat; Propexo documents both. `None`: neither."""
        try:
            document = decode(body, "application/json")
        except DecodingError:
            return None
        if not isinstance(document, dict):
            return None
        inner = document.get("data")
        data = {**document, **inner} if isinstance(inner, dict) else document
        event = data.get("event", data.get("trigger"))
        return cls(event, data) if isinstance(event, str) else None

    def text(self, *path: str) -> str | None:
        """A text somewhere in it."""
        value: Any = self.data
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return key(value) if isinstance(value, str) else None

    @property
    def integration_id(self) -> str | None:
        return self.text("integration_id") or self.text("meta", "integration_id")

    @property
    def property_id(self) -> str | None:
        return self.text("context", "property_id") or self.text("payload", "property_id")

    @property
    def model(self) -> str:
        """Of a record: `events`, `leads`, `leads_to_events`. Webhooks spell it with hyphens, their registration not."""
        return (self.text("object") or self.text("meta", "object") or "").replace("-", "_")

    @property
    def record(self) -> dict[str, Any]:
        """The record in the webhook: all of it, or the changed part."""
        diff = self.data.get("diff")
        parts = (self.data.get("payload"), diff.get("new") if isinstance(diff, dict) else None)
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}

    @property
    def names_a_record(self) -> bool:
        """Whether it identifies the person of the record; the first webhook of a new record may be nearly empty."""
        identifying = {
            "leads": ("notes", "email_1", "email_2", "phone_1", "phone_2", "third_party_id"),
            "events": ("notes", "associated_lead_ids"),
            "leads_to_events": ("lead_id", "event_id"),
        }
        return self.model not in identifying or any(self.record.get(name) for name in identifying[self.model])

    def is_ours(self, settings: Settings) -> bool:
        """Whether an integration that it names is one of those that are configured."""
        ours = {place.integration_id for place in settings.properties.values()}
        return self.integration_id is None or self.integration_id in ours

    def texts(self) -> Iterator[str]:
        """Every text of the record, and its id."""
        rest: list[Any] = [self.text("record_id"), self.record]
        while rest:
            value = rest.pop()
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                rest += value.values() if isinstance(value, dict) else value


def is_new(session: Session, webhook: WebhookMessage, body: bytes, now: datetime) -> bool:
    """Whether this webhook was not acted upon before; notes that it is now."""
    job = webhook.text("root_job_id")
    whose = job or webhook.text("record_id") or webhook.integration_id
    name = key(f"{webhook.event}|{whose}|{hashlib.sha256(body).hexdigest()}")
    noted = insert(ProcessedWebhook).values(key=name, received_at=now)
    forgotten = ProcessedWebhook.received_at < now - (SAME_JOB if job else SAME_BODY_WINDOW)
    noted_anew = noted.on_conflict_do_update(
        index_elements=[ProcessedWebhook.key], set_={"received_at": now}, where=forgotten
    )
    return session.scalar(noted_anew.returning(ProcessedWebhook.key)) is not None


def wake_signal(session: Session, settings: Settings, webhook: WebhookMessage) -> WakeSignal | None:
    """Which events to wake; `None`: none waits for this."""
    if webhook.event == "WRITE_OPERATION_FAILURE":
        return _failed_write(session, webhook)
    if webhook.event in SYNCED:
        return _synced(webhook)
    if webhook.event in CHANGED and webhook.model in MODELS:
        codes = sorted({*_leads(session, webhook), *_bookings(session, settings, webhook)})
        delay = timedelta(0) if webhook.names_a_record else DEBOUNCE
        return WakeSignal(tuple(codes), delay=delay) if codes else None
    return None


def _failed_write(session: Session, webhook: WebhookMessage) -> WakeSignal | None:
    """The booking or the lead whose write it is. Its answer may not be on record yet: then the webhook is kept, and
    compared when it is."""
    job_id = webhook.text("root_job_id")
    if job_id is None:
        return None
    kept = insert(ProcessedWebhook).values(key=f"job:{job_id}", received_at=func.now())
    session.execute(kept.on_conflict_do_nothing())
    attempts = select(Attempt.id).where(Attempt.job_id == job_id)
    codes: list[str] = []
    for owner in (Booking, Lead):
        codes += session.scalars(select(owner.code).where(owner.open_attempt_id.in_(attempts)))
    return WakeSignal(tuple(codes))


def _synced(webhook: WebhookMessage) -> WakeSignal | None:
    """Propexo: some failed read jobs are normal; a sync that read nothing brought nothing."""
    data, integration_id = webhook.data, webhook.integration_id
    if not integration_id or data.get("is_sync_finished") is False or data.get("successful_job_count") == 0:
        return None
    listed = data.get("models_synced")
    named = (
        [entry.replace("-", "_") for entry in listed if isinstance(entry, str)]
        if isinstance(listed, list)
        else MODELS
    )
    reasons = sorted({BROUGHT_BY[model] for model in MODELS if model in named})
    return WakeSignal(integration_id=integration_id, reasons=tuple(reasons)) if reasons else None


def _leads(session: Session, webhook: WebhookMessage) -> list[str]:
    """The codes of awaited leads that this may be."""
    if webhook.model != "leads":
        return []
    there = and_(
        or_(literal(webhook.integration_id is None), Lead.integration_id == webhook.integration_id),
        or_(literal(webhook.property_id is None), Lead.property_id == webhook.property_id),
    )
    named = Lead.code.in_(_codes(webhook))
    if webhook.names_a_record:
        return _waiting_codes(
            session, Lead, or_(named, and_(there, Lead.contact.in_(list(_contacts(webhook.record)))))
        )
    return _waiting_codes(session, Lead, there) if webhook.integration_id else []


def _contacts(record: dict[str, Any]) -> Iterator[str]:
    """The keys that a lead of this record may have: by its e-mails and its phones, however they are written."""
    for name in ("email_1", "email_2"):
        yield from filter(None, [contact_key(str(record.get(name) or "").strip().lower(), None)])
    for name in ("phone_1", "phone_2"):
        digits = re.sub(r"\D", "", str(record.get(name) or ""))
        for number in (f"+1{digits}", f"+{digits}") if digits else ():
            yield contact_key(None, number) or ""


def _bookings(session: Session, settings: Settings, webhook: WebhookMessage) -> list[str]:
    """The codes of awaited appointments that this may be, or that it links to their leads."""
    if webhook.model == "leads":
        return []
    if webhook.names_a_record:
        ids = [text for text in webhook.texts() if ID.fullmatch(text)]
        by_id = or_(Booking.lead_id.in_(ids), Booking.appointment_id.in_(ids))
        return _waiting_codes(session, Booking, or_(Booking.code.in_(_codes(webhook)), by_id))
    there = [
        place.key
        for place in settings.properties.values()
        if place.integration_id == webhook.integration_id and webhook.property_id in (None, place.property_id)
    ]
    return _waiting_codes(session, Booking, Booking.property.in_(there))


def _codes(webhook: WebhookMessage) -> list[str]:
    return [code for text in webhook.texts() for code in CODE.findall(text)]


def _waiting_codes(
    session: Session, model: type[Booking] | type[Lead], is_it: ColumnElement[bool]
) -> list[str]:
    """Of those that events wait for, the codes of those that fit. Few wait at a time, so there the search begins."""
    waiting = select(Event.awaits).where(Event.awaits.is_not(None), Event.ended_at.is_(None))
    return list(session.scalars(select(model.code).where(model.code.in_(waiting), is_it)))
