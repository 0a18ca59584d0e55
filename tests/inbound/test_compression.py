"""Compressed bodies: signed as they were sent, read as what is in them."""

import gzip
import zlib
from typing import Any

import pytest

from bridge.errors import BodyTooLargeError, DecodingError
from bridge.inbound.decoding.compression import decompressed

BODY = b'{"type": "tour.cancelled", "data": {"booking_id": "B-1"}}'
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), "X-GZIP"),
        (gzip.compress(BODY[:20], mtime=0) + gzip.compress(BODY[20:], mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0) + bytes(8), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (RAW.compress(BODY) + RAW.flush(), "deflate"),
        (BODY, None),
        (BODY, "identity"),
        (BODY, "gzip"),
    ],
)
def test_a_body_is_decompressed(body: bytes, encoding: str | None) -> None:
    assert decompressed(body, encoding, 1000) == BODY


def test_no_more_than_the_limit_is_decompressed() -> None:
    with pytest.raises(BodyTooLargeError):
        decompressed(gzip.compress(b" " * 10_000_000, mtime=0), "gzip", 1000)
    with pytest.raises(BodyTooLargeError):
        decompressed(gzip.compress(b" " * 600, mtime=0) * 2, "gzip", 1000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"", mtime=0) * 50_000, "gzip"),
        (b"x", "br"),
        (gzip.compress(BODY, mtime=0)[:-9], "gzip"),
        (b"\x1f\x8bxx", "gzip"),
        (BODY, "gzip, br"),
    ],
)
def test_what_cannot_be_decompressed_is_reported(body: bytes, encoding: str) -> None:
    with pytest.raises(DecodingError):
        decompressed(body, encoding, 1000)


def test_the_bytes_as_sent_are_signed(endpoint: Any) -> None:
    body = gzip.compress(BODY, mtime=0)
    answer = endpoint.client.post(
        "/hooks/widget", data=body, headers={**endpoint.sign(body), "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.json["status"]) == (200, "received")
    plain = endpoint.client.post(
        "/hooks/widget", data=body, headers={**endpoint.sign(BODY), "Content-Encoding": "gzip"}
    )
    assert plain.status_code == 401


def test_a_broken_body_is_parked(endpoint: Any) -> None:
    body = gzip.compress(BODY, mtime=0)[:-9]
    answer = endpoint.client.post(
        "/hooks/widget", data=body, headers={**endpoint.sign(body), "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.json["status"]) == (200, "parked")


@pytest.mark.parametrize(("size", "status"), [(2000, 200), (2001, 413)])
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", lambda text: gzip.compress(text, mtime=0)), ("deflate", zlib.compress)],
)
def test_the_limit_is_that_of_what_is_in_the_body(
    database: Any, open_endpoint: Any, encoding: str, compress: Any, size: int, status: int
) -> None:
    endpoint = open_endpoint(database, body_limit=2000)
    body = compress(BODY.ljust(size))
    answer = endpoint.client.post(
        "/hooks/widget", data=body, headers={**endpoint.sign(body), "Content-Encoding": encoding}
    )
    assert answer.status_code == status
    assert [event.reference for event in endpoint.events()] == ["B-1"] * (status == 200)


def test_a_slash_after_the_source_does_not_matter(endpoint: Any) -> None:
    assert endpoint.client.post("/hooks/widget/", data=BODY, headers=endpoint.sign(BODY)).status_code == 200
    assert endpoint.client.post("/hooks/nobody/", data=BODY).status_code == 404


def test_the_older_header_names_of_svix(endpoint: Any) -> None:
    headers = {name.lower().replace("webhook-", "svix-"): text for name, text in endpoint.sign(BODY).items()}
    assert endpoint.client.post("/hooks/widget", data=BODY, headers=headers).status_code == 200
