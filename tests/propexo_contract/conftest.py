"""A sandbox with an integration of each PMS that takes tours, each with something to choose from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from propexo_contract.contract import exchange_problems
from werkzeug.test import TestResponse

from bridge.sandbox.app import create_sandbox
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.state import Sandbox

VENDORS = ("APPFOLIO", "ENTRATA", "MRI", "REALPAGE_RPX", "RENTMANAGER", "RESMAN", "YARDI", "YARDI_REST")


class ManualClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Account:
    """The sandbox, the ids of what it holds, and each exchange that violates the contract."""

    sandbox: Sandbox
    client: FlaskClient
    clock: ManualClock
    leads: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def call(
        self, method: str, path: str, *, json: Any = None, params: dict[str, str] | None = None
    ) -> TestResponse:
        """Without a socket: there are thousands of them."""
        headers = {"Authorization": "Bearer token"}
        body = {} if json is None else {"json": json}
        return self.client.open(path, method=method, headers=headers, query_string=params, **body)

    def watch(self, seen: SeenRequest, answer: Any) -> None:
        status = None if answer is None else seen.status
        self.violations += exchange_problems(seen.method, seen.path, seen.query, seen.body, status, answer)


@pytest.fixture
def account() -> Account:
    clock = ManualClock()
    sandbox = Sandbox(clock, slow_zone_seconds=0, budget_per_minute=1_000_000)
    account = Account(sandbox, create_sandbox(sandbox).test_client(), clock)
    for vendor in VENDORS:
        furnish(account, vendor)
    sandbox.observe = account.watch
    return account


def furnish(account: Account, vendor: str) -> None:
    """A property with one of everything, and a tour."""
    sandbox, place = account.sandbox, f"{vendor}-property"
    sandbox.add_integration(vendor, vendor)
    sandbox.add_property(vendor, place, f"{vendor} Flats")
    unit_id = sandbox.add_unit(vendor, place, "101", bedrooms="2")
    employee_id = sandbox.add_employee(vendor, place, "Alex Agent", roles=["LEASING_AGENT"])
    source_id = sandbox.add_lead_source(vendor, place, "Website")
    sandbox.add_lead_relationship(vendor, place, "Prospect")
    sandbox.add_timezone(vendor, place, "-06:00", observes_daylight_savings=True)
    lead_id = sandbox.add_lead(
        vendor, place, first_name="Ana", last_name="Diaz", email_1="Ana@Example.com", phone_1="+15125550142"
    )
    body = {
        "integration_id": vendor, "lead_id": lead_id, "unit_id": unit_id, "employee_id": employee_id,
        "lead_source_id": source_id, "appointment_date": "2031-03-04", "appointment_time": "10:00:00",
        "appointment_duration_minutes": 30, "appointment_type": "TOUR", "title": "Tour", "notes": "ref 7f3a",
    }  # fmt: skip
    answer = account.call("POST", "/v1/events/appointments/leads?ignore_unknown_fields=true", json=body)
    assert answer.status_code == 200, answer.text
    sandbox.sync(vendor)
    account.leads[vendor] = lead_id
    account.events[vendor] = sandbox.appointments[-1].id
