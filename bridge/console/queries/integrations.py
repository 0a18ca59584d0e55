"""The integrations, and what keeps them from working."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.delivery.storage.breakers import unfinished
from bridge.errors import BridgeError
from bridge.models import IntegrationState
from bridge.settings import Settings


class UnknownIntegrationError(BridgeError):
    """No property has this integration."""

    code = "unknown_integration"


@dataclass(frozen=True)
class IntegrationRow:
    """One integration."""

    integration_id: str
    properties: tuple[str, ...]
    state: str
    """running, failing or paused."""
    since: datetime | None
    cause: str | None
    reason: str | None
    waiting: int
    """Events that have come to it and not ended."""
    next_probe: datetime | None


def integrations(session: Session, settings: Settings) -> list[IntegrationRow]:
    """Those of all properties."""
    return [integration(session, settings, integration_id) for integration_id in _configured(settings)]


def integration(session: Session, settings: Settings, integration_id: str) -> IntegrationRow:
    """One of them, by its id."""
    row = session.get(IntegrationState, integration_id)
    places = settings.properties.values()
    properties = tuple(place.key for place in places if place.integration_id == integration_id)
    state, since, cause, reason, next_probe = "running", None, None, None, None
    if row and row.paused_at:
        state, since, cause, reason, next_probe = (
            "paused", row.paused_at, row.cause, row.reason, row.probe_at,
        )  # fmt: skip
    elif row and row.failures:
        state, since = "failing", row.failing_since
        reason = f"{row.failures} calls in a row failed."
    waiting = unfinished(session, integration_id)
    return IntegrationRow(integration_id, properties, state, since, cause, reason, waiting, next_probe)


def integration_named(settings: Settings, text: str) -> str:
    """The id of the integration that an operator means: its id, or the key or name of one of its properties.

    Raises UnknownIntegrationError.
    """
    known = list(_configured(settings))
    place = settings.property_named(text)
    if text in known:
        return text
    if place is None:
        raise UnknownIntegrationError(
            f'No property has the integration "{text}"; there are: {", ".join(known) or "none"}.'
        )
    return place.integration_id


def _configured(settings: Settings) -> Iterator[str]:
    return iter(dict.fromkeys(place.integration_id for place in settings.properties.values()))
