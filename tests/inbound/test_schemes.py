"""Key pairs, and schemes made of schemes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from inbound.proofs import (
    ANOTHER,
    ED25519,
    JSON,
    NOW,
    OTHER,
    RSA,
    SECRET,
    SIGNED,
    accepts,
    private_pem,
    public_pem,
    refused,
    request,
)

from bridge.inbound.signatures import (
    AllOf,
    AnyOf,
    Basic,
    FirstOf,
    Request,
    SharedSecret,
    Signature,
    Token,
)

KEY_PAIRS = {
    ED25519: Signature(header="X-Signature", algorithm="ed25519", encoding="base64", key="pem"),
    RSA: Signature(header="X-Signature", algorithm="rsa-pkcs1v15-sha256", encoding="base64", key="pem"),
}


class TestKeyPairs:
    kinds = pytest.mark.parametrize("key", [ED25519, RSA], ids=["ed25519", "rsa"])

    @kinds
    def test_the_private_half_signs_and_both_verify(self, key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        scheme = KEY_PAIRS[key]
        sent = scheme.sign_request(request(), [private_pem(key)], NOW)
        for pem in (private_pem(key), public_pem(key), f"\n  {public_pem(key)}\n"):
            assert accepts(scheme, sent, [pem])
        assert not accepts(scheme, replace(sent, body=JSON + b" "), [public_pem(key)])

    @kinds
    def test_the_public_half_cannot_sign(self, key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        with pytest.raises(ValueError, match="cannot sign: that needs the private half"):
            KEY_PAIRS[key].sign_request(request(), [public_pem(key)], NOW)

    @kinds
    @pytest.mark.parametrize("text", ["", "AAAA", "A" * 88, "A" * 344, "!"])
    def test_other_signatures_are_refused(
        self, key: Ed25519PrivateKey | rsa.RSAPrivateKey, text: str
    ) -> None:
        refused(KEY_PAIRS[key], request(headers={"X-Signature": text}), [public_pem(key)])

    @pytest.mark.parametrize(
        ("pem", "reported"),
        [
            (public_pem(RSA), "an Ed25519 key is needed"),
            (private_pem(ec.generate_private_key(ec.SECP256R1())), "an Ed25519 key is needed"),
            (public_pem(ED25519)[:60], "no key in PEM"),
            (
                ED25519.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush")
                ).decode(),
                "no key in PEM",
            ),
        ],
        ids=["rsa", "elliptic curve", "cut", "encrypted"],
    )
    def test_other_keys_are_reported(self, pem: str, reported: str) -> None:
        (problem,) = KEY_PAIRS[ED25519].secret_problems([pem])
        assert reported in problem
        assert not set(pem.splitlines()[1:]) & set(problem.splitlines())

    def test_a_short_rsa_key_is_reported(self) -> None:
        (problem,) = KEY_PAIRS[RSA].secret_problems([public_pem(rsa.generate_private_key(65537, 1024))])
        assert "1024 bits; 2048 are the least" in problem

    def test_a_sender_with_one_key_pair_for_all_needs_no_secret(self) -> None:
        scheme = replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),))
        sent = scheme.sign_request(request(), [private_pem(ED25519)], NOW)
        assert scheme.secret_problems([]) == []
        assert accepts(scheme, sent, [])
        assert not accepts(scheme, replace(sent, body=b""), [])
        with pytest.raises(ValueError, match="no secret to sign with"):
            scheme.sign_request(request(), [], NOW)

    def test_a_key_in_the_configuration_replaces_those_of_the_sender(self) -> None:
        scheme = replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),))
        by_vendor = scheme.sign_request(request(), [private_pem(ED25519)], NOW)
        ours = scheme.sign_request(request(), [private_pem(ANOTHER)], NOW)
        assert accepts(scheme, ours, [public_pem(ANOTHER)])
        assert not accepts(scheme, by_vendor, [public_pem(ANOTHER)])
        assert not accepts(scheme, by_vendor, ["not a key"])
        assert not accepts(scheme, ours, [])


class TestAllOf:
    both = AllOf(Token(query="code"), SIGNED)

    def test_every_part_has_to_hold(self) -> None:
        sent = self.both.sign_request(request(), ["token", "key"], NOW)
        assert accepts(self.both, sent, ["token", "key"])
        assert not accepts(self.both, request(query="?code=token"), ["token", "key"])
        assert not accepts(self.both, SIGNED.sign_request(request(), ["key"], NOW), ["token", "key"])

    def test_a_secret_proves_one_thing_only(self) -> None:
        """Whoever learns the token, which is in logs on the way, cannot sign with it."""
        forged = self.both.sign_request(request(), ["token", "token"], NOW)
        assert not accepts(self.both, forged, ["token", "key"])
        assert not accepts(
            self.both, self.both.sign_request(request(), ["key", "token"], NOW), ["token", "key"]
        )

    def test_a_rotation_names_all_of_them_again(self) -> None:
        four = ["token", "key", "new token", "new key"]
        assert self.both.secret_problems(four) == []
        assert accepts(self.both, self.both.sign_request(request(), four[:2], NOW), four)
        assert accepts(self.both, self.both.sign_request(request(), four[2:], NOW), four)
        assert not accepts(self.both, self.both.sign_request(request(), ["token", "new key"], NOW), four)

    def test_each_has_to_have_its_secret(self) -> None:
        (problem,) = self.both.secret_problems(["a", "b", "c"])
        assert problem == (
            "There are 3 secrets for 2 proofs: give one for each of the query parameter code, X-Signature."
        )
        mixed = AllOf(Basic(), Signature(header="X-Signature", key="hex"))
        assert mixed.secret_problems(["user:password", "00ff"]) == []
        (problem,) = mixed.secret_problems(["00ff", "user:password"])[:1]
        assert problem.startswith("The secret for Authorization: It has no colon")

    def test_what_stands_elsewhere_is_written_before_it_is_signed(self) -> None:
        address = Signature(header="X-Signature", signs="{url}{body}")
        for scheme in (AllOf(address, Token(query="code")), AllOf(address, Token(body="key"))):
            assert accepts(scheme, scheme.sign_request(request(), [SECRET], NOW))

    def test_a_part_with_keys_of_its_own_takes_no_secret(self) -> None:
        vendor = Signature(
            header="X-Signature",
            algorithm="ed25519",
            encoding="base64",
            key="pem",
            public_keys=(public_pem(ED25519),),
        )
        scheme = AllOf(vendor, Token(path=True))
        sent = vendor.sign_request(request().with_token(SECRET), [private_pem(ED25519)], NOW)
        assert scheme.secret_problems([SECRET, OTHER]) == []
        assert accepts(scheme, sent, [OTHER, SECRET])
        assert not accepts(scheme, sent, [OTHER])

    def test_parts_with_keys_of_their_own_alone_take_none(self) -> None:
        scheme = AllOf(replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),)))
        assert scheme.secret_problems([]) == []
        for secrets in ([SECRET], [SECRET, OTHER]):
            (problem,) = scheme.secret_problems(secrets)
            assert "No secret is needed" in problem
            assert not accepts(scheme, request(), secrets)

    def test_it_shows_what_it_covers(self) -> None:
        sent = self.both.sign_request(request(), [SECRET], NOW)
        assert self.both.signs_body(sent)
        assert self.both.where == "the query parameter code and X-Signature"
        assert (self.both.header_names, self.both.query_names) == (("X-Signature",), ("code",))


class TestAnyOf:
    either = AnyOf(Basic(), SIGNED, Token(query="code"))

    def test_one_part_suffices(self) -> None:
        assert accepts(self.either, SIGNED.sign_request(request(), [SECRET], NOW))
        assert accepts(self.either, request(query=f"?code={SECRET}"))
        wrong = request(query=f"?code={SECRET}", headers={"X-Signature": "00", "Authorization": "Basic x"})
        assert accepts(self.either, wrong)

    def test_each_part_takes_the_secrets_that_it_can_use(self) -> None:
        secrets = [SECRET, "user:password"]
        assert self.either.secret_problems(secrets) == []
        sent = self.either.sign_request(request(), secrets, NOW)
        assert sent.header("Authorization").startswith("Basic ")
        assert accepts(self.either, sent, secrets)

    def test_the_log_has_the_reasons(self) -> None:
        reported = refused(self.either, request(), ["user:password"])
        assert reported == (
            "The request has no header Authorization. The request has no header X-Signature. "
            "The query has no parameter code."
        )

    def test_without_parts_it_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="AnyOf names no scheme"):
            AnyOf()


class TestFirstOf:
    new = Signature(
        header="X-New", signs="{t}.{body}", timestamp_header="X-Time", timestamp="ms", missing=("N/A",)
    )
    old = Signature(header="X-Old", signs="{secret}{body}", algorithm="sha256")
    scheme = FirstOf(new, old, SharedSecret("path"))

    def test_each_is_accepted_alone(self) -> None:
        for part in self.scheme.parts:
            assert accepts(self.scheme, part.sign_request(request(), [SECRET], NOW))

    def test_the_first_that_is_there_decides(self) -> None:
        good = self.old.sign_request(request(), [SECRET], NOW)
        assert not accepts(self.scheme, good.with_headers({"X-New": "00"}))
        stale = self.new.sign_request(request(), [SECRET], NOW - timedelta(hours=1)).headers
        assert "3600 s old" in refused(self.scheme, good.with_headers(stale))
        both = self.new.sign_request(request(), [SECRET], NOW).with_headers({"X-Old": "00"})
        assert accepts(self.scheme, both)

    @pytest.mark.parametrize("text", ["", " ", "N/A"])
    def test_what_the_sender_writes_for_nothing_is_nothing(self, text: str) -> None:
        good = self.old.sign_request(request(), [SECRET], NOW)
        assert accepts(self.scheme, good.with_headers({"X-New": text}))

    def test_it_shows_what_it_covers(self) -> None:
        signed, bare = self.new.sign_request(request(), [SECRET], NOW), request().with_token(SECRET)
        assert self.scheme.signs_body(signed)
        assert not self.scheme.signs_body(bare)
        assert self.scheme.header_names == ("X-New", "X-Old")

    def test_each_kind_of_key_replaces_the_senders_own(self) -> None:
        schemes = [
            replace(scheme, header=header, public_keys=(public_pem(key),))
            for header, (key, scheme) in zip(("X-New", "X-Old"), KEY_PAIRS.items(), strict=True)
        ]
        vendor = FirstOf(*schemes)
        by_rsa = schemes[1].sign_request(request(), [private_pem(RSA)], NOW)
        ours = schemes[0].sign_request(request(), [private_pem(ANOTHER)], NOW)
        assert vendor.secret_problems([]) == []
        assert accepts(vendor, by_rsa, [])
        assert not accepts(vendor, ours, [])
        assert accepts(vendor, ours, [public_pem(ANOTHER)])
        assert accepts(vendor, by_rsa, [public_pem(ANOTHER)])  # the configuration says nothing of this kind
        assert not vendor.needs_secret


class TestDeclaration:
    @pytest.mark.parametrize(
        "places",
        [
            {"header": "X", "query": "token"},
            {"scheme": "Bearer", "path": True},
            {"query": "token", "path": True},
            {"query": "token", "body": "token"},
        ],
    )
    def test_a_token_stands_in_one_place(self, places: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="A token is in one place"):
            Token(**places)


class TestRequest:
    def test_its_repr_shows_nothing(self) -> None:
        sent = SharedSecret().sign_request(
            request().with_token(SECRET).with_parameter("token", SECRET), [SECRET], NOW
        )
        assert SECRET not in repr(sent)

    def test_the_query_can_be_stored(self) -> None:
        sent = request(query="?a=1&a=2&b=%00&c=%ED%A0%80&d&=e&f=+%2B")
        assert sent.query == {"a": "1", "b": "\ufffd", "c": "\ufffd\ufffd\ufffd", "d": "", "": "e", "f": " +"}
        assert Request({}, b"").query == {}
