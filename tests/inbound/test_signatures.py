"""The schemes in which the proof stands in headers, on whatever a forger may try.

`test_vectors.py` has what the senders themselves sign, `test_schemes.py` the other places and the combinations.
"""

import ast
import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import NotAuthentic
from bridge.inbound import signatures
from bridge.inbound.signatures import Basic, Request, Scheme, Signature, Token

SCHEMES: dict[str, Scheme] = {
    "calendly": Signature(
        header="Calendly-Webhook-Signature", parse="t={t},v1={signature}", signs="{t}.{body}", tolerance=300
    ),
    "cal-com": Signature(header="X-Cal-Signature-256", missing=("no-secret-provided",)),
    "standard-webhooks": Signature(
        header="webhook-signature",
        parse="v1,{signature}",
        separator=" ",
        signs="{id}.{t}.{body}",
        id_header="webhook-id",
        timestamp_header="webhook-timestamp",
        key="whsec",
        encoding="base64",
    ),
    "body-hex-prefix": Signature(header="X-Signature", parse="sha256={signature}"),
    "body-base64-prefix": Signature(header="X-Signature", parse="sha256={signature}", encoding="base64"),
    "body-base64": Signature(header="X-Signature", encoding="base64"),
    "timestamp-header": Signature(header="X-Signature", signs="{t}.{body}", timestamp_header="X-Timestamp"),
    "milliseconds": Signature(
        header="X-Signature",
        signs="[{t};{body}]",
        timestamp_header="X-Timestamp",
        timestamp="ms",
    ),
    "body-before-timestamp": Signature(header="X-Signature", parse="t={t},s={signature}", signs="{body}_{t}"),
    "hex-key": Signature(header="X-Signature", signs="{t}{body}", timestamp_header="X-Timestamp", key="hex"),
    "base64-key": Signature(header="X-Signature", key="base64"),
    "base64-of-body": Signature(header="X-Signature", signs="{body:base64}"),
    "sha1": Signature(header="X-Signature", parse="sha1={signature}", algorithm="hmac-sha1"),
    "plain-hash": Signature(header="X-Signature", signs="{secret}{method}{url}{body}", algorithm="sha256"),
    "address": Signature(
        header="X-Signature", signs=("{url:decoded}{body}", "{url}{body}"), encoding="base64"
    ),
    "fields": Signature(
        header="X-Signature",
        signs=("{url:portless}{form}", "{url:port}{form}"),
        encoding="base64",
        body_digest="bodySHA256",
    ),
    "key-pair": Signature(header="X-Signature", algorithm="ed25519", encoding="base64", key="pem"),
    "iso": Signature(
        header="X-Signature", signs="{t}{body}", timestamp_header="X-Timestamp", timestamp="iso"
    ),
    "bearer": Token(scheme="Bearer"),
    "header-token": Token(header="X-Api-Key"),
    "basic": Basic(),
}


def key_pair(seed: bytes) -> str:
    """A private key in PEM."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SECRETS = dict.fromkeys(SCHEMES, "brg_a-secret:with-colon") | {
    "standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "hex-key": "8471B3e0527f32064a5d1f3b4f58309a",
    "base64-key": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "key-pair": key_pair(bytes(range(32))),
}
OTHER_SECRETS = dict.fromkeys(SCHEMES, "brg_another:secret") | {
    "standard-webhooks": "whsec_CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8",
    "hex-key": "00ff",
    "base64-key": "CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8",
    "key-pair": key_pair(bytes(32)),
}
SIGNING = [name for name, scheme in SCHEMES.items() if isinstance(scheme, Signature)]
TIMED = [
    "calendly",
    "standard-webhooks",
    "timestamp-header",
    "milliseconds",
    "body-before-timestamp",
    "hex-key",
    "iso",
]
NOW = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
BODY = b'{"event": "tour.booked", "name": "Zo\xc3\xab", "at": 1}'

every_scheme = pytest.mark.parametrize("name", SCHEMES)
every_signature = pytest.mark.parametrize("name", SIGNING)
every_timed = pytest.mark.parametrize("name", TIMED)


def request(body: bytes = BODY, headers: dict[str, str] | None = None) -> Request:
    return Request(headers or {}, body, url="https://bridge.example.com/hooks/any%20name?a=%2F%20b&a=")


def signed(name: str, body: bytes = BODY, now: datetime = NOW, secret: str | None = None) -> Request:
    return SCHEMES[name].prepare(request(body), [secret or SECRETS[name]], now)


def refused(
    name: str,
    sent: Request,
    now: datetime = NOW,
    secrets: list[str] | None = None,
    tolerance: int | None = None,
) -> str:
    """Why the request was refused, as the log has it."""
    with pytest.raises(NotAuthentic) as caught:
        SCHEMES[name].verify(sent, [SECRETS[name]] if secrets is None else secrets, now, tolerance)
    assert str(caught.value) == NotAuthentic.__doc__
    return str(caught.value.__cause__)


def with_headers(sent: Request, **changes: str | None) -> Request:
    headers = {**sent.headers, **{name.replace("_", "-"): text for name, text in changes.items()}}
    return replace(sent, headers={name: text for name, text in headers.items() if text is not None})


class TestRoundTrip:
    @every_scheme
    @settings(deadline=None)
    @given(body=st.binary())
    def test_what_is_signed_is_accepted(self, name: str, body: bytes) -> None:
        SCHEMES[name].verify(signed(name, body), [SECRETS[name]], NOW)

    @every_scheme
    def test_another_secret_is_refused(self, name: str) -> None:
        assert "none of the secrets" in refused(name, signed(name, secret=OTHER_SECRETS[name]))

    @every_scheme
    def test_both_secrets_are_live_during_a_rotation(self, name: str) -> None:
        both = [OTHER_SECRETS[name], SECRETS[name]]
        SCHEMES[name].verify(signed(name, secret=both[0]), both, NOW)
        SCHEMES[name].verify(signed(name, secret=both[1]), both, NOW)

    @every_scheme
    def test_without_headers_it_is_refused(self, name: str) -> None:
        assert "has no header" in refused(name, request())

    @every_scheme
    def test_no_secret_fails_closed(self, name: str) -> None:
        assert "no secret" in refused(name, signed(name), secrets=[])

    @every_scheme
    def test_an_empty_secret_fails_closed(self, name: str) -> None:
        assert "empty" in refused(name, signed(name), secrets=["", SECRETS[name]])

    @every_signature
    @pytest.mark.parametrize(
        "text", ["", " ", ",", "=", "v1,", "t=1", "deadbeef", "abc", "\u00e9", "%%%", "v1,AAA"]
    )
    def test_a_malformed_signature_is_refused(self, name: str, text: str) -> None:
        scheme = SCHEMES[name]
        refused(
            name, replace(signed(name), headers=signed(name).headers | {scheme.header_names[0].lower(): text})
        )

    @every_signature
    def test_an_empty_signature_is_refused(self, name: str) -> None:
        sent = signed(name)
        header = SCHEMES[name].header_names[0].lower()
        text = re.sub("[0-9a-f]{40,64}|[A-Za-z0-9+/]{43,86}=+", "", sent.headers[header])
        assert text != sent.headers[header]
        refused(name, replace(sent, headers=sent.headers | {header: text}))


class TestWindow:
    @every_timed
    @pytest.mark.parametrize("seconds", [-300, 0, 300])
    def test_five_minutes_both_ways_are_accepted(self, name: str, seconds: int) -> None:
        SCHEMES[name].verify(signed(name), [SECRETS[name]], NOW + timedelta(seconds=seconds))

    @every_timed
    @pytest.mark.parametrize(("seconds", "told"), [(-301, "-301 s old"), (301, "301 s old")])
    def test_a_second_more_is_refused(self, name: str, seconds: int, told: str) -> None:
        assert told in refused(name, signed(name), NOW + timedelta(seconds=seconds))

    @every_timed
    def test_the_source_may_say_how_much(self, name: str) -> None:
        late = NOW + timedelta(seconds=301)
        SCHEMES[name].verify(signed(name), [SECRETS[name]], late, tolerance=600)
        refused(name, signed(name), NOW + timedelta(seconds=11), tolerance=10)

    @pytest.mark.parametrize("name", [name for name in TIMED if name != "iso"])
    @pytest.mark.parametrize(
        "form",
        [
            "",
            "hello",
            "-1",
            "-{}",
            "+{}",
            "{}.0",
            "{}e0",
            "0x{:x}",
            "{:_}",
            "9" * 12,
            "9" * 400,
            "9" * 5000,
            "٣" * 10,
        ],
    )
    def test_what_is_no_number_of_seconds_is_refused(self, name: str, form: str) -> None:
        sent = signed(name)
        now = int(NOW.timestamp())
        headers = {key: text.replace(str(now), form.format(now)) for key, text in sent.headers.items()}
        assert headers != sent.headers
        refused(name, replace(sent, headers=headers))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026",
            "1796140800",
            "2026-12-01T16:00:00",
            "2026-12-01",
            "0001-01-01T00:00:00+14:00",
            "x" * 9000,
        ],
    )
    def test_what_is_no_iso_instant_is_refused(self, text: str) -> None:
        refused("iso", with_headers(signed("iso"), x_timestamp=text))

    @pytest.mark.parametrize("text", ["2026-12-01T16:00:00+00:00", "2026-12-01T10:00:00.000-06:00"])
    def test_an_iso_instant_may_be_written_in_any_way(self, text: str) -> None:
        headers = Signature(header="X-Signature").sign(request(text.encode() + BODY), SECRETS["iso"], NOW)
        SCHEMES["iso"].verify(request(BODY, {**headers, "X-Timestamp": text}), [SECRETS["iso"]], NOW)

    def test_milliseconds_are_no_seconds(self) -> None:
        told = refused("timestamp-header", signed("timestamp-header"), NOW - timedelta(days=20000))
        assert "-1728000000 s old" in told

    def test_a_timestamp_may_be_signed_and_of_any_age(self) -> None:
        ageless = Signature(
            header="X-Signature", signs="{t}.{body}", timestamp_header="X-Timestamp", tolerance=None
        )
        sent = ageless.prepare(request(), ["key"], NOW)
        ageless.verify(sent, ["key"], NOW + timedelta(days=365))
        ageless.verify(sent.with_headers(ageless.sign(request(), "key", NOW)), ["key"], NOW)
        with pytest.raises(NotAuthentic):
            ageless.verify(with_headers(sent, x_timestamp="1"), ["key"], NOW)
        with pytest.raises(NotAuthentic):
            ageless.verify(sent, ["key"], NOW + timedelta(seconds=61), tolerance=60)

    def test_a_timestamp_is_signed_as_it_was_written(self) -> None:
        signature = SCHEMES["timestamp-header"]
        assert isinstance(signature, Signature)
        written = "00" + str(int(NOW.timestamp()))
        headers = Signature(header="X-Signature").sign(request(written.encode() + b"." + BODY), "key", NOW)
        signature.verify(request(BODY, {**headers, "X-Timestamp": written}), ["key"], NOW)


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
        with pytest.raises(NotAuthentic):
            self.verify(header.format(t=t, v1=v1))

    def test_hex_may_be_upper_case(self) -> None:
        t, v1 = self.parts()
        self.verify(f"{t},v1={v1[3:].upper()}")

    def test_hex_may_not_have_spaces_inside(self) -> None:
        t, v1 = self.parts()
        with pytest.raises(NotAuthentic):
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
        told = refused(self.name, request(BODY, nameless.sign(request(), self.secret, NOW)))
        assert told == "The request has no header webhook-id."

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
    def test_an_unfit_secret_is_told_at_start_and_fits_nothing(self, secret: str) -> None:
        assert len(SCHEMES[self.name].check_secrets([secret])) == 1
        refused(self.name, signed(self.name), secrets=[secret])
        with pytest.raises(ValueError, match="It "):
            SCHEMES[self.name].sign(request(), secret, NOW)

    def test_the_id_can_be_chosen(self) -> None:
        headers = SCHEMES[self.name].sign(request(), self.secret, NOW, delivery_id="msg_1")
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

    def test_characters_other_than_ascii_are_told_to_the_log(self) -> None:
        assert "other than ASCII" in refused("bearer", request(BODY, {"authorization": "Bearer \u00e9"}))

    def test_the_password_may_hold_colons_and_any_character(self) -> None:
        secret = "zapier:pass:wörd"
        credentials = base64.b64encode(secret.encode()).decode()
        sent = request(BODY, {"Authorization": f"Basic {credentials}"})
        Basic().verify(sent, [secret], NOW)
        assert Basic().sign(sent, secret, NOW) == {"Authorization": f"Basic {credentials}"}

    @pytest.mark.parametrize(
        "text", ["Basic", "Basic !!!", "Basic emFwaWVy", "Basic Og==", "Bearer emFwaWVyOg=="]
    )
    def test_other_credentials_are_refused(self, text: str) -> None:
        refused("basic", request(BODY, {"Authorization": text}))


class TestSecrets:
    @every_scheme
    def test_a_good_one_has_no_problems(self, name: str) -> None:
        assert SCHEMES[name].check_secrets([SECRETS[name], OTHER_SECRETS[name]]) == []

    @every_scheme
    def test_none_is_a_problem(self, name: str) -> None:
        assert "Copy it from the sender" in SCHEMES[name].check_secrets([])[0]

    @pytest.mark.parametrize(
        ("name", "secret", "told"),
        [
            ("cal-com", "", "empty"),
            ("cal-com", "hush \n", "white space"),
            ("cal-com", " hush", "white space"),
            ("cal-com", "hush\udc80", "UTF-8"),
            ("bearer", "hüsch", "cannot stand in a header"),
            ("bearer", "hush\x00hush", "cannot stand in a header"),
            ("basic", "hush", "user:password"),
            ("standard-webhooks", "whsec_hush!", "base64"),
            ("base64-key", "hush!", "not base64"),
            ("hex-key", "hush", "not hex"),
            ("hex-key", "00f", "not hex"),
            ("key-pair", "hush", "no key in PEM"),
            ("key-pair", "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----", "no key in PEM"),
            ("key-pair", "\udc80", "UTF-8"),
        ],
    )
    def test_each_problem_says_which_secret_and_what_but_not_the_secret(
        self, name: str, secret: str, told: str
    ) -> None:
        (problem,) = SCHEMES[name].check_secrets([SECRETS[name], secret])
        assert problem.startswith("Secret 2 of 2: ")
        assert told in problem
        assert "hush" not in problem

    @every_scheme
    def test_the_headers_that_carry_them_are_named(self, name: str) -> None:
        assert set(SCHEMES[name].header_names) <= SCHEMES[name].sign(request(), SECRETS[name], NOW).keys()


class TestDeclaration:
    @pytest.mark.parametrize(
        ("options", "told"),
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
    def test_a_mistake_is_told_at_import(self, options: dict[str, object], told: str) -> None:
        with pytest.raises(ValueError, match=re.escape(told)):
            Signature(header="X-Signature", **options)


ANY_TEXT = (
    st.text() | st.text(st.characters(codec="latin-1")) | st.sampled_from(["t=1,v1=ab", "Basic ", "v1,"])
)


class TestForgers:
    @every_scheme
    @settings(deadline=None)
    @given(data=st.data(), body=st.binary())
    def test_whatever_they_send_is_refused_and_nothing_else(
        self, name: str, data: st.DataObject, body: bytes
    ) -> None:
        sent = signed(name, body)
        right = sent.headers
        forged = {header: data.draw(ANY_TEXT) for header in right}
        if {key: text.strip(" \t") for key, text in forged.items()} != right:
            refused(name, replace(sent, headers=forged))
        one = data.draw(st.sampled_from(sorted(right)))
        refused(name, replace(sent, headers={**right, one: data.draw(ANY_TEXT)}))

    @settings(deadline=None)
    @given(
        secrets=st.lists(st.text()),
        now=st.datetimes(timezones=st.just(UTC)),
        header=ANY_TEXT,
    )
    def test_odd_secrets_and_clocks_are_no_way_in(
        self, secrets: list[str], now: datetime, header: str
    ) -> None:
        for name, scheme in SCHEMES.items():
            sent = request(b"", dict.fromkeys(scheme.sign(request(), SECRETS[name], now), header))
            with pytest.raises(NotAuthentic):
                scheme.verify(sent, [secret for secret in secrets if secret not in header], now)


def test_no_module_compares_with_the_equality_operator() -> None:
    """`==` and `!=` stop at the first byte that differs, which tells a forger how far he got."""
    modules = sorted(Path(signatures.__file__).parent.glob("*.py"))
    nodes = [node for module in modules for node in ast.walk(ast.parse(module.read_text("utf-8")))]
    operators = [op for node in nodes if isinstance(node, ast.Compare) for op in node.ops]
    assert not [op for op in operators if isinstance(op, ast.Eq | ast.NotEq)]
    assert not [node for node in nodes if isinstance(node, ast.Match)]
    calls = [
        node.func.attr
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert "compare_digest" in calls
    assert not {"__eq__", "__ne__"} & set(calls)
