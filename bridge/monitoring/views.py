"""`/livez`, `/readyz` and `/metrics`."""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, request

from bridge import __version__, tracing
from bridge.clock import Clock
from bridge.database import Database
from bridge.monitoring import metric_init
from bridge.monitoring.collector import CONTENT_TYPE, KnownGauges, Scrape
from bridge.monitoring.readiness import Readiness
from bridge.monitoring.requests import Requests
from bridge.monitoring.verification_failures import FailureCounter
from bridge.settings import Settings

pages = Blueprint("monitoring", __name__)
probes = Blueprint("probes", __name__)


@dataclass(frozen=True)
class Monitoring:
    """Of one web process; `current_app.extensions["monitoring"]`."""

    readiness: Readiness
    scrape: Scrape
    failures: FailureCounter


def init_app(app: Flask, settings: Settings, database: Database, clock: Clock) -> Monitoring:
    """Watch the application. Call it last, when all metrics exist."""
    monitoring = Monitoring(
        Readiness(database), Scrape(KnownGauges(database)), FailureCounter(database, clock)
    )
    app.extensions["monitoring"] = monitoring
    app.register_blueprint(pages)
    app.register_blueprint(probes)
    metric_init.begin(settings.sources)
    app.after_request(note)
    app.wsgi_app = Requests(app.wsgi_app)  # type: ignore[method-assign]  # how Flask wants to be wrapped
    return monitoring


def init_public_app(app: Flask) -> None:
    """Watch an application that gets its requests from one that is watched, and shares its `extensions`."""
    app.register_blueprint(probes)
    app.after_request(note)


def note(response: Response) -> Response:
    """Write down what was refused when the answer has gone; give the request's span its name."""
    failures = _monitoring().failures
    if failures.are_due:
        response.call_on_close(failures.write_if_due)
    if tracing.is_on() and request.url_rule is not None:
        tracing.name(f"{request.method} {request.url_rule.rule}", {"http.route": request.url_rule.rule})
    return response


@probes.get("/livez")
def livez() -> dict[str, str]:
    """The process answers. It checks nothing else: a restart does not help against a lost database."""
    return {"status": "alive"}


@probes.get("/readyz")
def readyz() -> dict[str, object]:
    """Whether requests should come here, and which version answers. 503 with the same checks while they should not."""
    return {"status": "ready", "version": __version__, "checks": _monitoring().readiness.check()}


@pages.get("/metrics")
def metrics() -> Response:
    """All metrics, for Prometheus."""
    return Response(_monitoring().scrape.text(), content_type=CONTENT_TYPE)


def _monitoring() -> Monitoring:
    monitoring: Monitoring = current_app.extensions["monitoring"]
    return monitoring
