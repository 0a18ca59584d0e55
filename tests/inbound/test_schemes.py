"""Secrets in every place of a request, key pairs, signed addresses and forms, and schemes made of schemes."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import NotAuthentic
from bridge.inbound.signatures import (
    AllOf,
    AnyOf,
    Basic,
    FirstOf,
    Request,
    Scheme,
    SharedSecret,
    Signature,
    Token,
)

NOW = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
SECRET, OTHER = "hunter2", "hunter3"
JSON = b'{"event":"booked","account":{"id":7}}'
FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGNED = Signature(header="X-Signature")


def request(body: bytes = JSON, headers: dict[str, str] | None = None, query: str = "?a=1&b=%20c") -> Request:
    return Request(headers or {}, body, url=f"https://bridge.example.com/hooks/acme{query}")


def accepts(scheme: Scheme, sent: Request, secrets: Sequence[str] = (SECRET,)) -> bool:
    try:
        scheme.verify(sent, secrets, NOW)
    except NotAuthentic:
        return False
    return True


def refused(scheme: Scheme, sent: Request, secrets: Sequence[str] = (SECRET,)) -> str:
    """Why it was refused, as the log has it."""
    with pytest.raises(NotAuthentic) as caught:
        scheme.verify(sent, secrets, NOW)
    return str(caught.value.__cause__)


def private_pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


ED25519, ANOTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)), Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)

EVERYWHERE: dict[str, Scheme] = {
    "query": Token(query="code"),
    "path": Token(path=True),
    "body": Token(body="secret_key"),
    "inner body": Token(body="account.secret_key"),
    "shared": SharedSecret(),
    "shared in address": SharedSecret("path", "query"),
    "all": AllOf(SIGNED, Token(query="code"), Token(body="secret_key")),
    "any": AnyOf(Basic(), Token(path=True)),
    "first": FirstOf(SIGNED, Token(path=True)),
}
HEADERS = {
    "bearer": {"authorization": "Bearer hunter2"},
    "header": {"x-bridge-key": "hunter2"},
    "other header": {"x-api-key": "hunter2"},
}
KEY_PAIRS = {
    ED25519: Signature(header="X-Signature", algorithm="ed25519", encoding="base64", key="pem"),
    RSA: Signature(header="X-Signature", algorithm="rsa-pkcs1v15-sha256", encoding="base64", key="pem"),
}

everywhere = pytest.mark.parametrize("scheme", EVERYWHERE.values(), ids=EVERYWHERE)


class TestEveryPlace:
    @everywhere
    def test_what_the_sender_prepares_is_accepted(self, scheme: Scheme) -> None:
        scheme.verify(scheme.prepare(request(), [SECRET], NOW), [SECRET], NOW)

    @everywhere
    def test_another_secret_is_refused(self, scheme: Scheme) -> None:
        assert "none of the secrets" in refused(scheme, scheme.prepare(request(), [OTHER], NOW))

    @everywhere
    def test_both_secrets_are_live_during_a_rotation(self, scheme: Scheme) -> None:
        times = 3 if isinstance(scheme, AllOf) else 1
        both = [OTHER] * times + [SECRET] * times
        assert accepts(scheme, scheme.prepare(request(), [OTHER], NOW), both)
        assert accepts(scheme, scheme.prepare(request(), [SECRET], NOW), both)

    @everywhere
    def test_without_its_proof_it_is_refused(self, scheme: Scheme) -> None:
        assert not scheme.is_in(request())
        assert "has no" in refused(scheme, request())

    @everywhere
    @pytest.mark.parametrize("secrets", [[], [""], ["", SECRET], [" "], ["\udc80"]])
    def test_unfit_secrets_fail_closed(self, scheme: Scheme, secrets: list[str]) -> None:
        sent = scheme.prepare(request(), [SECRET], NOW)
        assert scheme.check_secrets(secrets)
        assert not accepts(scheme, sent, secrets)
        empty = replace(sent, headers={}, body=b"", url=request().url, token="")
        assert not accepts(scheme, empty, secrets)
        with pytest.raises(ValueError, match=r"\w+"):
            scheme.prepare(request(), secrets, NOW)

    @everywhere
    @settings(deadline=None)
    @given(data=st.data())
    def test_whatever_a_forger_sends_is_refused_and_nothing_else(
        self, scheme: Scheme, data: st.DataObject
    ) -> None:
        text = st.text() | st.sampled_from(["Bearer x", "Basic eDp5", "Basic x", "application/json", "a=b&c"])
        names = st.sampled_from([*scheme.header_names, "content-type"])
        body = st.binary() | st.builds(
            lambda value: json.dumps({"secret_key": value, "account": value}).encode(),
            st.recursive(st.none() | st.text() | st.floats(), st.lists, max_leaves=3),
        )
        sent = Request(
            data.draw(st.dictionaries(names, text)),
            data.draw(body),
            data.draw(st.text()),
            data.draw(text | st.builds("https://h/?token={0}&code={0}&code={0}".format, text)),
            data.draw(st.none() | text),
        )
        assert scheme.is_in(sent) in (True, False)
        assert scheme.signs_body(sent) in (True, False)
        refused(scheme, sent)


class TestQuery:
    token = Token(query="code")

    def test_the_parameter_is_named_so_that_it_is_not_stored(self) -> None:
        assert (self.token.query_names, self.token.header_names, self.token.body_secrets) == (
            ("code",),
            (),
            (),
        )

    @pytest.mark.parametrize("secret", ["a b+c&d=e", "100%", "zo\u00eb", "/?#"])
    def test_it_is_unescaped(self, secret: str) -> None:
        sent = self.token.prepare(request(), [secret], NOW)
        assert sent.url.startswith(request().url + "&code=")
        assert sent.url.isascii()
        assert accepts(self.token, sent, [secret])

    def test_preparing_again_does_not_repeat_it(self) -> None:
        once = self.token.prepare(request(query="?code=old&a=1"), [SECRET], NOW)
        assert once.url.endswith(f"?a=1&code={SECRET}")
        assert self.token.prepare(once, [SECRET], NOW) == once

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("?code=", "no parameter code"),
            ("?Code=hunter2", "no parameter code"),
            ("?code=hunter2&code=hunter2", "2 times"),
            ("?code=hunter2&code=", "2 times"),
            ("?code=%68unter2%", "none of the secrets"),
            ("#?code=hunter", "none of the secrets"),
        ],
    )
    def test_it_must_stand_there_once(self, query: str, told: str) -> None:
        assert told in refused(self.token, request(query=query))

    def test_bytes_that_are_no_text_do_not_fit_their_replacement(self) -> None:
        sent = request(query="?code=%ff")
        assert sent.query == {"code": "\ufffd"}
        refused(self.token, sent, ["\ufffd"])


class TestPath:
    token = Token(path=True)

    def test_it_stands_behind_the_name_of_the_source(self) -> None:
        sent = self.token.prepare(request(), [SECRET], NOW)
        assert (sent.token, sent.url) == (SECRET, "https://bridge.example.com/hooks/acme/hunter2?a=1&b=%20c")
        again = self.token.prepare(sent, [OTHER], NOW)
        assert (again.token, again.url) == (OTHER, "https://bridge.example.com/hooks/acme/hunter3?a=1&b=%20c")

    @pytest.mark.parametrize("secret", ["a/b", "..", "a b", "100%", "a?", "zo\u00eb"])
    def test_a_secret_that_cannot_stand_there_is_told(self, secret: str) -> None:
        (problem,) = self.token.check_secrets([secret])
        assert "cannot stand in a path" in problem


class TestBody:
    token = Token(body="account.secret_key")

    def test_it_is_removed_before_the_body_is_stored(self) -> None:
        assert self.token.body_secrets == ("account.secret_key",)

    def test_of_a_form(self) -> None:
        form = Token(body="token")
        sent = form.prepare(request(b"a=1&token=old&b=", FORM), [SECRET], NOW)
        assert sent.body == b"a=1&token=hunter2&b="
        assert accepts(form, sent)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff",
            b"[]",
            b"null",
            b"{}",
            b'{"account": "hunter2"}',
            b'{"account.secret_key": "hunter2"}',
            b'{"account": {"secret_key": ""}}',
            b'{"account": {"secret_key": null}}',
            b'{"account": {"secret_key": ["hunter2"]}}',
            b'{"account": {"secret_key": "hunter2 "}}',
            b'{"account": [{"secret_key": "hunter2"}]}',
            b'{"account": {"secret_key": "hunter2"}} ,',
            b"[" * 5000,
        ],
    )
    def test_another_body_is_refused(self, body: bytes) -> None:
        refused(self.token, request(body))

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"account": 7}'])
    def test_a_body_without_room_for_it_cannot_be_prepared(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\w+"):
            self.token.prepare(request(body), [SECRET], NOW)

    def test_of_two_equal_keys_the_one_counts_that_is_read(self) -> None:
        refused(Token(body="key"), request(b'{"key": "hunter2", "key": "other"}'))


class TestSharedSecret:
    USER = "user:pass:word"

    @pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
    def test_is_taken_in_headers(self, headers: dict[str, str]) -> None:
        assert accepts(SharedSecret(), request(headers=headers))
        assert not accepts(SharedSecret("query", "path"), request(headers=headers))

    def test_is_taken_as_basic(self) -> None:
        sent = request(headers=Basic().sign(request(), self.USER, NOW))
        assert accepts(SharedSecret(), sent, [self.USER])
        assert not accepts(SharedSecret("bearer", "header", "query", "path"), sent, [self.USER])

    def test_is_taken_in_the_address(self) -> None:
        by_query, by_path = request(query="?token=hunter2"), request().with_token(SECRET)
        for sent in (by_query, by_path):
            assert accepts(SharedSecret(), sent)
            assert not accepts(SharedSecret("bearer", "header", "basic"), sent)
        assert accepts(SharedSecret("path"), by_path)
        assert not accepts(SharedSecret("path"), by_query)

    def test_the_sender_uses_the_first_way_that_the_secret_can_go(self) -> None:
        assert SharedSecret().sign(request(), SECRET, NOW) == {"Authorization": "Bearer hunter2"}
        assert SharedSecret("header", "bearer").sign(request(), SECRET, NOW) == {"X-Bridge-Key": SECRET}
        assert SharedSecret("path", "header").prepare(request(), [SECRET], NOW).token == SECRET
        assert SharedSecret("path", "query").prepare(request(), ["a/b"], NOW).query["token"] == "a/b"

    def test_all_places_are_named_so_that_none_is_stored(self) -> None:
        assert SharedSecret().header_names == ("Authorization", "X-Bridge-Key", "X-Api-Key")
        assert SharedSecret().query_names == ("token",)
        assert SharedSecret("path").where == "the path"

    def test_the_secret_has_to_fit_one_way(self) -> None:
        assert SharedSecret().check_secrets(["zo\u00eb"]) == []  # in the query
        (problem,) = SharedSecret("bearer", "path").check_secrets(["hush hush\u00eb"])
        assert re.search(r"^Secret 1 of 1: .*header.* Or: .*path", problem)
        assert "hush" not in problem

    def test_a_mistake_is_told_at_import(self) -> None:
        with pytest.raises(ValueError, match="'cookie' is not one of bearer, header, basic, query, path"):
            SharedSecret("cookie")


class TestKeyPairs:
    kinds = pytest.mark.parametrize("key", [ED25519, RSA], ids=["ed25519", "rsa"])

    @kinds
    def test_the_private_half_signs_and_both_verify(self, key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        scheme = KEY_PAIRS[key]
        sent = scheme.prepare(request(), [private_pem(key)], NOW)
        for pem in (private_pem(key), public_pem(key), f"\n  {public_pem(key)}\n"):
            assert accepts(scheme, sent, [pem])
        assert not accepts(scheme, replace(sent, body=JSON + b" "), [public_pem(key)])

    @kinds
    def test_the_public_half_cannot_sign(self, key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        with pytest.raises(ValueError, match="cannot sign: that takes the private half"):
            KEY_PAIRS[key].sign(request(), public_pem(key), NOW)

    @kinds
    @pytest.mark.parametrize("text", ["", "AAAA", "A" * 88, "A" * 344, "!"])
    def test_other_signatures_are_refused(
        self, key: Ed25519PrivateKey | rsa.RSAPrivateKey, text: str
    ) -> None:
        refused(KEY_PAIRS[key], request(headers={"X-Signature": text}), [public_pem(key)])

    @pytest.mark.parametrize(
        ("pem", "told"),
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
    def test_other_keys_are_told(self, pem: str, told: str) -> None:
        (problem,) = KEY_PAIRS[ED25519].check_secrets([pem])
        assert told in problem
        assert not set(pem.splitlines()[1:]) & set(problem.splitlines())

    def test_a_short_rsa_key_is_told(self) -> None:
        (problem,) = KEY_PAIRS[RSA].check_secrets([public_pem(rsa.generate_private_key(65537, 1024))])
        assert "1024 bits; 2048 are the least" in problem

    def test_a_sender_with_one_key_pair_for_all_needs_no_secret(self) -> None:
        scheme = replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),))
        sent = scheme.prepare(request(), [private_pem(ED25519)], NOW)
        assert scheme.check_secrets([]) == []
        assert accepts(scheme, sent, [])
        assert not accepts(scheme, replace(sent, body=b""), [])
        with pytest.raises(ValueError, match="no secret to sign with"):
            scheme.prepare(request(), [], NOW)

    def test_a_key_in_the_configuration_replaces_those_of_the_sender(self) -> None:
        scheme = replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),))
        by_vendor = scheme.prepare(request(), [private_pem(ED25519)], NOW)
        ours = scheme.prepare(request(), [private_pem(ANOTHER)], NOW)
        assert accepts(scheme, ours, [public_pem(ANOTHER)])
        assert not accepts(scheme, by_vendor, [public_pem(ANOTHER)])
        assert not accepts(scheme, by_vendor, ["not a key"])
        assert not accepts(scheme, ours, [])


class TestAddress:
    def signed(self, template: str, url: str) -> Request:
        """A request to `url` whose sender signed what `template` makes of it."""
        plain = replace(request(), url=url)
        return plain.with_headers(Signature(header="X-Signature", signs=template).sign(plain, SECRET, NOW))

    @pytest.mark.parametrize(
        ("received", "signed"),
        [
            ("https://h/hooks/a?x=%2F", "https://h/hooks/a?x=/"),
            ("https://h/a?q=%3fx%3D%40%20%21%24%27%28%29%2a%2C%3b%3A", "https://h/a?q=?x%3D@%20!$'()*,;:"),
            ("https://h/a%3Fb?c", "https://h/a?b?c"),
        ],
    )
    def test_hubspot_decodes_some_escapes_before_it_signs(self, received: str, signed: str) -> None:
        sent = replace(self.signed("{url}{body}", signed), url=received)
        scheme = Signature(header="X-Signature", signs=("{url}{body}", "{url:decoded}{body}"))
        assert accepts(scheme, sent)
        assert not accepts(Signature(header="X-Signature", signs="{url}{body}"), sent)
        assert accepts(scheme, self.signed("{url}{body}", received))

    @pytest.mark.parametrize("rest", ["", "/", "/hooks/a?b=c:80", "?b=https://x:443/"])
    @pytest.mark.parametrize(
        ("bare", "port"),
        [("https://h.example", ":443"), ("http://h", ":80"), ("https://[::1]", ":443")],
    )
    def test_the_default_port_may_be_signed_or_not(self, bare: str, port: str, rest: str) -> None:
        scheme = Signature(header="X-Signature", signs=("{url:portless}{body}", "{url:port}{body}"))
        with_port, without = bare + port + rest, bare + rest
        for signed in (with_port, without):
            for received in (with_port, without):
                assert accepts(scheme, replace(self.signed("{url}{body}", signed), url=received))

    @pytest.mark.parametrize("url", ["https://h:8443/a", "http://h:443/", "https://h:80"])
    def test_another_port_is_part_of_the_address(self, url: str) -> None:
        scheme = Signature(header="X-Signature", signs=("{url:portless}{body}", "{url:port}{body}"))
        sent = self.signed("{url}{body}", url)
        assert accepts(scheme, sent)
        assert not accepts(scheme, replace(sent, url=re.sub(":[0-9]+", "", url)))

    def test_without_a_public_address_nothing_is_authentic(self) -> None:
        scheme = Signature(header="X-Signature", signs="{url}{body}")
        forged = replace(SIGNED.prepare(request(), [SECRET], NOW), url="")
        assert "set the bridge's public address" in refused(scheme, forged)
        assert scheme.signs_url
        assert not SIGNED.signs_url
        assert AnyOf(SIGNED, scheme).signs_url

    def test_the_method_is_signed_in_capitals(self) -> None:
        scheme = Signature(header="X-Signature", signs="{method}{body}")
        sent = scheme.prepare(replace(request(), method="put"), [SECRET], NOW)
        assert accepts(scheme, replace(sent, method="PUT"))
        assert not accepts(scheme, replace(sent, method="POST"))


class TestForm:
    twilio = Signature(
        header="X-Signature",
        signs="{url}{form}",
        algorithm="hmac-sha1",
        encoding="base64",
        body_digest="digest",
    )

    def prepared(self, body: bytes, headers: dict[str, str] | None = None) -> Request:
        return self.twilio.prepare(request(body, headers), [SECRET], NOW)

    def test_fields_are_signed_sorted_decoded_and_whole(self) -> None:
        body = b"b=2+&A=%C3%AB&a=&b=1&b=1&=x&c"
        sent = self.prepared(body, FORM)
        text = (request().url + "x" + "A\u00eb" + "a" + "b1" + "b2 " + "c").encode()
        plain = Signature(header="X-Signature", algorithm="hmac-sha1", encoding="base64")
        assert plain.sign(request(text), SECRET, NOW)["X-Signature"] == sent.header("X-Signature")
        assert accepts(self.twilio, sent)

    @pytest.mark.parametrize(
        "body", [b"a=1&b=2 ", b"a=1", b"a=1&b=", b"a=1&b=2&c", b"a=1&b=%FF", b"a=1&b=\xff", b"a=2&b=1", b""]
    )
    def test_another_field_is_refused(self, body: bytes) -> None:
        sent = self.prepared(b"a=1&b=2", FORM)
        assert not accepts(self.twilio, replace(sent, body=body))

    def test_bytes_that_are_no_text_differ(self) -> None:
        assert not accepts(self.twilio, replace(self.prepared(b"a=%FF", FORM), body=b"a=%FE"))

    def test_a_body_that_is_no_form_has_its_digest_in_the_address(self) -> None:
        sent = self.prepared(JSON)
        assert sent.query["digest"] == hashlib.sha256(JSON).hexdigest()
        assert accepts(self.twilio, sent)
        assert accepts(self.twilio, self.prepared(b""))

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencodedX"])
    def test_calling_a_form_something_else_hides_nothing(self, content_type: str) -> None:
        sent = self.prepared(b"a=1", FORM)
        told = refused(self.twilio, sent.with_headers({"content-type": content_type}))
        assert "no parameter digest" in told

    def test_calling_a_document_a_form_hides_nothing(self) -> None:
        assert not accepts(self.twilio, self.prepared(JSON).with_headers(FORM))

    def test_another_digest_is_refused(self) -> None:
        sent = self.prepared(JSON)
        for url in (sent.url[:-1], sent.url + "0", sent.url + "&digest=0"):
            assert not accepts(self.twilio, replace(sent, url=url))
        assert "not the SHA-256 of the body" in refused(self.twilio, replace(sent, body=b"{}"))

    def test_without_a_digest_only_forms_are_authentic(self) -> None:
        forms = replace(self.twilio, body_digest=None)
        assert accepts(forms, forms.prepare(request(b"a=1", FORM), [SECRET], NOW))
        assert "not signed" in refused(forms, forms.prepare(request(JSON), [SECRET], NOW))


class TestAllOf:
    both = AllOf(Token(query="code"), SIGNED)

    def test_every_part_has_to_hold(self) -> None:
        sent = self.both.prepare(request(), ["token", "key"], NOW)
        assert accepts(self.both, sent, ["token", "key"])
        assert not accepts(self.both, request(query="?code=token"), ["token", "key"])
        assert not accepts(self.both, SIGNED.prepare(request(), ["key"], NOW), ["token", "key"])

    def test_a_secret_proves_one_thing_only(self) -> None:
        """Who learns the token, which stands in logs on the way, cannot sign with it."""
        forged = self.both.prepare(request(), ["token", "token"], NOW)
        assert not accepts(self.both, forged, ["token", "key"])
        assert not accepts(self.both, self.both.prepare(request(), ["key", "token"], NOW), ["token", "key"])

    def test_a_rotation_names_all_of_them_again(self) -> None:
        four = ["token", "key", "new token", "new key"]
        assert self.both.check_secrets(four) == []
        assert accepts(self.both, self.both.prepare(request(), four[:2], NOW), four)
        assert accepts(self.both, self.both.prepare(request(), four[2:], NOW), four)
        assert not accepts(self.both, self.both.prepare(request(), ["token", "new key"], NOW), four)

    def test_each_has_to_have_its_secret(self) -> None:
        (problem,) = self.both.check_secrets(["a", "b", "c"])
        assert problem == (
            "There are 3 secrets for 2 proofs: give one for each of the query parameter code, X-Signature."
        )
        mixed = AllOf(Basic(), Signature(header="X-Signature", key="hex"))
        assert mixed.check_secrets(["user:password", "00ff"]) == []
        (problem,) = mixed.check_secrets(["00ff", "user:password"])[:1]
        assert problem.startswith("The secret for Authorization: It has no colon")

    def test_what_stands_elsewhere_is_written_before_it_is_signed(self) -> None:
        address = Signature(header="X-Signature", signs="{url}{body}")
        for scheme in (AllOf(address, Token(query="code")), AllOf(address, Token(body="key"))):
            assert accepts(scheme, scheme.prepare(request(), [SECRET], NOW))

    def test_a_part_with_keys_of_its_own_takes_no_secret(self) -> None:
        vendor = Signature(
            header="X-Signature",
            algorithm="ed25519",
            encoding="base64",
            key="pem",
            public_keys=(public_pem(ED25519),),
        )
        scheme = AllOf(vendor, Token(path=True))
        sent = vendor.prepare(request().with_token(SECRET), [private_pem(ED25519)], NOW)
        assert scheme.check_secrets([SECRET, OTHER]) == []
        assert accepts(scheme, sent, [OTHER, SECRET])
        assert not accepts(scheme, sent, [OTHER])

    def test_parts_with_keys_of_their_own_alone_take_none(self) -> None:
        scheme = AllOf(replace(KEY_PAIRS[ED25519], public_keys=(public_pem(ED25519),)))
        assert scheme.check_secrets([]) == []
        for secrets in ([SECRET], [SECRET, OTHER]):
            (problem,) = scheme.check_secrets(secrets)
            assert "No secret is needed" in problem
            assert not accepts(scheme, request(), secrets)

    def test_it_tells_what_it_covers(self) -> None:
        sent = self.both.prepare(request(), [SECRET], NOW)
        assert self.both.signs_body(sent)
        assert self.both.where == "the query parameter code and X-Signature"
        assert (self.both.header_names, self.both.query_names) == (("X-Signature",), ("code",))


class TestAnyOf:
    either = AnyOf(Basic(), SIGNED, Token(query="code"))

    def test_one_part_suffices(self) -> None:
        assert accepts(self.either, SIGNED.prepare(request(), [SECRET], NOW))
        assert accepts(self.either, request(query=f"?code={SECRET}"))
        wrong = request(query=f"?code={SECRET}", headers={"X-Signature": "00", "Authorization": "Basic x"})
        assert accepts(self.either, wrong)

    def test_each_part_takes_the_secrets_that_it_can_use(self) -> None:
        secrets = [SECRET, "user:password"]
        assert self.either.check_secrets(secrets) == []
        sent = self.either.prepare(request(), secrets, NOW)
        assert sent.header("Authorization").startswith("Basic ")
        assert accepts(self.either, sent, secrets)

    def test_the_log_has_the_reasons(self) -> None:
        told = refused(self.either, request(), ["user:password"])
        assert told == (
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
            assert accepts(self.scheme, part.prepare(request(), [SECRET], NOW))

    def test_the_first_that_is_there_decides(self) -> None:
        good = self.old.prepare(request(), [SECRET], NOW)
        assert not accepts(self.scheme, good.with_headers({"X-New": "00"}))
        stale = self.new.sign(request(), SECRET, NOW - timedelta(hours=1))
        assert "3600 s old" in refused(self.scheme, good.with_headers(stale))
        both = self.new.prepare(request(), [SECRET], NOW).with_headers({"X-Old": "00"})
        assert accepts(self.scheme, both)

    @pytest.mark.parametrize("text", ["", " ", "N/A"])
    def test_what_the_sender_writes_for_nothing_is_nothing(self, text: str) -> None:
        good = self.old.prepare(request(), [SECRET], NOW)
        assert accepts(self.scheme, good.with_headers({"X-New": text}))

    def test_it_tells_what_it_covers(self) -> None:
        signed, bare = self.new.prepare(request(), [SECRET], NOW), request().with_token(SECRET)
        assert self.scheme.signs_body(signed)
        assert not self.scheme.signs_body(bare)
        assert self.scheme.header_names == ("X-New", "X-Old")

    def test_each_kind_of_key_replaces_the_senders_own(self) -> None:
        schemes = [
            replace(scheme, header=header, public_keys=(public_pem(key),))
            for header, (key, scheme) in zip(("X-New", "X-Old"), KEY_PAIRS.items(), strict=True)
        ]
        vendor = FirstOf(*schemes)
        by_rsa = schemes[1].prepare(request(), [private_pem(RSA)], NOW)
        ours = schemes[0].prepare(request(), [private_pem(ANOTHER)], NOW)
        assert vendor.check_secrets([]) == []
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
        with pytest.raises(ValueError, match="A token stands in one place"):
            Token(**places)


class TestRequest:
    def test_its_repr_tells_nothing(self) -> None:
        sent = SharedSecret().prepare(
            request().with_token(SECRET).with_parameter("token", SECRET), [SECRET], NOW
        )
        assert SECRET not in repr(sent)

    def test_the_query_can_be_stored(self) -> None:
        sent = request(query="?a=1&a=2&b=%00&c=%ED%A0%80&d&=e&f=+%2B")
        assert sent.query == {"a": "1", "b": "\ufffd", "c": "\ufffd\ufffd\ufffd", "d": "", "": "e", "f": " +"}
        assert Request({}, b"").query == {}
