"""create_app(): the Flask application."""

from flask import Flask
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from bridge import problems, security_txt
from bridge.availability.calendar import Calendar
from bridge.availability.kept import KeptAnswers
from bridge.availability.knowledge import reader
from bridge.availability.views import availability
from bridge.clock import Clock, utc_now
from bridge.console import application as console
from bridge.console.tools import Tools
from bridge.database import Database
from bridge.inbound.propexo_webhooks import propexo_webhooks
from bridge.inbound.views import Door, hooks
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import Sources
from bridge.monitoring import views as monitoring
from bridge.renter.views import renter
from bridge.settings import Settings
from bridge.widget import application as widget


def create_app(settings: Settings, database: Database, *, clock: Clock = utc_now) -> Flask:
    """The web process: takes requests, stores them, answers. It never waits for a worker.

    It calls Propexo for free times only.

    Raises:
        ConfigurationError: a source cannot work as it is configured.
    """
    app = Flask(__name__)
    # One byte more: of chunks without a length, Werkzeug would cut off what is beyond; so the door sees that it was.
    app.config["MAX_CONTENT_LENGTH"] = settings.server.body_limit + 1
    if settings.server.trusted_proxies:
        hops = settings.server.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # as its documentation says
    app.url_map.merge_slashes = False  # a redirect, and no sender follows one
    sources = Sources(settings, Catalogue(settings.mappings_dir))
    app.extensions["door"] = Door(settings, sources, database, clock)
    app.register_blueprint(hooks)
    app.register_blueprint(propexo_webhooks)
    app.extensions["calendar"] = Calendar(settings, database, clock, reader(settings, database, clock))
    app.extensions["kept_answers"] = KeptAnswers(database, clock)
    app.register_blueprint(availability)
    problems.init_app(app)
    console.init_app(app, Tools(settings, sources, database, clock))
    forms = {
        f"/hooks/{source.name}": {"origins": list(source.settings.origins)}
        for source in sources
        if source.mapping.public
    }
    if forms:
        times = {path.replace("/hooks/", "/availability/"): rule for path, rule in forms.items()}
        CORS(app, resources=times, methods=["GET"])
        CORS(app, resources=forms, methods=["POST"], allow_headers=["Content-Type", "Idempotency-Key"])
    security_txt.init_app(app, settings.server.security_contact, clock)
    monitoring.init_app(app, settings, database, clock)
    widget.init_app(app, settings, sources, database, clock)
    app.register_blueprint(renter)
    return app
