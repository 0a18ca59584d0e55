"""What a Flask view costs that only reads the body: under the same gunicorn as the bridge, on an open socket.

python deploy/bench/bare.py FD CONFIG
"""

import sys
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from bridge.cli.gunicorn import Server
from bridge.settings import load


def bare_app() -> Flask:
    """POST /bare reads the body and answers as shortly as the bridge does."""
    app = Flask(__name__)

    @app.post("/bare")
    def read() -> Response:
        request.get_data()
        return Response(b'{"id":1,"status":"received"}\n', mimetype="application/json")

    @app.get("/bare")
    def answer() -> Response:
        return Response(b"0" * int(request.args["size"]), mimetype="application/json")

    return app


class BareServer(Server):
    """The bridge's gunicorn around the bare view."""

    def load(self) -> Any:
        return bare_app()


if __name__ == "__main__":
    BareServer(load(Path(sys.argv[2])), "", [int(sys.argv[1])]).run()
