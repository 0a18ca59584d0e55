"""Where a request ends, whatever the pieces in which it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.framing import FREE_CHUNKS, MOST_HEADER_BYTES, Framing
from bridge.errors import BodyTooLargeError, HeadersTooLargeError, MalformedRequestError

LIMIT = 1000
HEAD = b"POST /hooks/a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    HEAD + b"Content-Length: 2\r\n\r\n{}",
    HEAD + b"content-length:\t0 \r\n\r\n",
    CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2;a=b\r\n{}\r\nA ; x\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n",
    CHUNKED + b"5\r\n0\r\n\r\n\r\n0\r\n\r\n",
]
MALFORMED = [
    CHUNKED + b"zz\r\n",
    CHUNKED + b"-2\r\n{}\r\n",
    CHUNKED + b"2\r\n{}xx",
    CHUNKED + b"2;" + b"a" * 300,
    CHUNKED + b"fffffffffffffffff\r\n",
    CHUNKED + b"0\r\n" + b"X: 1\r\n" * 101,
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 2, 2\r\n\r\n",
    HEAD + b"Content-Length: \xb2\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    HEAD + b"Transfer-Encoding: xchunked\r\n\r\n",
    b"GET / HTTP/1.1\nHost: x\n\n",
]


@pytest.mark.parametrize("data", WHOLE)
@given(cut=st.data())
def test_it_ends_with_its_last_byte(data: bytes, cut: st.DataObject) -> None:
    framing, sent = Framing(LIMIT), 0
    while sent < len(data):
        size = cut.draw(st.integers(1, len(data) - sent))
        complete = framing.feed(data[sent : sent + size])
        sent += size
        assert complete == (sent == len(data))


@pytest.mark.parametrize("data", MALFORMED)
def test_what_has_no_clear_end_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        Framing(LIMIT).feed(data)


def test_the_next_request_may_be_there_already() -> None:
    framing = Framing(LIMIT)
    assert framing.feed(WHOLE[1] + WHOLE[0])
    assert bytes(framing.data) == WHOLE[1] + WHOLE[0]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 1001\r\n\r\n",
        CHUNKED + b"3e9\r\n",
        CHUNKED + (b"64\r\n" + b"a" * 100 + b"\r\n") * 11,
    ],
)
def test_a_body_over_the_limit_is_refused_before_it_is_there(data: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        Framing(LIMIT).feed(data)


def test_headers_without_end_are_refused() -> None:
    framing = Framing(LIMIT)
    assert not framing.feed(b"X: " + b"a" * (MOST_HEADER_BYTES - 10) + b"\r\n")
    with pytest.raises(HeadersTooLargeError):
        framing.feed(b"X: aaaaaa\r\n")


def test_many_tiny_chunks_are_refused() -> None:
    framing = Framing(1024 * 1024)
    assert not framing.feed(CHUNKED + b"1\r\na\r\n" * FREE_CHUNKS)
    with pytest.raises(MalformedRequestError):
        framing.feed(b"1\r\na\r\n" * 100)


def test_a_sender_that_waits_before_the_body_is_known() -> None:
    framing = Framing(LIMIT)
    framing.feed(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert framing.wants_continue
    assert framing.feed(b"{}")
