"""How files of saved requests are read."""

import json

import pytest

from bridge.inbound.saved_requests import (
    FileFormat,
    SavedRequest,
    UnreadableFileError,
    format_of,
    requests_in,
)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"log": []}', FileFormat.BODY),
        (b'{"source": "a", "body": ""}\n{"source": "a", "body": ""}', FileFormat.REQUESTS),
        (b'[{"url": "/hooks/a", "body_base64": ""}]', FileFormat.REQUESTS),
        (b'{"body": "text of a message", "id": 3}', FileFormat.BODY),
        (b'{"source": "web", "email": "a@example.com"}', FileFormat.BODY),
        (b"a=b&c=d", FileFormat.BODY),
        (b"", FileFormat.BODY),
        (b"\xff\xfe", FileFormat.BODY),
    ],
)
def test_a_file_is_what_it_looks_like(content: bytes, kind: FileFormat):
    assert format_of("file", content) is kind


def test_the_address_says_source_and_token():
    document = {"url": "https://b.example/hooks/my%20source/se%2Fcret?x=%20y", "headers": [], "body": ""}
    [saved] = requests_in("f", json.dumps(document).encode())
    assert isinstance(saved, SavedRequest)
    assert (saved.source, saved.token, saved.address) == (
        "my source",
        "se/cret",
        "/hooks/my%20source/se%2Fcret?x=%20y",
    )
    assert "cret" not in repr(saved)


def test_a_query_can_be_a_table():
    document = {"source": "a", "query": {"x": ["1", "2"]}, "body": ""}
    [saved] = requests_in("f", json.dumps(document).encode())
    assert isinstance(saved, SavedRequest)
    assert saved.address == "/hooks/a?x=1&x=2"


@pytest.mark.parametrize(
    "content", [b"[3]", b"{}\n", b'{"log": 3}', b'{"log": {"entries": [1]}}', b"POST /hooks/a\n\n{}"]
)
def test_nothing_makes_it_fall_over(content: bytes):
    for kind in (None, *FileFormat):
        for saved in requests_in("file", content, kind):
            assert isinstance(saved, (SavedRequest, UnreadableFileError))
