"""A proxy between the bridge and PostgreSQL that can be torn down."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

PIECE = 65536


class Proxy:
    """Passes TCP connections on to a server, until it is `away`: then all break, and new ones are refused."""

    def __init__(self, url: str) -> None:
        reported = conninfo_to_dict(url)
        host, port = str(reported.get("host") or "127.0.0.1"), int(reported.get("port") or 5432)
        self._to: tuple[int, object] = (
            (socket.AF_UNIX, f"{host}/.s.PGSQL.{port}")
            if host.startswith("/")
            else (socket.AF_INET, (host, port))
        )
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._port = 0
        self.back()
        user, password = reported.get("user", "postgres"), reported.get("password") or ""
        name = urlsplit(url).path or "/postgres"
        self.url = f"postgresql://{user}:{password}@127.0.0.1:{self._port}{name}"

    def back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def away(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = socket.socket(self._to[0])
            there.connect(self._to[1])
            with self._guard:
                self._open |= {here, there}
            for first, second in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(first, second), daemon=True).start()

    def _pass_on(self, first: socket.socket, second: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := first.recv(PIECE):
                second.sendall(piece)
        for each in (first, second):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._guard:
            self._open.discard(first)
        first.close()
