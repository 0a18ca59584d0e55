"""`/livez`, `/readyz` and `/metrics`."""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, request

from bridge import tracing
from bridge.clock import Clock
from bridge.database import Database
from bridge.monitoring import zeros
from bridge.monitoring.readiness import Readiness
from bridge.monitoring.refusals import Refusals
from bridge.monitoring.requests import Requests
from bridge.monitoring.scrape import CONTENT_TYPE, KnownGauges, Scrape
from bridge.settings import Settings

pages = Blueprint("monitoring", __name__)


@dataclass(frozen=True)
class Monitoring:
    """Of one web process; `current_app.extensions["monitoring"]`."""

    readiness: Readiness
    scrape: Scrape
    refusals: Refusals


def init_app(app: Flask, settings: Settings, database: Database, clock: Clock) -> None:
    """Watch the application. To be called last: by then all that it can tell has to be there."""
    told = Monitoring(Readiness(database), Scrape(KnownGauges(database)), Refusals(database, clock))
    app.extensions["monitoring"] = told
    app.register_blueprint(pages)
    zeros.begin(settings.sources)

    @app.after_request
    def note(response: Response) -> Response:
        response.call_on_close(told.refusals.write_if_due)
        if tracing.is_on() and request.url_rule is not None:
            tracing.name(f"{request.method} {request.url_rule.rule}", {"http.route": request.url_rule.rule})
        return response

    app.wsgi_app = Requests(app.wsgi_app)  # type: ignore[method-assign]  # how Flask wants to be wrapped


@pages.get("/livez")
def livez() -> dict[str, str]:
    """That the process answers. Nothing stands behind it: who restarts the bridge for a lost database gains nothing."""
    return {"status": "alive"}


@pages.get("/readyz")
def readyz() -> dict[str, object]:
    """Whether requests should come here. 503 with the same checks while they should not."""
    return {"status": "ready", "checks": _monitoring().readiness.check()}


@pages.get("/metrics")
def metrics() -> Response:
    """All metrics, for Prometheus."""
    return Response(_monitoring().scrape.text(), content_type=CONTENT_TYPE)


def _monitoring() -> Monitoring:
    told: Monitoring = current_app.extensions["monitoring"]
    return told
