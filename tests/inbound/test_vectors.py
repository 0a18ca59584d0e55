"""Every shipped mapping, on what its sender really sends (vectors.json).

The vectors were computed outside of this project; those with an `origin` are the senders' own.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from effort import is_thorough

from bridge.errors import NotAuthenticError
from bridge.inbound.handshakes import ChallengeByGet
from bridge.inbound.signatures import Request, Scheme, Signature
from bridge.inbound.signatures.request import form_fields
from bridge.mapping.catalogue import Catalogue

SOME_DAY = 1789398000
STEP = 1 if is_thorough() else 5
"""An ordinary run changes one of so many bits of a signature and bytes of a body, the last one among them."""
ENCODED = re.compile(r"[0-9A-Fa-f]{40,}|[A-Za-z0-9+/]{20,}={0,2}")


@dataclass(frozen=True)
class Vector:
    """A request, and whether its sender made it."""

    id: str
    mapping: str
    secret: str
    headers: dict[str, str]
    body: str
    genuine: bool
    method: str = "POST"
    url: str = ""
    now: int = SOME_DAY
    """Unix seconds: the clock when it arrives."""
    note: str = field(default="", compare=False)
    origin: str = field(default="", compare=False)
    signed: str = ""

    @property
    def scheme(self) -> Scheme:
        return scheme_of(self.mapping)

    @property
    def request(self) -> Request:
        return Request(self.headers, self.body.encode(), self.method, self.url)

    @property
    def proof(self) -> str:
        """The header that decides, by its lower-case name."""
        names = [name.lower() for name in self.scheme.header_names]
        return next(name for name in names if name in self.request.headers)

    @property
    def timestamps(self) -> list[tuple[str, str]]:
        """How the moment of signing may be written, each with another moment a second later."""
        return [
            (str(self.now), str(self.now + 1)),
            (str(self.now * 1000), str(self.now * 1000 + 1)),
            (iso(self.now), iso(self.now + 1)),
        ]

    def verify(self, request: Request | None = None) -> None:
        self.scheme.verify(request or self.request, [self.secret], datetime.fromtimestamp(self.now, UTC))


@cache
def scheme_of(mapping: str) -> Scheme:
    scheme = Catalogue().get(mapping).schema.signature
    assert isinstance(scheme, Scheme)
    return scheme


def iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


LOADED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
OTHERS = {each["kind"]: each for each in LOADED if "kind" in each}
VECTORS = [Vector(**each) for each in LOADED if "kind" not in each]
GENUINE = [vector for vector in VECTORS if vector.genuine]
TOKENS = {"pipedrive-basic", "sunco-api-key", "dialogflow-basic", "manychat-header-token", "generic-bearer"}
TOKENS |= {"generic-basic"}
SIGNED = [vector for vector in GENUINE if vector.id not in TOKENS]
SIGN_ADDRESS = {"hubspot_app", "hubspot_workflow", "square", "twilio"}
OLDEST = {"hubspot-v1", "hubspot-official-v1"}
"""HubSpot's first signature leaves the address out."""
TIMED = [
    vector
    for vector in SIGNED
    if any(written in text for written, _ in vector.timestamps for text in vector.headers.values())
]


def vectors(chosen: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.id)


def refused(vector: Vector, request: Request) -> None:
    with pytest.raises(NotAuthenticError):
        vector.verify(request)


@vectors(GENUINE)
def test_a_genuine_request_is_accepted(vector: Vector) -> None:
    vector.verify()


@vectors(GENUINE)
def test_header_names_may_have_any_case(vector: Vector) -> None:
    vector.verify(
        replace(vector.request, headers={name.swapcase(): text for name, text in vector.headers.items()})
    )


@vectors(GENUINE)
def test_without_its_proof_it_is_refused(vector: Vector) -> None:
    proofs = {name.lower() for name in vector.scheme.header_names}
    headers = {name: text for name, text in vector.request.headers.items() if name not in proofs}
    refused(vector, replace(vector.request, headers=headers))


@vectors([vector for vector in VECTORS if not vector.genuine])
def test_any_other_request_is_refused(vector: Vector) -> None:
    refused(vector, vector.request)


@vectors(SIGNED)
def test_one_changed_bit_of_the_body_is_enough(vector: Vector) -> None:
    assert vector.scheme.signs_body(vector.request)
    body = vector.body.encode()
    changed = [bytes([*body[:at], body[at] ^ 1 << at % 8, *body[at + 1 :]]) for at in some(len(body))]
    for other in changed or [b"\0"]:
        if not (vector.request.is_form and "form" in signed_parts(vector) and same_fields(body, other)):
            refused(vector, replace(vector.request, body=other))


def some(count: int) -> range:
    """Places among so many, to the last one."""
    return range((count - 1) % STEP if count else 0, count, STEP)


def signed_parts(vector: Vector) -> set[str]:
    """The placeholders of what the sender signs."""
    schemes = getattr(vector.scheme, "parts", [vector.scheme])
    texts = [str(scheme.signs) for scheme in schemes if isinstance(scheme, Signature)]
    return set(re.findall(r"\{(\w+)", " ".join(texts)))


def same_fields(body: bytes, other: bytes) -> bool:
    """Twilio signs the fields as decoded, each value once: `%2B` and `%2b` are the same to it."""
    return set(form_fields(body)) == set(form_fields(other))


@vectors(SIGNED)
def test_one_changed_bit_of_the_signature_is_enough(vector: Vector) -> None:
    text = vector.request.header(vector.proof)
    for bit in some(8 * len(decoded(ENCODED.findall(text)[0]))):
        forged = ENCODED.sub(lambda match, bit=bit: flipped(match[0], bit), text)
        refused(vector, vector.request.with_headers({vector.proof: forged}))


def is_hex(text: str) -> bool:
    return bool(re.fullmatch("[0-9A-Fa-f]+", text))


def decoded(text: str) -> bytes:
    return bytes.fromhex(text) if is_hex(text) else base64.b64decode(text)


def flipped(text: str, bit: int) -> str:
    signature = bytearray(decoded(text))
    signature[bit // 8] ^= 1 << bit % 8
    return signature.hex() if is_hex(text) else base64.b64encode(signature).decode()


@vectors([vector for vector in GENUINE if vector.id in TOKENS])
def test_one_changed_character_of_a_token_is_enough(vector: Vector) -> None:
    text = vector.request.header(vector.proof)
    credentials = text.rpartition(" ")[2]
    for at in range(len(text) - len(credentials), len(text)):
        forged = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        refused(vector, vector.request.with_headers({vector.proof: forged}))


@vectors(TIMED)
def test_another_timestamp_inside_the_window_is_refused(vector: Vector) -> None:
    forged = dict(other_moments(vector))
    assert forged
    for name, text in forged.items():
        refused(vector, vector.request.with_headers({name: text}))


def other_moments(vector: Vector) -> Iterator[tuple[str, str]]:
    for written, other in reversed(vector.timestamps):
        for name, text in vector.headers.items():
            if written in text:
                yield name, text.replace(written, other)


def test_a_timestamp_is_signed_by_those_who_send_one() -> None:
    assert {vector.mapping for vector in TIMED} == {
        "calendly", "crisp", "hubspot_app", "signed_json", "slack", "standard_webhooks", "tidio", "wpforms",
        "zendesk",
    }  # fmt: skip


@vectors(SIGNED)
def test_an_equal_document_that_was_written_anew_is_refused(vector: Vector) -> None:
    try:
        document = json.loads(vector.body)
    except ValueError:
        return
    anew = [json.dumps(document, indent=1), vector.body + "\n", " " + vector.body]
    if isinstance(document, dict) and len(document) > 1:
        anew.append(json.dumps(dict(reversed(document.items())), separators=(",", ":")))
    for body in anew:
        refused(vector, replace(vector.request, body=body.encode()))


@vectors([vector for vector in SIGNED if vector.mapping in SIGN_ADDRESS and vector.id not in OLDEST])
def test_a_signed_address_is_the_one_that_the_sender_called(vector: Vector) -> None:
    assert vector.scheme.signs_url
    for other in (vector.url + "&x=1", vector.url.replace("http", "ftp"), vector.url[:-1], ""):
        refused(vector, replace(vector.request, url=other))


def test_there_are_the_vectors_of_all_senders_that_sign() -> None:
    assert len(LOADED) == 65
    assert len([vector for vector in VECTORS if vector.origin]) == 14
    assert {vector.mapping for vector in SIGNED} >= {
        "acuity", "cal_com", "calendly", "crisp", "follow_up_boss", "gohighlevel_app", "hubspot_app",
        "hubspot_workflow", "intercom", "messenger", "savvycal", "signed_json", "slack", "square",
        "standard_webhooks", "tally", "tawk_to", "tidio", "twilio", "typeform", "whatsapp", "wpforms", "zendesk",
    }  # fmt: skip


def test_wpforms_signs_something_else_than_the_form_that_it_sends() -> None:
    """So that only its JSON format can be verified: the signature is genuine, over other bytes."""
    (vector,) = [vector for vector in VECTORS if vector.signed]
    refused(vector, vector.request)
    timestamp, _, body = vector.signed.partition(".")
    assert timestamp == str(vector.now)
    vector.verify(replace(vector.request, body=body.encode()))


def test_the_handshake_of_meta() -> None:
    vector = OTHERS["handshake"]
    handshake = Catalogue().get(vector["mapping"]).schema.handshake
    assert isinstance(handshake, ChallengeByGet)
    query = Request(vector["headers"], b"", "GET", vector["url"]).query
    assert handshake.answer(query, [vector["secret"]]) == vector["answer"]
    with pytest.raises(NotAuthenticError):
        handshake.answer(query, [vector["secret"] + "x"])


def test_simplybook_signs_nothing_that_it_sends() -> None:
    """Its `sign` is for asking SimplyBook back: beside a callback, neither it nor the key proves anything."""
    vector = OTHERS["callback"]
    booking = json.loads(vector["body"])
    text = f"{booking['booking_id']}{booking['booking_hash']}{vector['secret']}"
    assert hashlib.md5(text.encode()).hexdigest() == vector["sign"]
    scheme = scheme_of(vector["mapping"])
    url, now = "https://bridge.example.com/hooks/simplybook", datetime.fromtimestamp(SOME_DAY, UTC)
    sent = Request(
        {"sign": vector["sign"], "authorization": vector["secret"]}, vector["body"].encode(), url=url
    )
    for forged in (sent, sent.with_parameter("token", vector["sign"]), sent.with_token(vector["sign"])):
        with pytest.raises(NotAuthenticError):
            scheme.verify(forged, [vector["secret"]], now)
    scheme.verify(sent.with_token(vector["secret"]), [vector["secret"]], now)
