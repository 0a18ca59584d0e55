"""The appointments in the PMS of a property, masked for viewers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bridge.console.actor import Actor
from bridge.events import pms_appointments
from bridge.events.pms_appointments import MatchedAppointment, OwnBooking
from bridge.propexo.preflight import client_of
from bridge.settings import Property, Settings

LONGEST_CALL = 10.0
"""Seconds that a page waits for one answer of Propexo."""


def page(
    settings: Settings,
    actor: Actor,
    place: Property,
    own: Sequence[OwnBooking],
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[MatchedAppointment]:
    """By their start; notes may name the renter. Raises PropexoError."""
    account = settings.propexo
    quick = replace(account, read_timeout=min(account.read_timeout, LONGEST_CALL))
    rows = pms_appointments.read(client_of(quick), place, own, first=first, last=last)
    return rows if actor.sees_people else [replace(row, notes=None) for row in rows]
