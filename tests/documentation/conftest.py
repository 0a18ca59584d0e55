"""The web process that the documents speak of."""

from typing import Any

import pytest
from documentation.documents import SECRET, SITE

from bridge import settings
from bridge.app import create_app
from bridge.database import Database


@pytest.fixture
def app(database: Database) -> Any:
    """The web process, with the sources that the guide speaks of."""
    document = {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "i",
                "property_id": "p",
                "pms": "RENTMANAGER",
                "time_zone": "America/Chicago",
            }
        },
        "sources": {
            "own": {"mapping": "standard_webhooks", "secrets": [SECRET]},
            "website": {"mapping": "website_form", "origins": [SITE]},
        },
    }
    return create_app(settings.parse(document, {}), database)
