"""What a request costs before its sender has proven anything."""

import contextlib
import json
from collections.abc import Iterator
from itertools import product

import processor
import pytest
from inbound.proofs import FORM, NOW, RSA, SECRET, SIGNED, accepts, private_pem, refused, request
from inbound.signing import SCHEMES, SECRETS

from bridge.errors import NotAuthenticError
from bridge.inbound.signatures import AnyOf, Request, Scheme, SharedSecret, Signature, Token
from bridge.mapping.catalogue import Catalogue

LIMIT = 1024 * 1024
"""The default of `server.body_limit`."""
HOSTILE = {
    "candidates": "A," * 4000,
    "signatures": "{}," * 400,
    "signatures by spaces": "{} " * 400,
    "items": "=,v1=,t=," * 90_000,
    "right length": ",".join(f"v1={number:064x}" for number in range(100)),
    "long": "A" * 800_000,
    "signature once": "{}",
}
"""What a header says instead of the signature `{}`; a server joins headers that are repeated."""
BODIES = {
    "bytes": (b"a" * LIMIT, "application/json"),
    "objects": (b'{"a":' * 90 + b"[" + b"{}," * 340_000 + b"1]" + b"}" * 90, "application/json"),
    "form": (b"a=%41&" * 174_000, "application/x-www-form-urlencoded"),
    "one field": (b"a=" + b"%41" * 349_000, "application/x-www-form-urlencoded"),
    "short form": (b"a=%41&" * 900 + b"a=" + b"%41" * 19_000, "application/x-www-form-urlencoded"),
    "short objects": (b"[" + b"{}," * 43_000 + b"1]", "application/json"),
}
RSA_PEM = private_pem(RSA)
INVENTED = ("5f1d2c9b7a5e48d0b3c2a19f8e7d6c5b", "user:password", SECRETS["key-pair"])
OWN: dict[str, tuple[Scheme, list[str]]] = {
    **{name: (scheme, [SECRETS[name], SECRETS[name]]) for name, scheme in SCHEMES.items()},
    "rsa": (
        Signature(header="X-Signature", algorithm="rsa-pkcs1v15-sha256", encoding="base64", key="pem"),
        [RSA_PEM],
    ),
    "body": (Token(body="secret"), ["a secret"]),
    "shared": (SharedSecret(), ["user:password"]),
    "any": (AnyOf(SCHEMES["address"], SCHEMES["fields"], Token(body="secret")), ["a secret"]),
}


def _of_mappings() -> Iterator[tuple[str, Scheme, list[str]]]:
    for file in Catalogue(None).all():
        signature = file.schema.signature
        if signature is not None:
            yield file.name, signature, _test_secrets(signature)


def _test_secrets(scheme: Scheme) -> list[str]:
    candidates = (chosen for count in range(4) for chosen in product(INVENTED, repeat=count))
    return next(list(chosen) for chosen in candidates if not scheme.secret_problems(chosen))


ALL = [*((name, scheme, secrets) for name, (scheme, secrets) in OWN.items()), *_of_mappings()]
ADDRESS = "https://bridge.example.com/hooks/any?a=1"


@pytest.fixture(scope="module")
def limit() -> float:
    """Fifty milliseconds, on whatever machine this is."""
    return processor.reference()


@pytest.mark.parametrize(("name", "scheme", "secrets"), ALL, ids=[name for name, *_ in ALL])
def test_nothing_that_proves_nothing_is_expensive(
    name: str, scheme: Scheme, secrets: list[str], limit: float
) -> None:
    usual = _signed(scheme, secrets)
    costs = {}
    for (kind, hostile), (shape, (body, content_type)) in product(HOSTILE.items(), BODIES.items()):
        headers = {**usual.headers, "content-type": content_type}
        for header in map(str.lower, scheme.header_names):
            headers[header] = hostile.replace("{}", usual.headers.get(header, ""))
        sent = Request(headers, body, url=usual.url, token=usual.token)
        costs[kind, shape] = processor.seconds_unless_below(
            limit, lambda sent=sent: _verify(scheme, sent, secrets)
        )
    assert max(costs.values()) < limit, max(costs.items(), key=lambda item: item[1])


def _signed(scheme: Scheme, secrets: list[str]) -> Request:
    """A small request as the sender signs it; one that only its private key signs has no signature."""
    unsigned = Request({"content-type": "application/json"}, b"{}", url=ADDRESS)
    try:
        return scheme.sign_request(unsigned, secrets, NOW)
    except ValueError:
        return unsigned


def _verify(scheme: Scheme, sent: Request, secrets: list[str]) -> None:
    with contextlib.suppress(NotAuthenticError):
        scheme.verify(sent, secrets, NOW)


class TestManySignatures:
    def test_five_are_tried(self) -> None:
        scheme = SCHEMES["calendly"]
        right = scheme.sign_request(request(), [SECRET], NOW).header("Calendly-Webhook-Signature")
        assert accepts(scheme, _with(right, extra=4))

    def test_more_are_refused_without_trying(self) -> None:
        right = (
            SCHEMES["calendly"].sign_request(request(), [SECRET], NOW).header("Calendly-Webhook-Signature")
        )
        assert "more than 5 signatures" in refused(SCHEMES["calendly"], _with(right, extra=5))

    def test_a_long_header_is_refused(self) -> None:
        assert "8192 characters" in refused(SIGNED, request(headers={"X-Signature": "a" * 8193}))


def _with(right: str, extra: int) -> Request:
    wrong = "".join(f"v1={number:064x}," for number in range(extra))
    return request(headers={"Calendly-Webhook-Signature": wrong + right})


def test_a_long_body_that_holds_the_secret_is_refused() -> None:
    body = json.dumps({"secret": SECRET, "text": "a" * 200_000}).encode()
    assert "over 131072 bytes" in refused(Token(body="secret"), request(body))


def test_a_form_of_more_fields_than_are_read_is_refused() -> None:
    sent = request(b"a=1&" * 1001, {**FORM, "X-Signature": "A" * 43 + "="})
    assert "over 1000 fields" in refused(SCHEMES["fields"], sent)
