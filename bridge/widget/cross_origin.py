"""Which websites may read what the addresses of a form answer: the `origins` of its source, as they are by then."""

import re
from typing import Any

from flask import Flask, Response, request
from flask_cors.core import get_cors_options, set_cors_headers

from bridge.mapping.sources import Sources

ADDRESSES: tuple[tuple[re.Pattern[str], dict[str, list[str]]], ...] = (
    (
        re.compile(r"/hooks/([^/]+)/?"),
        {"methods": ["POST"], "allow_headers": ["Content-Type", "Idempotency-Key"]},
    ),
    (re.compile(r"/availability/([^/]+)/?"), {"methods": ["GET"]}),
    (re.compile(r"/widget/([^/]+)/places"), {"methods": ["GET"]}),
)
"""With what a page of these websites may send there."""


def init_app(app: Flask, sources: Sources) -> None:
    """Let each answer say it. A source that is added while the process runs applies immediately."""

    @app.after_request
    def allow(response: Response) -> Response:
        for address, allowed in ADDRESSES:
            found = address.fullmatch(request.path)
            source = sources.get(found[1]) if found else None
            if source is not None and source.mapping.public and source.settings.origins:
                options: Any = {**allowed, "origins": list(source.settings.origins)}
                set_cors_headers(response, get_cors_options(app, options))
        return response
