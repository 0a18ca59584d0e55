"""The records in each PMS, per property, as a page and as JSON."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, render_template

from bridge.sandbox.records import SandboxIntegration, SandboxLead
from bridge.sandbox.state import Sandbox


def create_overview(sandbox: Sandbox) -> Blueprint:
    """The page at `/`, and `/sandbox/state`."""
    blueprint = Blueprint("overview", __name__)

    @blueprint.get("/")
    def page() -> str:
        return render_template("page.html", places=overview(sandbox), requests=len(sandbox.requests))

    @blueprint.get("/sandbox/state")
    def state() -> dict[str, Any]:
        return {"requests": len(sandbox.requests), "properties": overview(sandbox)}

    return blueprint


def overview(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every property with its leads and appointments; leads of no known property come last."""
    leads = sandbox.leads
    result = []
    for integration in sandbox.integrations:
        own = [lead for lead in leads if lead.integration_id == integration.id]
        places = [place for place in sandbox.properties if place.integration_id == integration.id]
        known = {place.id for place in places}
        for place in places:
            here = [lead for lead in own if lead.property_id == place.id]
            result.append(_entry(sandbox, integration, place.id, place.name, here))
        if elsewhere := [lead for lead in own if lead.property_id not in known]:
            result.append(_entry(sandbox, integration, None, "No known property", elsewhere))
    return result


def _entry(
    sandbox: Sandbox,
    integration: SandboxIntegration,
    property_id: str | None,
    name: str,
    leads: list[SandboxLead],
) -> dict[str, Any]:
    """`readable`: whether Propexo has read the record yet."""
    names = {lead.id: " ".join(filter(None, (lead.first_name, lead.last_name))) for lead in leads}
    here = [each for each in sandbox.appointments if each.lead_id in names]
    with sandbox.reading() as pms:
        read_leads, read_appointments = pms.leads.read.keys(), pms.appointments.read.keys()
    return {
        "integration_id": integration.id,
        "vendor": integration.vendor,
        "property_id": property_id,
        "name": name,
        "leads": [{**asdict(each), "readable": each.id in read_leads} for each in leads],
        "appointments": [
            {**asdict(each), "lead_name": names[each.lead_id], "readable": each.id in read_appointments}
            for each in here
        ],
    }
