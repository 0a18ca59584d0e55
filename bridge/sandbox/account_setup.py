"""Sets up an account: its integrations, properties, leads and look-ups, and what is switched on."""

import threading
from collections.abc import Mapping
from typing import Any

from bridge.clock import Clock
from bridge.sandbox.accounts import Accounts
from bridge.sandbox.jobs import Pms
from bridge.sandbox.records import SandboxIntegration, SandboxLead, SandboxProperty, new_id


class AccountSetup:
    """What exists before the first write, and what a read call may list of it."""

    clock: Clock
    _lock: threading.RLock
    _accounts: Accounts
    _pms: Pms

    def add_integration(self, integration_id: str, vendor: str) -> str:
        """Registers a PMS account; `vendor` is Propexo's upper-case name, such as ENTRATA."""
        with self._lock:
            self._accounts.integrations[integration_id] = SandboxIntegration(
                integration_id, vendor, self.clock()
            )
        return integration_id

    def add_property(self, integration_id: str, property_id: str, name: str) -> str:
        with self._lock:
            self.integration(integration_id)
            self._accounts.properties[property_id] = SandboxProperty(
                property_id, integration_id, name, self._pms.next_x_id(), self.clock()
            )
        return property_id

    def add_lead(
        self, integration_id: str, property_id: str | None, *, synced: bool = True, **fields: Any
    ) -> str:
        """A lead that the PMS holds already; Propexo can read it when `synced`."""
        with self._lock:
            self.integration(integration_id)
            lead = SandboxLead(new_id(), integration_id, self._pms.next_x_id(), property_id, **fields)
            self._pms.leads.put(lead)
            if synced:
                self._pms.leads.read_back(lead.id, self.clock())
        return lead.id

    def add_unit(self, integration_id: str, property_id: str, number: str, **fields: Any) -> str:
        return self._add_lookup("units", integration_id, property_id, number=number, **fields)

    def add_employee(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("employees", integration_id, property_id, name=name, **fields)

    def add_lead_source(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("lead-sources", integration_id, property_id, name=name, **fields)

    def add_lead_relationship(self, integration_id: str, property_id: str, name: str, **fields: Any) -> str:
        return self._add_lookup("lead-relationships", integration_id, property_id, name=name, **fields)

    def add_timezone(self, integration_id: str, property_id: str, offset: str, **fields: Any) -> str:
        """`offset` is that of standard time (`-06:00`), all year round."""
        return self._add_lookup("timezones", integration_id, property_id, offset=offset, **fields)

    def _add_lookup(self, kind: str, integration_id: str, property_id: str, **fields: Any) -> str:
        with self._lock:
            return self._accounts.add_lookup(
                kind, integration_id, property_id, x_id=self._pms.next_x_id(), now=self.clock(), **fields
            )

    def switch(
        self,
        integration_id: str,
        *,
        models: Mapping[str, bool] | None = None,
        interfaces: Mapping[str, bool] | None = None,
        properties: Mapping[str, bool] | None = None,
    ) -> None:
        """Switch models, interfaces and properties of an integration on (True) or off, by their names and ids."""
        with self._lock:
            self._accounts.switch(
                integration_id, models=models or {}, interfaces=interfaces or {}, properties=properties or {}
            )

    @property
    def refuses_taken_slots(self) -> bool:
        """Whether the PMSs take no tour that overlaps with another of its property."""
        return self._pms.refuses_taken_slots

    @refuses_taken_slots.setter
    def refuses_taken_slots(self, refuses: bool) -> None:
        self._pms.refuses_taken_slots = refuses

    @property
    def integrations(self) -> list[SandboxIntegration]:
        with self._lock:
            return list(self._accounts.integrations.values())

    @property
    def properties(self) -> list[SandboxProperty]:
        with self._lock:
            return list(self._accounts.properties.values())

    def integration(self, integration_id: str) -> SandboxIntegration:
        """Raises InvalidError for an unknown id, which Propexo does not document."""
        with self._lock:
            return self._accounts.integration(integration_id)

    def find_property(self, property_id: str | None) -> SandboxProperty | None:
        with self._lock:
            return self._accounts.properties.get(property_id or "")

    def lookups(self, kind: str) -> list[dict[str, Any]]:
        """The look-up documents of one kind: units, employees, lead-sources, ..."""
        with self._lock:
            return self._accounts.lookups(kind)
