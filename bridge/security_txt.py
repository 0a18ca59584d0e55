"""`/.well-known/security.txt` (RFC 9116): where to report a vulnerability of this installation."""

from datetime import UTC, timedelta

from flask import Flask, Response, abort

from bridge.clock import Clock

VALID = timedelta(days=180)


def init_app(app: Flask, contact: str | None, clock: Clock) -> None:
    """Publish the contact, if there is one."""

    @app.get("/.well-known/security.txt", endpoint="security_txt")
    def security_txt() -> Response:
        if contact is None:
            abort(404)
        expires = (clock() + VALID).astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")
        text = f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
        return Response(text, mimetype="text/plain")
