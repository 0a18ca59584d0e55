"""The website of a property for `bridge demo`: a page of another origin with the widget's line on it, and a chat."""

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import make_server

from bridge.cli import demo_chat
from bridge.sandbox.server import SandboxRequestHandler

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Riverside Lofts</title>
<link rel="icon" href="data:,">
<style>
  body {{ max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; font: 18px/1.6 Georgia, serif; }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
  tour-booking {{ --tour-accent: #7a3b1d; --tour-accent-text: #fff; margin-top: 1.5rem; }}
</style>
</head>
<body>
<h1>Bright lofts on River Street</h1>
<p>This page plays your website. This line is all that it needs:</p>
<pre><code>{shown}</code></pre>
<p>Or <a href="/chat">text the leasing office</a>.</p>
{line}
<noscript><p><a href="{bridge}/widget/website?property=riverside">Book a tour</a></p></noscript>
</body>
</html>
"""
LINE = '<script async src="{bridge}/widget.js?source=website&amp;property=riverside"></script>'


class DemoSite:
    """A web server on a free port of this machine, for as long as the block lasts."""

    def __init__(self) -> None:
        self._bridge = ""
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=SandboxRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def show(self, bridge: str) -> None:
        """From now on the page loads the widget from this address."""
        self._bridge = bridge

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/chat":
            return self._chat(environ, start_response)
        if environ["PATH_INFO"] != "/":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Not found\n"]
        line = LINE.format(bridge=self._bridge)
        shown = line.replace("&", "&amp;").replace("<", "&lt;")
        start_response(
            "200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        )
        return [PAGE.format(line=line, shown=shown, bridge=self._bridge).encode()]

    def _chat(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_sent = environ["REQUEST_METHOD"] == "POST"
        body = demo_chat.answer(self._bridge, environ) if is_sent else demo_chat.PAGE.encode()
        kind = "application/json" if is_sent else "text/html; charset=utf-8"
        start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "no-store")])
        return [body]
