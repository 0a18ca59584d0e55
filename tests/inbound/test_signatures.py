"""The schemes with the signature in headers, on whatever a forger may try.

`test_vectors.py` has what the senders themselves sign, `test_locations.py` the other places, `test_signed_parts.py`
what else is signed, `test_schemes.py` the combinations.
"""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from inbound.signing import (
    BODY,
    NOW,
    OTHER_SECRETS,
    SCHEMES,
    SECRETS,
    TIMED,
    every_scheme,
    every_signature,
    every_timed,
    refused,
    request,
    signed,
    with_headers,
)

from bridge.errors import NotAuthenticError
from bridge.inbound import signatures
from bridge.inbound.signatures import Signature


class TestRoundTrip:
    @every_scheme
    @settings(max_examples=examples(100), deadline=None)
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
    @pytest.mark.parametrize(("seconds", "reported"), [(-301, "-301 s old"), (301, "301 s old")])
    def test_a_second_more_is_refused(self, name: str, seconds: int, reported: str) -> None:
        assert reported in refused(name, signed(name), NOW + timedelta(seconds=seconds))

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
        headers = (
            Signature(header="X-Signature")
            .sign_request(request(text.encode() + BODY), [SECRETS["iso"]], NOW)
            .headers
        )
        SCHEMES["iso"].verify(request(BODY, {**headers, "X-Timestamp": text}), [SECRETS["iso"]], NOW)

    def test_milliseconds_are_no_seconds(self) -> None:
        reported = refused("timestamp-header", signed("timestamp-header"), NOW - timedelta(days=20000))
        assert "-1728000000 s old" in reported

    def test_a_timestamp_may_be_signed_and_of_any_age(self) -> None:
        ageless = Signature(
            header="X-Signature", signs="{t}.{body}", timestamp_header="X-Timestamp", tolerance=None
        )
        sent = ageless.sign_request(request(), ["key"], NOW)
        ageless.verify(sent, ["key"], NOW + timedelta(days=365))
        ageless.verify(sent.with_headers(ageless.sign_request(request(), ["key"], NOW).headers), ["key"], NOW)
        with pytest.raises(NotAuthenticError):
            ageless.verify(with_headers(sent, x_timestamp="1"), ["key"], NOW)
        with pytest.raises(NotAuthenticError):
            ageless.verify(sent, ["key"], NOW + timedelta(seconds=61), tolerance=60)

    def test_a_timestamp_is_signed_as_it_was_written(self) -> None:
        signature = SCHEMES["timestamp-header"]
        assert isinstance(signature, Signature)
        written = "00" + str(int(NOW.timestamp()))
        headers = (
            Signature(header="X-Signature")
            .sign_request(request(written.encode() + b"." + BODY), ["key"], NOW)
            .headers
        )
        signature.verify(request(BODY, {**headers, "X-Timestamp": written}), ["key"], NOW)


class TestSecrets:
    @every_scheme
    def test_a_good_one_has_no_problems(self, name: str) -> None:
        assert SCHEMES[name].secret_problems([SECRETS[name], OTHER_SECRETS[name]]) == []

    @every_scheme
    def test_none_is_a_problem(self, name: str) -> None:
        assert "Copy it from the sender" in SCHEMES[name].secret_problems([])[0]

    @pytest.mark.parametrize(
        ("name", "secret", "reported"),
        [
            ("cal-com", "", "empty"),
            ("cal-com", "hush \n", "white space"),
            ("cal-com", " hush", "white space"),
            ("cal-com", "hush\udc80", "UTF-8"),
            ("bearer", "hüsch", "not allowed in a header"),
            ("bearer", "hush\x00hush", "not allowed in a header"),
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
        self, name: str, secret: str, reported: str
    ) -> None:
        (problem,) = SCHEMES[name].secret_problems([SECRETS[name], secret])
        assert problem.startswith("Secret 2 of 2: ")
        assert reported in problem
        assert "hush" not in problem

    @every_scheme
    def test_the_headers_that_carry_them_are_named(self, name: str) -> None:
        sent = SCHEMES[name].sign_request(request(), [SECRETS[name]], NOW)
        assert {header.lower() for header in SCHEMES[name].header_names} <= sent.headers.keys()


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
            sent = request(
                b"", dict.fromkeys(scheme.sign_request(request(), [SECRETS[name]], now).headers, header)
            )
            with pytest.raises(NotAuthenticError):
                scheme.verify(sent, [secret for secret in secrets if secret not in header], now)


def test_no_module_compares_with_the_equality_operator() -> None:
    """`==` and `!=` stop at the first byte that differs, which tells a forger how far he got."""
    modules = sorted(Path(signatures.__file__).parent.glob("*.py"))
    nodes = [node for module in modules for node in ast.walk(ast.parse(module.read_text("utf-8")))]
    compared = [node for node in nodes if isinstance(node, ast.Compare) and not _is_length(node.left)]
    operators = [op for node in compared for op in node.ops]
    assert not [op for op in operators if isinstance(op, ast.Eq | ast.NotEq)]
    assert not [node for node in nodes if isinstance(node, ast.Match)]
    calls = [
        node.func.attr
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert "compare_digest" in calls
    assert not {"__eq__", "__ne__"} & set(calls)


def _is_length(node: ast.expr) -> bool:
    """`len(...)`: the length of a signature is no secret."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
