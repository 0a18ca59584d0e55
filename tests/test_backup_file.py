"""The file of a backup: its header, and its encryption, which notices whatever is changed."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.backup_file import (
    CHUNK,
    TAG,
    BackupError,
    BackupHeader,
    Encryption,
    decrypted,
    encrypted,
    passphrase_of,
)

KEY = bytes(range(32))
HEADER = BackupHeader("propexo-bridge", "1.0", "0001", 18, 2, "d" * 64)
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("block", [1000, CHUNK, 10 * CHUNK])
def test_what_is_encrypted_is_decrypted(size: int, block: int) -> None:
    plain = (b"a tour " * (size // 7 + 1))[:size]
    chunks = list(encrypted((plain[at : at + block] for at in range(0, size, block)), KEY, b"header"))
    assert {len(chunk) for chunk in chunks[:-1]} <= {CHUNK + TAG}
    assert b"a tour" not in b"".join(chunks)
    stored = b"".join(chunks)
    found = decrypted((stored[at : at + block] for at in range(0, len(stored), block)), KEY, b"header")
    assert b"".join(found) == plain


def test_whatever_is_changed_is_noticed() -> None:
    first, second, last = encrypted([b"x" * (2 * CHUNK + 5)], KEY, b"header")
    cases = {
        "a bit": [first, second[:-1] + bytes([second[-1] ^ 1]), last],
        "cut off at a chunk": [first, second],
        "cut off in a chunk": [first, second, last[:-1]],
        "left out": [first, last],
        "moved": [second, first, last],
        "longer": [first, second, last, b"more"],
        "nothing": [],
    }
    for chunks in cases.values():
        with pytest.raises(BackupError, match="damaged"):
            list(decrypted(chunks, KEY, b"header"))
    for key, header in ((KEY[::-1], b"header"), (KEY, b"another header")):
        with pytest.raises(BackupError, match="passphrase is wrong"):
            list(decrypted([first, second, last], key, header))


def test_two_files_have_different_keys() -> None:
    one, other = (replace(Encryption.new(), n=2**10) for _ in range(2))
    assert one.key("horse") == one.key("horse") != other.key("horse")
    assert one.key("horse") != one.key("Horse")


@pytest.mark.parametrize("change", [{"cipher": "rot13"}, {"n": 2**30}])
def test_an_unknown_encryption_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BackupError, match="does not know"):
        replace(Encryption.new(), **change).key("horse")  # type: ignore[arg-type]


def test_a_header_reads_as_it_was_written() -> None:
    for header in (HEADER, replace(HEADER, encryption=Encryption.new(), content="c" * 64)):
        assert BackupHeader.read(io.BytesIO(header.line)) == header
    assert HEADER.associated_data == replace(HEADER, content="c" * 64).associated_data
    [product, version, revision, server] = list(json.loads(HEADER.line))[:4]
    assert (product, version, revision, server) == ("product", "version", "revision", "server")


@pytest.mark.parametrize("line", [b"", b"[]\n", b"1\n", b"{}\n", b'{"encryption": 1}\n', b"\xff\n"])
def test_what_is_no_header_is_refused(line: bytes) -> None:
    with pytest.raises(BackupError, match="no backup"):
        BackupHeader.read(io.BytesIO(line))


def test_a_passphrase_is_read_without_the_end_of_its_line(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    for stored in (b"horse ", b"horse \n", b"horse \r\n"):
        file.write_bytes(stored)
        assert passphrase_of(file) == "horse "
    for stored in (b"", b"\n", b"\xff"):
        file.write_bytes(stored)
        with pytest.raises(BackupError, match="passphrase"):
            passphrase_of(file)
    with pytest.raises(BackupError, match="cannot be read"):
        passphrase_of(tmp_path / "missing")
