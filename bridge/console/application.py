"""init_app(): gives the web process its pages and its management API."""

from flask import Flask

from bridge.console.tools import Tools


def init_app(app: Flask, tools: Tools) -> None:
    """Register everything below /console and /api."""
    app.extensions["console"] = tools
