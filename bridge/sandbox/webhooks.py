"""Webhooks: registered as at Propexo, signed, and sent again until they are accepted."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from bridge.sandbox.documents import event_document, lead_document
from bridge.sandbox.formats import Flag, ListOf, OneOfFormat, Path, Record, TextFormat
from bridge.sandbox.jobs import Pms, SandboxJob
from bridge.sandbox.model_names import WITH_WEBHOOKS
from bridge.sandbox.records import SandboxIntegration, SandboxProperty, new_id, timestamp
from bridge.sandbox.refusals import InvalidError, Issue, issue

TRIGGERS = (
    "DATA_UPDATE", "DATA_NEW", "JOB_FAILURE", "SYNC_COMPLETE", "FIRST_SYNC_COMPLETE", "WRITE_OPERATION_FAILURE",
)  # fmt: skip
SHORTEST_SECRET = 10
SEND_AGAIN_AFTER = timedelta(minutes=15)
MOST_ATTEMPTS = 11
"""Propexo: every 15 minutes, at most 10 times; then it is lost."""
ANSWER_WITHIN = 10.0
"""Seconds; Propexo documents no figure."""


@dataclass
class RegisteredWebhook:
    """One registered address."""

    url: str
    triggers: Sequence[str]
    created_at: datetime
    secret: str
    model: str | None = None
    active: bool = False
    headers: Sequence[dict[str, str]] = ()
    id: str = field(default_factory=new_id)

    def wants(self, trigger: str, model: str | None) -> bool:
        return self.active and trigger in self.triggers and self.model in (None, model)

    def document(self) -> dict[str, Any]:
        """The stored webhook, as its registration is answered."""
        made = timestamp(self.created_at)
        return {
            "id": self.id, "created_at": made, "updated_at": made, "url": self.url, "active": self.active,
            "headers": list(self.headers) or None, "secret": self.secret, "system": "SANDBOX",
            "triggers": [
                {"id": f"{self.id}-{number}", "trigger": trigger, "model": self.model}
                for number, trigger in enumerate(self.triggers)
            ],
        }  # fmt: skip


@dataclass
class WebhookDelivery:
    """One body on its way to one address."""

    webhook: RegisteredWebhook
    body: bytes
    due_at: datetime
    attempts: int = 0

    def post(self, session: requests.Session) -> bool:
        """Send it; answers whether it was taken."""
        signature = hmac.new(self.webhook.secret.encode(), self.body, hashlib.sha256).hexdigest()
        headers = {header["header"]: header["value"] for header in self.webhook.headers}
        headers |= {"Content-Type": "application/json", "propexo-signature": signature}
        try:
            answer = session.post(
                self.webhook.url, self.body, headers=headers, timeout=ANSWER_WITHIN, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.ok


class Webhooks:
    """The registered webhooks, and the deliveries that were not accepted yet."""

    def __init__(self) -> None:
        self._registered: list[RegisteredWebhook] = []
        self._pending: list[WebhookDelivery] = []

    def register(self, asked: Any, now: datetime) -> RegisteredWebhook:
        """Takes the body of `POST /v1/webhooks/`; a secret is made where none is given. Raises InvalidError."""
        if problems := list(REGISTRATION.issues(asked, ())):
            raise InvalidError(problems)
        body: dict[str, Any] = asked
        webhook = RegisteredWebhook(
            body["url"],
            body["triggers"],
            now,
            body.get("secret") or secrets.token_hex(16),
            body.get("model"),
            body.get("active", False),
            body.get("headers") or (),
        )
        self._registered.append(webhook)
        return webhook

    def publish(self, trigger: str, data: dict[str, Any], now: datetime, *, wrapped: bool) -> None:
        """Queues what happened for all who want it: as `{trigger, data}` or flat, which are both documented."""
        document = {"event": trigger, **data}
        body = json.dumps({"trigger": trigger, "data": document} if wrapped else document).encode()
        model = data.get("object", "").replace("-", "_") or None
        self._pending += [
            WebhookDelivery(webhook, body, now)
            for webhook in self._registered
            if webhook.wants(trigger, model)
        ]

    def take_due(self, now: datetime) -> list[WebhookDelivery]:
        due = [delivery for delivery in self._pending if delivery.due_at <= now]
        self._pending = [delivery for delivery in self._pending if delivery.due_at > now]
        return due

    def put_back(self, delivery: WebhookDelivery) -> None:
        """It was not taken: once more, as long as Propexo tries."""
        delivery.attempts += 1
        delivery.due_at += SEND_AGAIN_AFTER
        if delivery.attempts < MOST_ATTEMPTS:
            self._pending.append(delivery)


class Address(TextFormat):
    """An address that can be posted to."""

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if urlsplit(value).scheme not in {"http", "https"}:
            yield issue(path, "Invalid url", "invalid_string", validation="url")


REGISTRATION = Record(
    {
        "url": Address(),
        "triggers": ListOf(OneOfFormat(TRIGGERS), least=1),
        "model": OneOfFormat(WITH_WEBHOOKS),
        "active": Flag(),
        "secret": TextFormat(SHORTEST_SECRET),
        "headers": ListOf(
            Record({"header": TextFormat(), "value": TextFormat()}, frozenset({"header", "value"}))
        ),
    },
    frozenset({"url", "triggers"}),
)
"""The body of `POST /v1/webhooks/`."""


def write_failed(job: SandboxJob) -> dict[str, Any]:
    """What WRITE_OPERATION_FAILURE says: no id of a record, also after a partial success."""
    return {
        "integration_id": job.integration_id or "", "vendor": job.vendor, "root_job_id": job.id,
        "write_status": job.write_status, "errors": job.errors,
    }  # fmt: skip


def sync_complete(integration_id: str, vendor: str, models: Sequence[str]) -> dict[str, Any]:
    """What SYNC_COMPLETE says. Propexo: that some read jobs fail is normal."""
    return {
        "integration_id": integration_id, "vendor": vendor, "successful_job_count": 40, "failed_job_count": 1,
        "is_sync_finished": True, "is_backsync": False, "job_schedule_id": None,
        "models_synced": [*models, *(["leads-to-events"] if {"leads", "events"} <= {*models} else [])],
    }  # fmt: skip


def news_of(
    pms: Pms, integrations: dict[str, SandboxIntegration], places: dict[str, SandboxProperty]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was read since this was asked last, each with its trigger.

    A new appointment is announced together with its link to the lead, as a separate record.
    """
    for was, cached in pms.leads.take_news():
        integration, place = (
            integrations[cached.record.integration_id],
            places.get(cached.record.property_id or ""),
        )
        before = lead_document(was, integration, place) if was else None
        yield _record_read("leads", lead_document(cached, integration, place), before)
    for was_event, event in pms.appointments.take_news():
        integration = integrations[event.record.integration_id]
        lead = pms.leads.held[event.record.lead_id]
        place = places.get(lead.property_id or "")
        earlier = event_document(was_event, integration, place) if was_event else None
        document = event_document(event, integration, place)
        yield _record_read("events", document, earlier)
        if was_event is None:
            link = {"id": new_id(), "lead_id": lead.id, "event_id": event.record.id}
            named = ("integration_id", "integration_vendor", "property_id")
            yield _record_read("leads_to_events", {**link, **{name: document[name] for name in named}}, None)


def _record_read(
    model: str, document: dict[str, Any], before: dict[str, Any] | None
) -> tuple[str, dict[str, Any]]:
    """What DATA_NEW says of a record, or DATA_UPDATE of what changed. Names of models have hyphens here."""
    job, integration_id, name = new_id(), document["integration_id"], model.replace("_", "-")
    message = {
        "object": name, "record_id": document["id"], "integration_id": integration_id,
        "vendor": document["integration_vendor"], "job_id": job, "root_job_id": job,
        "job_type": f"READ_{model.upper()}", "context": {"property_id": document["property_id"]},
        "meta": {"integration_id": integration_id, "object": name},
    }  # fmt: skip
    if before is None:
        return "DATA_NEW", {**message, "payload": document}
    changed = [name for name, value in document.items() if before.get(name) != value]
    new, previous = ({name: of[name] for name in changed} for of in (document, before))
    return "DATA_UPDATE", {**message, "diff": {"new": new, "previous": previous}}
