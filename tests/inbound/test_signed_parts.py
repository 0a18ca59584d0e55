"""Signatures over more than the body: the address, the method, and the fields of a form."""

import hashlib
import re
from dataclasses import replace

import pytest
from inbound.proofs import FORM, JSON, NOW, SECRET, SIGNED, accepts, refused, request

from bridge.inbound.signatures import AnyOf, Request, Signature


class TestAddress:
    def signed(self, template: str, url: str) -> Request:
        """A request to `url` whose sender signed what `template` makes of it."""
        plain = replace(request(), url=url)
        return Signature(header="X-Signature", signs=template).sign_request(plain, [SECRET], NOW)

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
        forged = replace(SIGNED.sign_request(request(), [SECRET], NOW), url="")
        assert "set the bridge's public address" in refused(scheme, forged)
        assert scheme.signs_url
        assert not SIGNED.signs_url
        assert AnyOf(SIGNED, scheme).signs_url

    def test_the_method_is_signed_in_capitals(self) -> None:
        scheme = Signature(header="X-Signature", signs="{method}{body}")
        sent = scheme.sign_request(replace(request(), method="put"), [SECRET], NOW)
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
        return self.twilio.sign_request(request(body, headers), [SECRET], NOW)

    def test_fields_are_signed_sorted_decoded_and_whole(self) -> None:
        body = b"b=2+&A=%C3%AB&a=&b=1&b=1&=x&c"
        sent = self.prepared(body, FORM)
        text = (request().url + "x" + "A\u00eb" + "a" + "b1" + "b2 " + "c").encode()
        plain = Signature(header="X-Signature", algorithm="hmac-sha1", encoding="base64")
        assert plain.sign_request(request(text), [SECRET], NOW).header("X-Signature") == sent.header(
            "X-Signature"
        )
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
        reported = refused(self.twilio, sent.with_headers({"content-type": content_type}))
        assert "no parameter digest" in reported

    def test_calling_a_document_a_form_hides_nothing(self) -> None:
        assert not accepts(self.twilio, self.prepared(JSON).with_headers(FORM))

    def test_another_digest_is_refused(self) -> None:
        sent = self.prepared(JSON)
        for url in (sent.url[:-1], sent.url + "0", sent.url + "&digest=0"):
            assert not accepts(self.twilio, replace(sent, url=url))
        assert "not the SHA-256 of the body" in refused(self.twilio, replace(sent, body=b"{}"))

    def test_without_a_digest_only_forms_are_authentic(self) -> None:
        forms = replace(self.twilio, body_digest=None)
        assert accepts(forms, forms.sign_request(request(b"a=1", FORM), [SECRET], NOW))
        assert "not signed" in refused(forms, forms.sign_request(request(JSON), [SECRET], NOW))
