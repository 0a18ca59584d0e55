"""The services of the pages and the management API."""

from dataclasses import dataclass

from flask import current_app

from bridge.clock import Clock
from bridge.database import Database
from bridge.mapping.sources import Sources
from bridge.settings import Settings


@dataclass(frozen=True)
class AppContext:
    """Of one web process; `current_app.extensions["console"]`."""

    settings: Settings
    sources: Sources
    database: Database
    clock: Clock


def tools() -> AppContext:
    """Those of the application that answers the present request."""
    found: AppContext = current_app.extensions["console"]
    return found
