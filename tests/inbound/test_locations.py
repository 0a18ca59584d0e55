"""Proofs in every place of a request: query, path, body and header."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inbound.proofs import FORM, NOW, OTHER, SECRET, SIGNED, accepts, refused, request

from bridge.inbound.signatures import (
    AllOf,
    AnyOf,
    Basic,
    FirstOf,
    Request,
    Scheme,
    SharedSecret,
    Token,
)

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

everywhere = pytest.mark.parametrize("scheme", EVERYWHERE.values(), ids=EVERYWHERE)


class TestEveryPlace:
    @everywhere
    def test_what_the_sender_prepares_is_accepted(self, scheme: Scheme) -> None:
        scheme.verify(scheme.sign_request(request(), [SECRET], NOW), [SECRET], NOW)

    @everywhere
    def test_another_secret_is_refused(self, scheme: Scheme) -> None:
        assert "none of the secrets" in refused(scheme, scheme.sign_request(request(), [OTHER], NOW))

    @everywhere
    def test_both_secrets_are_live_during_a_rotation(self, scheme: Scheme) -> None:
        times = 3 if isinstance(scheme, AllOf) else 1
        both = [OTHER] * times + [SECRET] * times
        assert accepts(scheme, scheme.sign_request(request(), [OTHER], NOW), both)
        assert accepts(scheme, scheme.sign_request(request(), [SECRET], NOW), both)

    @everywhere
    def test_without_its_proof_it_is_refused(self, scheme: Scheme) -> None:
        assert not scheme.is_present(request())
        assert "has no" in refused(scheme, request())

    @everywhere
    @pytest.mark.parametrize("secrets", [[], [""], ["", SECRET], [" "], ["\udc80"]])
    def test_unfit_secrets_fail_closed(self, scheme: Scheme, secrets: list[str]) -> None:
        sent = scheme.sign_request(request(), [SECRET], NOW)
        assert scheme.secret_problems(secrets)
        assert not accepts(scheme, sent, secrets)
        empty = replace(sent, headers={}, body=b"", url=request().url, token="")
        assert not accepts(scheme, empty, secrets)
        with pytest.raises(ValueError, match=r"\w+"):
            scheme.sign_request(request(), secrets, NOW)

    @everywhere
    @settings(deadline=None, max_examples=40)
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
        assert scheme.is_present(sent) in (True, False)
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
        sent = self.token.sign_request(request(), [secret], NOW)
        assert sent.url.startswith(request().url + "&code=")
        assert sent.url.isascii()
        assert accepts(self.token, sent, [secret])

    def test_preparing_again_does_not_repeat_it(self) -> None:
        once = self.token.sign_request(request(query="?code=old&a=1"), [SECRET], NOW)
        assert once.url.endswith(f"?a=1&code={SECRET}")
        assert self.token.sign_request(once, [SECRET], NOW) == once

    @pytest.mark.parametrize(
        ("query", "reported"),
        [
            ("?code=", "no parameter code"),
            ("?Code=hunter2", "no parameter code"),
            ("?code=hunter2&code=hunter2", "2 times"),
            ("?code=hunter2&code=", "2 times"),
            ("?code=%68unter2%", "none of the secrets"),
            ("#?code=hunter", "none of the secrets"),
        ],
    )
    def test_it_must_stand_there_once(self, query: str, reported: str) -> None:
        assert reported in refused(self.token, request(query=query))

    def test_bytes_that_are_no_text_do_not_fit_their_replacement(self) -> None:
        sent = request(query="?code=%ff")
        assert sent.query == {"code": "\ufffd"}
        refused(self.token, sent, ["\ufffd"])


class TestPath:
    token = Token(path=True)

    def test_it_stands_behind_the_name_of_the_source(self) -> None:
        sent = self.token.sign_request(request(), [SECRET], NOW)
        assert (sent.token, sent.url) == (SECRET, "https://bridge.example.com/hooks/acme/hunter2?a=1&b=%20c")
        again = self.token.sign_request(sent, [OTHER], NOW)
        assert (again.token, again.url) == (OTHER, "https://bridge.example.com/hooks/acme/hunter3?a=1&b=%20c")

    @pytest.mark.parametrize("secret", ["a/b", "..", "a b", "100%", "a?", "zo\u00eb"])
    def test_a_secret_that_cannot_stand_there_is_reported(self, secret: str) -> None:
        (problem,) = self.token.secret_problems([secret])
        assert "not allowed in a path" in problem


class TestBody:
    token = Token(body="account.secret_key")

    def test_it_is_removed_before_the_body_is_stored(self) -> None:
        assert self.token.body_secrets == ("account.secret_key",)

    def test_of_a_form(self) -> None:
        form = Token(body="token")
        sent = form.sign_request(request(b"a=1&token=old&b=", FORM), [SECRET], NOW)
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
            self.token.sign_request(request(body), [SECRET], NOW)

    def test_of_two_equal_keys_the_one_counts_that_is_read(self) -> None:
        refused(Token(body="key"), request(b'{"key": "hunter2", "key": "other"}'))


class TestSharedSecret:
    USER = "user:pass:word"

    @pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
    def test_is_taken_in_headers(self, headers: dict[str, str]) -> None:
        assert accepts(SharedSecret(), request(headers=headers))
        assert not accepts(SharedSecret("query", "path"), request(headers=headers))

    def test_is_taken_as_basic(self) -> None:
        sent = Basic().sign_request(request(), [self.USER], NOW)
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
        assert (
            SharedSecret().sign_request(request(), [SECRET], NOW).header("Authorization") == "Bearer hunter2"
        )
        assert (
            SharedSecret("header", "bearer").sign_request(request(), [SECRET], NOW).header("X-Bridge-Key")
            == SECRET
        )
        assert SharedSecret("path", "header").sign_request(request(), [SECRET], NOW).token == SECRET
        assert SharedSecret("path", "query").sign_request(request(), ["a/b"], NOW).query["token"] == "a/b"

    def test_all_places_are_named_so_that_none_is_stored(self) -> None:
        assert SharedSecret().header_names == ("Authorization", "X-Bridge-Key", "X-Api-Key")
        assert SharedSecret().query_names == ("token",)
        assert SharedSecret("path").where == "the path"

    def test_the_secret_has_to_fit_one_way(self) -> None:
        assert SharedSecret().secret_problems(["zo\u00eb"]) == []  # in the query
        (problem,) = SharedSecret("bearer", "path").secret_problems(["hush hush\u00eb"])
        assert re.search(r"^Secret 1 of 1: .*header.* Or: .*path", problem)
        assert "hush" not in problem

    def test_a_mistake_is_reported_at_import(self) -> None:
        with pytest.raises(ValueError, match="'cookie' is not one of bearer, header, basic, query, path"):
            SharedSecret("cookie")
