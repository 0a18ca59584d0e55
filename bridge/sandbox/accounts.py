"""The integrations of an account, their properties and look-ups, and what is switched on at Propexo."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.sandbox.documents import lookup
from bridge.sandbox.jobs import SandboxJob
from bridge.sandbox.records import SandboxIntegration, SandboxProperty
from bridge.sandbox.refusals import InvalidError, issue
from bridge.sandbox.rules import (
    CANCEL_APPOINTMENT,
    CREATE_APPOINTMENT,
    CREATE_LEAD,
    UPDATE_APPOINTMENT,
    UPDATE_LEAD,
)

WRITTEN_THROUGH = {
    CREATE_LEAD.name: ("CREATE_LEAD", "GUESTCARD"),
    UPDATE_LEAD.name: ("UPDATE_LEAD", "GUESTCARD"),
    CREATE_APPOINTMENT.name: ("CREATE_APPOINTMENT", "CREATE_EVENT", "GUESTCARD"),
    UPDATE_APPOINTMENT.name: ("UPDATE_APPOINTMENT", "GUESTCARD"),
    CANCEL_APPOINTMENT.name: ("UPDATE_APPOINTMENT_CANCEL", "GUESTCARD"),
}
"""Operation -> the interfaces that it may go through, without the name of the PMS before them."""


class Accounts:
    """All that exists before the first write."""

    def __init__(self) -> None:
        self.integrations: dict[str, SandboxIntegration] = {}
        self.properties: dict[str, SandboxProperty] = {}
        self._lookups: list[tuple[str, dict[str, Any]]] = []

    def integration(self, integration_id: str) -> SandboxIntegration:
        """Raises InvalidError for an unknown id, which Propexo does not document."""
        if integration_id not in self.integrations:
            raise InvalidError([issue(["integration_id"], "No integration of this account has this id.")])
        return self.integrations[integration_id]

    def add_lookup(
        self, kind: str, integration_id: str, property_id: str, *, x_id: str, now: datetime, **fields: Any
    ) -> str:
        integration, place = self.integration(integration_id), self.properties.get(property_id)
        document = lookup(kind, integration, place, x_id=x_id, now=now, **fields)
        self._lookups.append((kind, document))
        return str(document["id"])

    def lookups(self, kind: str) -> list[dict[str, Any]]:
        """The documents of a kind whose model is synced."""
        return [
            document
            for of_kind, document in self._lookups
            if of_kind == kind
            and self.is_synced(kind.replace("-", "_"), document["integration_id"], document["property_id"])
        ]

    def switch(
        self,
        integration_id: str,
        *,
        models: Mapping[str, bool],
        interfaces: Mapping[str, bool],
        properties: Mapping[str, bool],
    ) -> None:
        """Switch models, interfaces and properties on or off. Raises InvalidError for a property of another one."""
        integration = self.integration(integration_id)
        for property_id, enabled in properties.items():
            place = self.properties.get(property_id)
            if place is None or place.integration_id != integration_id:
                raise InvalidError(
                    [issue(["properties"], f"No property {property_id} is in this integration.")]
                )
            place.enabled = enabled
        integration.models |= models
        integration.interfaces |= interfaces

    def is_synced(self, model: str, integration_id: str, property_id: str | None) -> bool:
        """Whether Propexo reads records of this model and property."""
        place = self.properties.get(property_id or "")
        return self.integration(integration_id).models.get(model, False) and (place is None or place.enabled)

    def switched_off(self, job: SandboxJob) -> str | None:
        """The interface that this write goes through, if it is switched off."""
        if job.integration_id is None:
            return None
        through = [f"{job.vendor}_{name}" for name in WRITTEN_THROUGH.get(job.operation.name, ())]
        interfaces = self.integration(job.integration_id).interfaces
        known = [name for name in (*through, f"{job.vendor}_BASE") if name in interfaces]
        return known[0] if known and not interfaces[known[0]] else None
