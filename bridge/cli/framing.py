"""Finds the end of a request while its bytes arrive, so that an incomplete request occupies no thread.

Gunicorn parses the request; this only finds its end, and refuses what has none (RFC 9112, section 6.3).
"""

import re

from bridge.errors import BodyTooLargeError, HeadersTooLargeError, MalformedRequestError

MOST_HEADER_BYTES = 128 * 1024
"""Of the request line and all headers, before gunicorn's own limits for each of them count."""
LEAST_CHUNK = 64
"""Bytes that a chunk has on average, beyond the first thousand chunks: reading a chunk costs the same for each."""
FREE_CHUNKS = 1000
LONGEST_CHUNK_LINE = 256
"""Bytes of a chunk's size with its extensions, or of a trailer."""
MOST_TRAILERS = 100

_FIELD = re.compile(rb"^(content-length|transfer-encoding|expect)[ \t]*:(.*)$", re.IGNORECASE)
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?")


class Framing:
    """Follows the bytes of one request."""

    def __init__(self, body_limit: int) -> None:
        self._limit = body_limit
        self.data = bytearray()
        """All that has arrived; perhaps more than this request."""
        self.wants_continue = False
        """The sender waits for `100 Continue` before it sends the body."""
        self._searched = 0
        self._end: int | None = None
        """Where the request ends, once that is known."""
        self._chunk: int | None = None
        """Where the next chunk begins."""
        self._chunks = self._chunk_bytes = self._trailers = 0
        self._in_trailers = False

    def feed(self, data: bytes) -> bool:
        """Take what has arrived; answers whether the request is complete.

        Raises:
            HeadersTooLargeError, BodyTooLargeError, MalformedRequestError: nothing more is to be read.
        """
        self.data += data
        if self._end is None and self._chunk is None and not self._find_body():
            return False
        if self._chunk is not None and not self._in_trailers:
            self._skip_chunks()
        if self._in_trailers:
            self._skip_trailers()
        return self._end is not None and len(self.data) >= self._end

    def _find_body(self) -> bool:
        """Look for the end of the headers, then for what they say about the body."""
        found = self.data.find(b"\r\n\r\n", max(0, self._searched - 3))
        headers = found if found >= 0 else len(self.data)
        if headers > MOST_HEADER_BYTES:
            raise HeadersTooLargeError
        if _BARE_LINE_FEED.search(self.data, max(0, self._searched - 1), headers):
            raise MalformedRequestError
        self._searched = headers
        if found < 0:
            return False
        self._read_headers(bytes(self.data[:found]), found + 4)
        return True

    def _read_headers(self, headers: bytes, body: int) -> None:
        fields: dict[bytes, list[bytes]] = {}
        for line in headers.split(b"\r\n")[1:]:
            if match := _FIELD.match(line):
                fields.setdefault(match[1].lower(), []).append(match[2].strip(b" \t"))
        lengths, encodings = fields.get(b"content-length", []), fields.get(b"transfer-encoding", [])
        if encodings:
            if lengths or [encoding.lower() for encoding in encodings] != [b"chunked"]:
                raise MalformedRequestError
            self._chunk = body
        else:
            length = self._length(lengths)
            if length > self._limit:
                raise BodyTooLargeError
            self._end = body + length
        waits = any(value.lower() == b"100-continue" for value in fields.get(b"expect", []))
        self.wants_continue = waits and len(self.data) == body and self._end != body

    def _length(self, lengths: list[bytes]) -> int:
        if not lengths:
            return 0
        if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,18}", lengths[0]):
            raise MalformedRequestError
        return int(lengths[0])

    def _skip_chunks(self) -> None:
        """Go to the first chunk of which something is missing."""
        assert self._chunk is not None
        while (line_end := self._line_end(self._chunk)) is not None:
            match = _CHUNK.fullmatch(self.data, self._chunk, line_end)
            if match is None:
                raise MalformedRequestError
            size = int(match[1], 16)
            if size == 0:
                self._in_trailers, self._chunk = True, line_end + 2
                return
            self._count(size)
            following = line_end + 2 + size
            if len(self.data) < following + 2:
                self._uncount(size)
                return
            if self.data[following : following + 2] != b"\r\n":
                raise MalformedRequestError
            self._chunk = following + 2

    def _count(self, size: int) -> None:
        self._chunks += 1
        self._chunk_bytes += size
        if self._chunk_bytes > self._limit:
            raise BodyTooLargeError
        if self._chunks > FREE_CHUNKS + self._chunk_bytes // LEAST_CHUNK:
            raise MalformedRequestError

    def _uncount(self, size: int) -> None:
        """A chunk that is not complete is read again when more has arrived."""
        self._chunks -= 1
        self._chunk_bytes -= size

    def _skip_trailers(self) -> None:
        assert self._chunk is not None
        while self._end is None and (line_end := self._line_end(self._chunk)) is not None:
            if line_end == self._chunk:
                self._end = line_end + 2
            self._chunk = line_end + 2
            self._trailers += 1
            if self._trailers > MOST_TRAILERS:
                raise MalformedRequestError

    def _line_end(self, start: int) -> int | None:
        found = self.data.find(b"\r\n", start, start + LONGEST_CHUNK_LINE)
        if found < 0 and len(self.data) >= start + LONGEST_CHUNK_LINE:
            raise MalformedRequestError
        return found if found >= 0 else None
