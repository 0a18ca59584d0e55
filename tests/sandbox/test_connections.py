"""Connections are kept alive as long as the server runs, and end with it."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
import requests

from bridge.sandbox import server as serving
from bridge.sandbox.server import SandboxServer

LEADS = "/v1/leads/"
TOKEN = {"Authorization": "Bearer test-token"}


def connect(server):
    """A connection that sends in pieces what a test wants."""
    return socket.create_connection(server.url.removeprefix("http://").split(":"), timeout=20)


@pytest.fixture
def connection(server):
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    yield connection
    connection.close()


def call(connection, method="GET", path=LEADS, body=None, headers=TOKEN):
    """The status and the body; the connection must be open afterwards."""
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    assert (answer.version, answer.headers["Connection"]) == (11, "keep-alive")
    return answer.status, content


class TestKeepAlive:
    def test_one_connection_takes_many_requests(self, connection):
        assert call(connection)[0] == 200
        used = connection.sock
        assert call(connection)[0] == 200
        assert used is connection.sock is not None

    def test_body_that_is_not_looked_at_does_not_disturb_the_next_request(self, connection):
        assert call(connection, "POST", body=b"x" * 100_000, headers={})[0] == 401
        used = connection.sock
        assert call(connection)[0] == 200
        assert used is connection.sock

    def test_body_in_chunks(self, sandbox, connection):
        call(connection, "POST", body=iter([b"in two ", b"chunks"]))
        call(connection)
        assert [seen.body for seen in sandbox.requests] == ["in two chunks", None]

    def test_head_has_no_body(self, connection):
        assert call(connection, "HEAD") == (200, b"")
        assert call(connection)[0] == 200

    @pytest.mark.parametrize(
        ("version", "header"), [("HTTP/1.0", b""), ("HTTP/1.1", b"Connection: close\r\n")]
    )
    def test_ends_when_the_client_wants_it(self, server, version, header):
        with connect(server) as one:
            one.sendall(f"GET / {version}\r\n".encode() + header + b"\r\n")
            assert b"\r\nConnection: close\r\n" in b"".join(iter(lambda: one.recv(65536), b""))

    @pytest.mark.parametrize("status", [204, 304, 503])
    def test_answers_of_faults_are_framed(self, sandbox, api, status):
        sandbox.fail(status=status)
        assert [api.get(LEADS).status_code for _ in range(2)] == [status, 200]

    @pytest.mark.parametrize("drop", ["before", "after"])
    def test_drop_ends_a_connection_that_is_in_use(self, sandbox, api, drop):
        assert api.get(LEADS).status_code == 200
        sandbox.fail(path=LEADS, drop=drop)
        with pytest.raises(requests.ConnectionError):
            api.get(LEADS)
        assert api.get(LEADS).status_code == 200


class TestStop:
    def test_ends_idle_connections(self, server, connection):
        call(connection)
        server.stop()
        assert connection.sock.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(server)

    def test_ends_a_connection_without_a_request_and_one_with_a_part_of_it(self, sandbox, server, connection):
        with connect(server) as silent, connect(server) as slow:
            slow.sendall(b"POST /v1/leads/ HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            call(connection)  # the server has accepted the others before
            server.stop()
            assert (silent.recv(1), slow.recv(1)) == (b"", b"")
        assert len(sandbox.requests) == 1

    def test_answer_that_is_held_back_is_sent_whole(self, sandbox, server, api):
        sandbox.fail(delay=600)
        held_back = threading.Event()
        wait = sandbox.hold_back
        sandbox.hold_back = lambda seconds: held_back.set() or wait(seconds)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(api.get, LEADS)
            assert held_back.wait(20)
            server.stop()
            assert (answer.result().status_code, answer.result().headers["Connection"]) == (200, "close")

    def test_cuts_off_what_takes_too_long(self, sandbox, server, api, monkeypatch):
        monkeypatch.setattr(serving, "GRACE_SECONDS", 0.05)
        begun, let_go = threading.Event(), threading.Event()
        sandbox.hold_back = lambda _: begun.set() or let_go.wait(20)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(api.get, LEADS)
            assert begun.wait(20)
            server.stop()
            with pytest.raises(requests.ConnectionError):
                answer.result()
            let_go.set()

    def test_client_goes_on_with_the_next_server_on_the_port(self, sandbox, server, api):
        assert api.get(LEADS).status_code == 200
        server.stop()
        with pytest.raises(requests.ConnectionError):
            api.get(LEADS)
        with SandboxServer(sandbox, port=int(server.url.rpartition(":")[2])):
            assert [api.get(LEADS).status_code for _ in range(2)] == [200, 200]
        with pytest.raises(requests.ConnectionError):
            api.get(LEADS)
