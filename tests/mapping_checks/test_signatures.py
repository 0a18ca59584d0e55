"""The check that every mapping's scheme goes through, on sound schemes and on broken ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from bridge.inbound.signatures import AllOf, AnyOf, Basic, FirstOf, Request, SharedSecret, Signature, Token
from bridge.mapping_checks.preview import Posted
from bridge.mapping_checks.signatures import signature_problems

TIMED = Signature(header="X-Signature", signs="{t}.{body}", timestamp_header="X-Time", key="hex")
JSON = Posted(b'{"event": "booked"}', {"content-type": "application/json"}, {"community": "maple court"})
FORM = Posted(b"event=booked&a=b", {"content-type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize("posted", [JSON, FORM, Posted(b"")], ids=["json", "form", "empty"])
@pytest.mark.parametrize(
    "scheme",
    [
        TIMED,
        Signature(header="X-Signature", signs="{url}{form}", body_digest="digest"),
        Signature(header="X-Signature", algorithm="ed25519", encoding="base64", key="pem"),
        Signature(header="X-Signature", algorithm="rsa-pkcs1v15-sha256", encoding="base64", key="pem"),
        Basic(),
        SharedSecret("query"),
        SharedSecret("path"),
        AnyOf(Basic(), TIMED),
        FirstOf(TIMED, SharedSecret()),
        AllOf(Basic(), TIMED, Token(path=True)),
    ],
    ids=lambda scheme: f"{type(scheme).__name__} in {scheme.where}",
)
def test_a_sound_scheme(scheme: Signature, posted: Posted) -> None:
    assert list(signature_problems(scheme, posted)) == []


def test_a_body_without_room_for_its_secret_is_reported() -> None:
    assert list(signature_problems(Token(body="key"), JSON)) == []
    (reported,) = signature_problems(Token(body="key"), Posted(b"[]"))
    assert reported == "it cannot be signed as the sender signs. The body has no place for `key`."


@dataclass(frozen=True)
class Blind(Signature):
    """Accepts everything."""

    def verify(
        self, request: Request, secrets: Sequence[str], now: datetime, tolerance: int | None = None
    ) -> None:
        """Look away."""


def test_a_scheme_that_accepts_everything_is_found() -> None:
    reported = " ".join(
        signature_problems(Blind(header="X-Signature", signs="{t}{body}", timestamp_header="X-Time"), JSON)
    )
    for part in ("x-signature", "x-time", "the body"):
        assert f"it is authentic although a bit of {part} has changed." in reported


def test_a_scheme_that_accepts_nothing_is_found() -> None:
    stale = Signature(header="X-Signature", signs="{t}{body}", timestamp_header="X-Time")
    object.__setattr__(stale, "tolerance", -1)
    assert list(signature_problems(stale, JSON)) == [
        "it is not authentic although it is signed as the sender signs."
    ]
