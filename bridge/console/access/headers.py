"""Security headers: no content from elsewhere, no inline script, no framing, no caching, no sniffing."""

from flask import Flask, Response, request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


UNUSED = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
"""What no page of ours asks a browser for."""
A_YEAR = "max-age=31536000"


def init_app(app: Flask) -> None:
    """Put them on every answer below /console and /api, and over TLS on all that it must stay (RFC 6797)."""
    stay_on_tls(app)

    @app.after_request
    def protect(response: Response) -> Response:
        if request.path.startswith(("/console", "/api")):
            response.headers.setdefault("Content-Security-Policy", POLICY)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "same-origin"
            response.headers["Permissions-Policy"] = UNUSED
            if "/static/" not in request.path:
                response.headers.setdefault("Cache-Control", "no-store")
        return response


def stay_on_tls(app: Flask) -> None:
    """Let a browser that came over TLS come so again."""

    @app.after_request
    def stay(response: Response) -> Response:
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = A_YEAR
        return response
