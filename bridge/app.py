"""create_app(): the two Flask applications of a web process, and the dispatcher between them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from bridge import problems, security_txt
from bridge.availability.answer_cache import AnswerCache
from bridge.availability.calendar import Calendar
from bridge.availability.knowledge import reader
from bridge.availability.views import availability
from bridge.clock import Clock, utc_now
from bridge.console import application as console
from bridge.console.access import headers
from bridge.console.tools import AppContext
from bridge.database import Database
from bridge.inbound.propexo_webhooks import propexo_webhooks
from bridge.inbound.views import WebhookEndpoint, hooks
from bridge.monitoring import views as monitoring
from bridge.renter.views import renter
from bridge.replies.desk import ReplyDesk
from bridge.settings import Settings
from bridge.stored_sources import LiveSources
from bridge.widget import application as widget

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PUBLIC_PATHS = ("/hooks/", "/propexo/", "/.well-known/", "/availability/", "/widget", "/tour/")
"""What senders, Propexo and visitors' browsers reach."""

Address = tuple[str, str]
"""`SERVER_NAME` and `SERVER_PORT` of the listening socket at which a request came."""


class Dispatcher:
    """WSGI: a public path goes to the public application, all others to the private one.

    With `private_address`, a request that came at any other socket goes to the public application, whatever its path.
    """

    def __init__(
        self, public: "WSGIApplication", private: "WSGIApplication", private_address: Address | None = None
    ) -> None:
        self._public, self._private, self._private_address = public, private, private_address

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        application = self._public if self._is_public(environ) else self._private
        return application(environ, start_response)

    def _is_public(self, environ: "WSGIEnvironment") -> bool:
        if environ["PATH_INFO"].startswith(PUBLIC_PATHS):
            return True
        came_at = environ["SERVER_NAME"], environ["SERVER_PORT"]
        return self._private_address is not None and came_at != self._private_address


def create_app(
    settings: Settings,
    database: Database,
    *,
    clock: Clock = utc_now,
    private_address: Address | None = None,
) -> Flask:
    """The web process: takes requests, stores them, answers. It never waits for a worker.

    It calls Propexo for free times only.

    Returns the private application; the public one is `extensions["public"]`, and gets its requests from there.
    `private_address` is that of `server.private_bind`.

    Raises:
        ConfigurationError: a source cannot work as it is configured.
    """
    live = LiveSources(settings, database)
    endpoint = WebhookEndpoint(settings, live.sources, database, clock)
    private = _private_app(settings, endpoint)
    private.extensions["live_sources"] = live
    public = private.extensions["public"] = _public_app(settings, endpoint)
    for app in (public, private):
        app.before_request(live.refresh)
    private.extensions["forms"] = public.extensions["forms"]  # the API makes the renter's links
    private.extensions["calendar"] = public.extensions["calendar"]  # operators see why a time is not free
    private.wsgi_app = Dispatcher(public.wsgi_app, private.wsgi_app, private_address)  # type: ignore[method-assign]  # how Flask wants to be wrapped
    public.extensions["monitoring"] = monitoring.init_app(private, settings, database, clock)
    monitoring.init_public_app(public)
    if settings.server.trusted_proxies:
        hops = settings.server.trusted_proxies
        private.wsgi_app = ProxyFix(private.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # the same
    return private


def _public_app(settings: Settings, endpoint: WebhookEndpoint) -> Flask:
    """What the internet reaches: hooks, Propexo's webhooks, free times, widget, the renter's link. No sessions."""
    app = Flask("bridge.public", static_folder=None)
    _limit(app, settings)
    app.extensions["endpoint"] = endpoint
    app.register_blueprint(hooks)
    app.register_blueprint(propexo_webhooks)
    reading = reader(settings, endpoint.database, endpoint.clock)
    app.extensions["calendar"] = Calendar(settings, endpoint.database, endpoint.clock, reading)
    app.extensions["kept_answers"] = AnswerCache(endpoint.database, endpoint.clock)
    app.register_blueprint(availability)
    problems.init_app(app)
    headers.stay_on_tls(app)
    security_txt.init_app(app, settings.server.security_contact, endpoint.clock)
    widget.init_app(app, settings, endpoint.sources, endpoint.database, endpoint.clock)
    app.register_blueprint(renter)
    calendar = app.extensions["calendar"]
    app.extensions["replies"] = ReplyDesk(settings, endpoint.database, calendar, endpoint.clock)
    return app


def _private_app(settings: Settings, endpoint: WebhookEndpoint) -> Flask:
    """What people and programs of the operator reach: console, management API, metrics."""
    app = Flask(__name__)
    _limit(app, settings)
    app.extensions["endpoint"] = endpoint
    problems.init_app(app)
    console.init_app(app, AppContext(settings, endpoint.sources, endpoint.database, endpoint.clock))
    return app


def _limit(app: Flask, settings: Settings) -> None:
    # One byte more: of chunks without a length, Werkzeug would cut off what is beyond; so a view sees that it was.
    app.config["MAX_CONTENT_LENGTH"] = settings.server.body_limit + 1
    app.url_map.merge_slashes = False  # a redirect, and no sender follows one
