"""What single schemes make of their headers: lists, encodings, tokens, and what can be declared."""

import base64
import re

import pytest
from inbound.signing import BODY, NOW, SCHEMES, SECRETS, key_pair, refused, request, signed, with_headers

from bridge.errors import NotAuthenticError
from bridge.inbound.signatures import Basic, Signature


class TestListOfItems:
    """`t=...,v1=...`: any order, any spaces, repeated signatures, items of others."""

    name = "calendly"

    def parts(self) -> tuple[str, str]:
        t, v1 = signed(self.name).headers["calendly-webhook-signature"].split(",")
        return t, v1

    def verify(self, header: str) -> None:
        SCHEMES[self.name].verify(
            request(BODY, {"Calendly-Webhook-Signature": header}), [SECRETS[self.name]], NOW
        )

    @pytest.mark.parametrize(
        "header",
        [
            "{v1},{t}",
            " {t} , {v1} ",
            "{t},v1=" + "0" * 64 + ",{v1}",
            "{t},{v1},v1=" + "0" * 64,
            "{t},v1=,v1=zz,v1=abc,{v1}",
            "v0=other,{t},,nonsense,{v1},v2=later",
        ],
    )
    def test_is_accepted(self, header: str) -> None:
        t, v1 = self.parts()
        self.verify(header.format(t=t, v1=v1))

    @pytest.mark.parametrize(
        "header",
        [
            "{v1}",
            "{t}",
            "{t} {v1}",
            "{t},v0{v1}",
            "{t},{v1}0",
            "{t},{t},{v1}",
            "t=1,{t},{v1}",
            "{t},{v1},t=1",
        ],
    )
    def test_is_refused(self, header: str) -> None:
        t, v1 = self.parts()
        with pytest.raises(NotAuthenticError):
            self.verify(header.format(t=t, v1=v1))

    def test_hex_may_be_upper_case(self) -> None:
        t, v1 = self.parts()
        self.verify(f"{t},v1={v1[3:].upper()}")

    def test_hex_may_not_have_spaces_inside(self) -> None:
        t, v1 = self.parts()
        with pytest.raises(NotAuthenticError):
            self.verify(f"{t},{v1[:9]} {v1[9:]}")


class TestCalCom:
    def test_a_hook_without_secret_is_refused_and_the_log_says_so(self) -> None:
        sent = request(BODY, {"X-Cal-Signature-256": "no-secret-provided"})
        assert "the sender has no secret" in refused("cal-com", sent)


class TestStandardWebhooks:
    """The cases of the reference libraries' own suite."""

    name = "standard-webhooks"
    secret = SECRETS["standard-webhooks"]

    @pytest.mark.parametrize("header", ["webhook_id", "webhook_timestamp", "webhook_signature"])
    @pytest.mark.parametrize("text", [None, "", "\u00e9"])
    def test_a_header_that_lacks_is_refused(self, header: str, text: str | None) -> None:
        refused(self.name, with_headers(signed(self.name), **{header: text}))

    def test_an_id_that_lacks_is_refused_even_if_its_lack_is_signed(self) -> None:
        nameless = Signature(
            header="webhook-signature",
            parse="v1,{signature}",
            separator=" ",
            signs=".{t}.{body}",
            timestamp_header="webhook-timestamp",
            key="whsec",
            encoding="base64",
        )
        reported = refused(
            self.name, request(BODY, nameless.sign_request(request(), [self.secret], NOW).headers)
        )
        assert reported == "The request has no header webhook-id."

    def test_another_id_is_refused(self) -> None:
        refused(self.name, with_headers(signed(self.name), webhook_id="msg_other"))

    def test_several_signatures_of_several_versions(self) -> None:
        sent = signed(self.name)
        several = f"v1,AAAA v1a,{'A' * 86}== v2,x garbage  {sent.headers['webhook-signature']} v1,"
        SCHEMES[self.name].verify(with_headers(sent, webhook_signature=several), [self.secret], NOW)

    @pytest.mark.parametrize("version", ["v1a", "v2", "V1", ""])
    def test_a_signature_of_another_version_does_not_count(self, version: str) -> None:
        sent = signed(self.name)
        other = sent.headers["webhook-signature"].replace("v1,", f"{version},")
        refused(self.name, with_headers(sent, webhook_signature=other))

    def test_the_prefix_of_the_secret_may_lack(self) -> None:
        SCHEMES[self.name].verify(signed(self.name), [self.secret.removeprefix("whsec_")], NOW)

    def test_the_padding_of_the_secret_may_lack(self) -> None:
        padded = "whsec_" + base64.b64encode(bytes(range(25))).decode()
        assert padded.endswith("==")
        for unpadded in (padded.rstrip("="), padded.removesuffix("=")):
            SCHEMES[self.name].verify(signed(self.name, secret=padded), [unpadded], NOW)

    @pytest.mark.parametrize(
        "secret", ["", "whsec_", "whsec_===", "whsec_A", "whsec_not base64!", "whsec_\u00e9"]
    )
    def test_an_unfit_secret_is_reported_at_start_and_fits_nothing(self, secret: str) -> None:
        assert len(SCHEMES[self.name].secret_problems([secret])) == 1
        refused(self.name, signed(self.name), secrets=[secret])
        with pytest.raises(ValueError, match="It "):
            SCHEMES[self.name].sign_request(request(), [secret], NOW)

    def test_the_id_can_be_chosen(self) -> None:
        headers = SCHEMES[self.name].sign_request(request(), [self.secret], NOW, delivery_id="msg_1").headers
        assert headers["webhook-id"] == "msg_1"
        SCHEMES[self.name].verify(request(BODY, headers), [self.secret], NOW)


class TestBase64:
    @pytest.mark.parametrize("place", [0, 20, 44])
    @pytest.mark.parametrize("stray", ["!", "\u00e9", "="])
    def test_stray_characters_are_refused(self, place: int, stray: str) -> None:
        text = signed("body-base64").headers["x-signature"]
        refused("body-base64", request(BODY, {"X-Signature": text[:place] + stray + text[place:]}))


class TestTokens:
    @pytest.mark.parametrize("before", ["Bearer ", "bearer ", "BEARER   "])
    def test_the_scheme_is_read_in_any_case(self, before: str) -> None:
        sent = request(BODY, {"authorization": before + SECRETS["bearer"]})
        SCHEMES["bearer"].verify(sent, [SECRETS["bearer"]], NOW)

    @pytest.mark.parametrize("before", ["", "Basic ", "Bearer", "Bearer Bearer ", "Bearer x"])
    def test_another_scheme_is_refused(self, before: str) -> None:
        refused("bearer", request(BODY, {"authorization": before + SECRETS["bearer"]}))

    @pytest.mark.parametrize("text", ["Bearer", "Bearer ", "Bearer \u00e9", "Bearer \ud800"])
    def test_no_token_is_refused(self, text: str) -> None:
        refused("bearer", request(BODY, {"authorization": text}))

    def test_characters_other_than_ascii_are_reported_to_the_log(self) -> None:
        assert "other than ASCII" in refused("bearer", request(BODY, {"authorization": "Bearer \u00e9"}))

    def test_the_password_may_hold_colons_and_any_character(self) -> None:
        secret = "zapier:pass:wörd"
        credentials = base64.b64encode(secret.encode()).decode()
        sent = request(BODY, {"Authorization": f"Basic {credentials}"})
        Basic().verify(sent, [secret], NOW)
        assert Basic().sign_request(sent, [secret], NOW).header("Authorization") == f"Basic {credentials}"

    @pytest.mark.parametrize(
        "text", ["Basic", "Basic !!!", "Basic emFwaWVy", "Basic Og==", "Bearer emFwaWVyOg=="]
    )
    def test_other_credentials_are_refused(self, text: str) -> None:
        refused("basic", request(BODY, {"Authorization": text}))


class TestDeclaration:
    @pytest.mark.parametrize(
        ("options", "reported"),
        [
            ({"algorithm": "md5"}, "`algorithm` is 'md5': it must be one of hmac-sha256"),
            ({"encoding": "base32"}, "`encoding` is 'base32': it must be one of hex, base64"),
            ({"key": "jwk"}, "`key` is 'jwk': it must be one of text, whsec"),
            ({"key": "pem"}, 'The key of hmac-sha256 is not in PEM: leave out `key="pem"`'),
            ({"algorithm": "ed25519"}, 'The key of ed25519 is in PEM: say `key="pem"`'),
            ({"timestamp": "us"}, "`timestamp` is 'us': it must be one of s, ms, iso"),
            ({"signs": ()}, "`signs` is empty"),
            ({"signs": ("{body}", "{url}")}, "it needs {body}"),
            ({"signs": "{method}{url}"}, "it needs {body}"),
            ({"signs": "{secret}{body}"}, "leave {secret} out"),
            ({"algorithm": "sha256"}, "`signs` needs {secret}"),
            ({"body_digest": "digest"}, "`body_digest` stands in for {form}"),
            ({"signs": "{form}", "body_digest": "digest"}, "`body_digest` is part of the address"),
            ({"public_keys": ("PEM",)}, "has no key pairs"),
            ({"algorithm": "ed25519", "key": "pem", "public_keys": ("PEM",)}, "It is no key in PEM"),
            (
                {"algorithm": "rsa-pkcs1v15-sha256", "key": "pem", "public_keys": (key_pair(bytes(32)),)},
                "an RSA key is needed",
            ),
            ({"parse": "sha256="}, "it needs {signature}"),
            ({"parse": "v={signature},x={nonce}"}, "{nonce} is not one of {signature}, {t}"),
            ({"parse": "{t}.{signature}", "signs": "{t}{body}"}, "each item holds exactly one placeholder"),
            ({"parse": "v1,{signature}"}, "each item holds exactly one placeholder"),
            ({"separator": ""}, "`separator` is empty"),
            ({"signs": "{t}"}, "it needs {body}"),
            ({"signs": "{body}{}"}, "{} is not one of {body}, {t}, {id}"),
            ({"signs": "{path}{body}"}, "{path} is not one of"),
            ({"signs": "{body:hex}"}, "{body:hex} is not one of"),
            ({"signs": "{t}{body}"}, "set `timestamp_header`"),
            ({"signs": "{id}{body}"}, "set `id_header`"),
            ({"parse": "t={t},s={signature}"}, "`signs` leaves it out"),
            ({"timestamp_header": "X-T"}, "`signs` leaves it out"),
            ({"id_header": "X-Id"}, "`signs` leaves it out"),
            (
                {"parse": "t={t},s={signature}", "timestamp_header": "X-T", "signs": "{t}{body}"},
                "keep one of them",
            ),
            ({"tolerance": 0}, "positive number of seconds"),
        ],
    )
    def test_a_mistake_is_reported_at_import(self, options: dict[str, object], reported: str) -> None:
        with pytest.raises(ValueError, match=re.escape(reported)):
            Signature(header="X-Signature", **options)
