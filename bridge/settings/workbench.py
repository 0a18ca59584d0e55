"""How bridge.toml says where edited mappings may run."""

from enum import StrEnum
from typing import Any

from marshmallow import ValidationError

from bridge.settings.fields import Boolean, Setting


class Workbench(StrEnum):
    """Where edited mappings may run."""

    CONFINED = "confined"
    """Where the kernel keeps files and sockets from them; else nowhere."""
    UNCONFINED = "unconfined"
    """Without that: they reach what the web process reaches."""
    OFF = "off"


class WorkbenchMode(Setting):
    """On or off, as a switch, or the one word for something between."""

    expected = 'true, false or "unconfined"'

    def read(self, value: Any) -> Workbench:
        if isinstance(value, str) and value.strip().lower() == Workbench.UNCONFINED:
            return Workbench.UNCONFINED
        try:
            return Workbench.CONFINED if Boolean().read(value) else Workbench.OFF
        except ValidationError:
            raise self.refused() from None
