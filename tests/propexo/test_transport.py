"""What a network can do to a request, done by real sockets."""

import contextlib
import gzip
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.propexo.client import Propexo
from bridge.propexo.errors import PropexoError, TransientError, UnknownOutcomeError

from .conftest import TOKEN  # isort: skip

Connect = Callable[[str], Propexo]
EMAIL = "ana@example.com"


def write(client: Propexo) -> PropexoError:
    with pytest.raises(PropexoError) as caught:
        client.create_appointment({"integration_id": "cint", "notes": EMAIL})
    return checked(caught.value)


def read(client: Propexo) -> PropexoError:
    with pytest.raises(PropexoError) as caught:
        client.find_leads(integration_id="cint", property_id="cprop", email=EMAIL)
    return checked(caught.value)


def checked(error: PropexoError) -> PropexoError:
    assert error.status is None
    assert error.__suppress_context__
    for text in (str(error), repr(error)):
        assert TOKEN not in text
        assert EMAIL not in text
        assert "ana%40" not in text
    return error


def assert_not_sent(client: Propexo, words: str) -> None:
    for error in (write(client), read(client)):
        assert isinstance(error, TransientError)
        assert not error.sent
        assert words in error.detail


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_refused(connect: Connect, closed_port: int) -> None:
    assert_not_sent(connect(f"http://127.0.0.1:{closed_port}"), "refused")


def test_a_host_that_does_not_exist(connect: Connect) -> None:
    assert_not_sent(connect("http://nowhere.invalid"), "the host was not found")


def test_no_connection_in_time(connect: Connect) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue of a listener that never accepts is full after this; further callers get no answer.
        waiting = [socket.socket() for _ in range(3)]
        for caller in waiting:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        assert_not_sent(
            connect(f"http://127.0.0.1:{listener.getsockname()[1]}"), "no connection within the time-out"
        )
        for caller in waiting:
            caller.close()


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_a_status_line(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 20")


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def half_a_body(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"job_id": "cjob"')


def broken_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}")


def broken_gzip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")


def until_closed(connection: socket.socket, piece: bytes) -> None:
    """Send a piece every now and then: no single read is too late."""
    connection.settimeout(0.05)
    with contextlib.suppress(ConnectionError):
        while True:
            with contextlib.suppress(TimeoutError):
                if not connection.recv(65536):
                    return
            connection.sendall(piece)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    until_closed(connection, b" ")


def header_drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    until_closed(connection, b"a")


def large(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(300):
            connection.sendall(b"a" * 1_000_000)


BOMB = gzip.compress(b"a" * 50_000_000, 1)


def bomb(connection: socket.socket) -> None:
    packed = BOMB
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with contextlib.suppress(ConnectionError):
        connection.sendall(head + packed)


def body_that_stalls(connection: socket.socket) -> None:
    half_a_body(connection)
    silent(connection)


def endless_header(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n")


AFTER_SENDING = [
    (silent, "no answer within the time-out"),
    (hang_up, "the connection broke"),
    (reset, "the connection broke"),
    (half_a_status_line, "the connection broke"),
    (not_http, "the connection broke"),
    (half_a_body, "the connection broke"),
    (broken_chunks, "the connection broke"),
    (broken_gzip, "the connection broke"),
    (body_that_stalls, "no answer within the time-out"),
    (drip, "no answer within the time-out"),
    (header_drip, "no answer within the time-out"),
    (large, "more than 8388608 bytes"),
    (bomb, "more than 8388608 bytes"),
    (endless_header, "the connection broke"),
]


@pytest.mark.parametrize(("behave", "words"), AFTER_SENDING)
def test_the_fate_of_a_write_that_went_out_is_unknown(
    behave: Callable[[socket.socket], None], words: str, connect: Connect, raw_server: Any
) -> None:
    with raw_server(behave) as url:
        error = write(connect(url))
    assert isinstance(error, UnknownOutcomeError)
    assert words in error.detail
    assert "after the request went out" in error.detail


@pytest.mark.parametrize(("behave", "words"), AFTER_SENDING)
def test_a_read_can_always_be_repeated(
    behave: Callable[[socket.socket], None], words: str, connect: Connect, raw_server: Any
) -> None:
    with raw_server(behave) as url:
        error = read(connect(url))
    assert isinstance(error, TransientError)
    assert not error.sent
    assert words in error.detail


@contextmanager
def tls_server(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection, pytest.raises(ssl.SSLError):
                    context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def self_signed(folder: Path) -> Path:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / "server.pem"
    path.write_bytes(pem)
    return path


def test_nothing_is_sent_to_a_host_without_a_valid_certificate(connect: Connect, tmp_path: Path) -> None:
    with tls_server(self_signed(tmp_path)) as port:
        assert_not_sent(connect(f"https://127.0.0.1:{port}"), "the certificate of the host is not valid")
