"""Every request that the client can make keeps to the contract, for each PMS; so does every tour of `delivery/`.

The fixture `world` holds each exchange of each test that uses it against the contract as well.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from propexo_contract.conftest import VENDORS, Account
from propexo_contract.contract import operation_of

from bridge.propexo.bodies import cancel_body, create_body, lead_body, update_body
from bridge.propexo.client import NoQuota, Propexo
from bridge.propexo.errors import RejectedError
from bridge.propexo.pms import PROFILES
from bridge.propexo.tours import LeadPerson, PmsLocation, Tour
from bridge.sandbox.server import SandboxServer

TOUR = Tour(
    datetime(2031, 3, 4, 20, 30, tzinfo=UTC), 45, "VIRTUAL_TOUR", "cunit", "cemployee", "csource", "Tour",
    "asks for 2 bedrooms, Zoë " * 20, "TB-7F3A", "Oakwood Flats",
)  # fmt: skip
PERSON = LeadPerson(
    "Zoë", "Ortega-Fernández y Santamaría del Valle", "zoe@example.com", "+15125550142", "LD-9"
)
DEFAULTS = {
    "lead_relationship_id": "crelationship",
    "organization_name": "Oakwood Management",
    "employee_id": "cemployee",
    "lead_source_id": "csource",
}


@pytest.fixture
def client(account: Account) -> Iterator[Propexo]:
    with SandboxServer(account.sandbox) as server:
        yield Propexo(server.url, "token", quota=NoQuota())


def place_of(vendor: str) -> PmsLocation:
    profile = PROFILES[vendor]
    return PmsLocation(vendor, vendor, f"{vendor}-property", profile, ZoneInfo("America/Chicago"), DEFAULTS)


READS: dict[str, Callable[[Propexo, Account, str], Any]] = {
    "find_leads": lambda client, account, vendor: (
        client.find_leads(integration_id=vendor, property_id=f"{vendor}-property", email="Ana@Example.com"),
        client.find_leads(integration_id=vendor, property_id=f"{vendor}-property", phone="5125550142"),
    ),
    "newest_leads": lambda client, account, vendor: client.newest_leads(integration_id=vendor),
    "get_lead": lambda client, account, vendor: (
        client.get_lead(account.leads[vendor]),
        client.get_lead("no"),
    ),
    "list_appointments": lambda client, account, vendor: client.list_appointments(
        integration_id=vendor, lead_id=account.leads[vendor]
    ),
    "list_property_appointments": lambda client, account, vendor: client.list_property_appointments(
        integration_id=vendor, property_id=f"{vendor}-property"
    ),
    "newest_appointments": lambda client, account, vendor: client.newest_appointments(
        integration_id=vendor, property_id=f"{vendor}-property"
    ),
    "get_appointment": lambda client, account, vendor: client.get_appointment(account.events[vendor]),
    "write_log": lambda client, account, vendor: client.write_log(integration_id=vendor, category="events"),
    "get_integration": lambda client, account, vendor: client.get_integration(vendor),
    "list_properties": lambda client, account, vendor: client.list_properties(integration_id=vendor),
    "list_enabled": lambda client, account, vendor: client.list_enabled(integration_id=vendor),
    "list_offsets": lambda client, account, vendor: client.list_offsets(integration_id=vendor),
    **{
        f"list_{kind}": lambda client, account, vendor, kind=kind: getattr(client, f"list_{kind}")(
            integration_id=vendor, property_id=f"{vendor}-property"
        )
        for kind in ("units", "employees", "lead_sources", "lead_relationships")
    },
}
WRITES: dict[str, Callable[[Propexo, Account, str], Any]] = {
    "create_lead": lambda client, account, vendor: client.create_lead(lead_body(place_of(vendor), PERSON)),
    "create_appointment": lambda client, account, vendor: client.write_status(
        client.create_appointment(create_body(place_of(vendor), account.leads[vendor], TOUR))
    ),
    "update_appointment": lambda client, account, vendor: client.update_appointment(
        account.events[vendor], update_body(place_of(vendor), TOUR)
    ),
    "cancel_appointment": lambda client, account, vendor: client.cancel_appointment(
        cancel_body(place_of(vendor), account.events[vendor])
    ),
    "update_lead": lambda client, account, vendor: client.update_lead(
        account.leads[vendor], {"first_name": "Zoë", "last_name": "Ortega", "email_1": "zoe@example.com"}
    ),
    "manual_sync": lambda client, account, vendor: client.manual_sync(vendor, ["events", "leads"]) or True,
}
OTHERS = {"write_status", "flush_rate_limit", "reserve", "give_back", "appointment_availability"}
"""Called with a write, no calls at all, and offered by two PMSs only."""


def test_every_call_of_the_client_is_here() -> None:
    calls = {name for name in vars(Propexo) if not name.startswith("_")}
    assert calls - OTHERS <= READS.keys() | WRITES.keys()


@pytest.mark.parametrize("vendor", VENDORS)
def test_reads(client, account, vendor):
    for read in READS.values():
        assert read(client, account, vendor)
    assert account.violations == []


@pytest.mark.parametrize("vendor", ["ENTRATA", "REALPAGE_RPX"])
def test_free_times(client, account, vendor):
    assert client.appointment_availability(
        integration_id=vendor, property_id=f"{vendor}-property", first=date(2031, 3, 4), days=2, minutes=30
    )
    assert account.violations == []


def is_offered(name: str, vendor: str) -> bool:
    profile = PROFILES[vendor]
    offered = {
        "create_lead": profile.lead,
        "create_appointment": profile.create,
        "update_appointment": profile.update,
        "cancel_appointment": profile.cancel,
    }
    return offered.get(name, True) is not None


@pytest.mark.parametrize("vendor", VENDORS)
def test_writes(client, account, vendor):
    made = [name for name in WRITES if hasattr(client, name) and is_offered(name, vendor)]
    for name in made:
        WRITES[name](client, account, vendor)
    assert account.violations == []
    used = {getattr(operation_of(seen.method, seen.path), "name", None) for seen in account.sandbox.requests}
    assert len(used) > len(made)


def test_a_violation_is_noticed(client, account):
    """The watch that all these tests rely on sees a request that the contract does not take."""
    with pytest.raises(RejectedError):
        client.create_lead({"integration_id": "MRI", "last_name": "Diaz", "nickname": "A"})
    assert "nickname" in account.violations[0]
