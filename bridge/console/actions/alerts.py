"""Test whether alerts arrive."""

from datetime import datetime

from bridge.alerts.test_message import SentTest, send_test
from bridge.console import audit
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.database import Database
from bridge.models import Role
from bridge.settings import Settings


def send_test_alert(settings: Settings, database: Database, actor: Actor, now: datetime) -> list[SentTest]:
    """Send a test message to each address. Raises NoAlertAddressError, ConfigurationError, NotAllowedError."""
    must_be(actor, Role.ADMIN)
    results = send_test(settings)
    after = {"sent": sum(result.is_sent for result in results), "of": len(results)}
    with database.session() as session:
        audit.record(session, actor, now, "tested", ("alerts", "urls"), after=after)
    return results
