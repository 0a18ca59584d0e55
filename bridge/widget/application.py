"""init_app(): gives the web process the widget, its page, and what guards the forms of websites."""

from flask import Flask

from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import InvalidFormError, TimeNotFreeError
from bridge.mapping.sources import Sources
from bridge.settings import Settings
from bridge.widget import cross_origin
from bridge.widget.desk import WidgetFormDesk
from bridge.widget.hosted_views import hosted
from bridge.widget.views import invalid_form, widget


def init_app(app: Flask, settings: Settings, sources: Sources, database: Database, clock: Clock) -> None:
    """Register `/widget.js` and everything below `/widget`; the calendar of free times must be there already."""
    app.extensions["forms"] = WidgetFormDesk(settings, database, app.extensions["calendar"], clock)
    for error in (InvalidFormError, TimeNotFreeError):
        app.register_error_handler(error, invalid_form)
    for blueprint in (widget, hosted):
        app.register_blueprint(blueprint)
    cross_origin.init_app(app, sources)
