"""Handshakes: what is asked before anything is sent, and what a forger may ask."""

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import NotAuthenticError
from bridge.inbound import handshakes
from bridge.inbound.handshakes import LONGEST, ChallengeByGet, ChallengeByPost

BY_GET = ChallengeByGet(token="hub.verify_token", challenge="hub.challenge", mode=("hub.mode", "subscribe"))
BY_POST = ChallengeByPost(where="type == 'url_verification'", challenge="challenge")
ASKED = {"hub.mode": "subscribe", "hub.verify_token": "ours", "hub.challenge": "1158201444"}


def refused(query: dict[str, str], tokens: list[str]) -> None:
    with pytest.raises(NotAuthenticError):
        BY_GET.answer(query, tokens)


class TestByGet:
    def test_the_challenge_is_repeated(self) -> None:
        assert BY_GET.answer(ASKED, ["ours"]) == "1158201444"

    def test_any_of_the_tokens_will_do(self) -> None:
        assert BY_GET.answer(ASKED, ["new", "ours"]) == "1158201444"

    @pytest.mark.parametrize("tokens", [[], [""], ["other"], ["our"], ["Ours"], ["ours "]])
    def test_another_token_is_refused(self, tokens: list[str]) -> None:
        refused(ASKED, tokens)

    def test_an_empty_token_fits_nothing(self) -> None:
        refused({**ASKED, "hub.verify_token": ""}, [""])
        refused({name: text for name, text in ASKED.items() if name != "hub.verify_token"}, ["", "ours"])

    @pytest.mark.parametrize("name", ["hub.mode", "hub.challenge"])
    @pytest.mark.parametrize("text", [None, "", "unsubscribe it"])
    def test_mode_and_challenge_are_needed(self, name: str, text: str | None) -> None:
        query = {**ASKED, name: text}
        refused({key: value for key, value in query.items() if value is not None}, ["ours"])

    @pytest.mark.parametrize(
        "challenge",
        ["1" * (LONGEST + 1), "a b", "a\nb", "a\r\nSet-Cookie:x", "\u00e9", "\ud800", "\0", "1\n"],
    )
    def test_only_short_plain_text_is_repeated(self, challenge: str) -> None:
        refused({**ASKED, "hub.challenge": challenge}, ["ours"])

    def test_the_longest_challenge(self) -> None:
        assert BY_GET.answer({**ASKED, "hub.challenge": "x" * LONGEST}, ["ours"]) == "x" * LONGEST

    def test_the_mode_is_asked_only_where_it_is_declared(self) -> None:
        plain = ChallengeByGet(token="t", challenge="c")
        assert plain.answer({"t": "ours", "c": "1"}, ["ours"]) == "1"

    def test_the_parameter_with_the_secret_is_named(self) -> None:
        assert BY_GET.query_names == ("hub.verify_token",)

    def test_a_mistake_is_reported_at_import(self) -> None:
        with pytest.raises(ValueError, match="the query parameters of the token and of the challenge"):
            ChallengeByGet(token="", challenge="c")

    @given(query=st.dictionaries(st.sampled_from(sorted(ASKED)), st.text()), tokens=st.lists(st.text()))
    def test_whatever_is_asked_is_refused_and_nothing_else(
        self, query: dict[str, str], tokens: list[str]
    ) -> None:
        given_token = query.get("hub.verify_token")
        refused(query, [token for token in tokens if token != given_token])


class TestByPost:
    def test_the_challenge_is_repeated(self) -> None:
        assert BY_POST.answer({"type": "url_verification", "challenge": "3eZbrw1a"}) == "3eZbrw1a"

    @pytest.mark.parametrize(
        "payload",
        [
            {"type": "event_callback", "challenge": "x"},
            {"type": "url_verification"},
            {"type": "url_verification", "challenge": 7},
            {"type": "url_verification", "challenge": "<b>\n"},
            {"type": "url_verification", "challenge": "x" * (LONGEST + 1)},
            {"challenge": "x"},
            [],
            None,
            "url_verification",
        ],
    )
    def test_what_is_no_challenge_has_no_answer(self, payload: object) -> None:
        assert BY_POST.answer(payload) is None

    @pytest.mark.parametrize("wrong", [{"where": "type =="}, {"challenge": "]"}])
    def test_a_mistake_is_reported_at_import(self, wrong: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="is not a JMESPath expression"):
            ChallengeByPost(**{"where": "type", "challenge": "challenge", **wrong})


def test_tokens_are_compared_in_constant_time() -> None:
    tree = ast.walk(ast.parse(inspect.getsource(handshakes)))
    assert "any_equal" in {
        node.func.id for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
