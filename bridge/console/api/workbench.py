"""What a request would become."""

from typing import Any

from flask_smorest import Blueprint

from bridge.aliases import told_to
from bridge.console.access.guard import needs
from bridge.console.api import schemas_of_places as shown
from bridge.console.api.answers import NoSuchRow, tell_problems
from bridge.console.tools import tools
from bridge.errors import ConfigurationError
from bridge.forwarding.explained import explanation_as_json
from bridge.forwarding.preview import Posted, preview
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.explanation import explain
from bridge.models import Role

workbench = Blueprint("api_workbench", __name__, url_prefix="/api/v1", description="Mappings, tried out.")
tell_problems(workbench)


@workbench.route("/translate", methods=["POST"])
@needs(Role.VIEWER)
@workbench.arguments(shown.TranslateBody)
@workbench.response(200, shown.Translated)
def translate(told: dict[str, Any]) -> Any:
    """Show the bookings that a mapping reads from a request, what would go to Propexo, and why. Nothing is stored."""
    settings, name = tools().settings, told.get("source")
    try:
        found = Catalogue(settings.mappings_dir).get(told["mapping"])
    except ConfigurationError as error:
        raise NoSuchRow(error.message) from error
    if name is not None and name not in settings.sources:
        raise NoSuchRow(f"No source {name!r} is configured.")
    mapping = found.schema(phone_region=settings.sources[name].phone_region if name else "US")
    headers = {"content-type": "application/json"} | {
        key.lower(): text for key, text in told["headers"].items()
    }
    posted = Posted(told["body"].encode(), headers, told["query"])
    events = preview(mapping, posted, settings, name, told_to(tools().database))
    return {
        "events": [
            {
                **event.as_json(),
                "remarks": list(event.remarks),
                "explanation": explanation_as_json(explain(mapping, event.received))
                if event.received
                else None,
            }
            for event in events
        ]
    }
