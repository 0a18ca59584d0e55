"""What a sender reads in the answer."""

import json

from bridge.mapping import Reply
from bridge.mapping.paths import DecodedRequest, Path

BOT = Reply({"messages": [{"text": "{text}"}], "id": "{id}"}, text="We have it.", silent={})
SMS = Reply("<Message>{text}</Message>", content_type="text/xml", silent="<Response/>")


def test_words_of_the_operator_come_before_those_of_the_mapping() -> None:
    assert json.loads(BOT.render(None, 7, ignored=False)) == {
        "messages": [{"text": "We have it."}],
        "id": "7",
    }
    assert json.loads(BOT.render('Say "hi" {id}', 7, ignored=False))["messages"] == [{"text": 'Say "hi" 7'}]


def test_where_nothing_is_to_be_answered_it_is_silent() -> None:
    assert BOT.render("Thanks", 7, ignored=True) == "{}"
    assert SMS.render(None, 7, ignored=False) == "<Response/>"


def test_words_cannot_become_markup() -> None:
    assert (
        SMS.render("<b> & </Message>", 7, ignored=False)
        == "<Message>&lt;b&gt; &amp; &lt;/Message&gt;</Message>"
    )


def test_without_a_silent_body_it_says_the_same_to_all() -> None:
    assert Reply("ok").render(None, 7, ignored=True) == "ok"


def test_an_answer_can_name_what_the_request_asked_for() -> None:
    tools = Reply(
        Path("calls && {results: calls[].{id: id, result: '{text}'}}"),
        text="We have it.",
        silent=Path("calls && {results: calls[].{id: id, result: 'Nothing to do.'}}"),
    )
    asked = DecodedRequest({"calls": [{"id": "a"}, {"id": "b"}]}, {})

    def answer(received: DecodedRequest | None, *, ignored: bool) -> object:
        return json.loads(tools.render(None, 7, ignored=ignored, received=received))

    assert answer(asked, ignored=False) == {
        "results": [{"id": "a", "result": "We have it."}, {"id": "b", "result": "We have it."}]
    }
    assert answer(DecodedRequest({"calls": [{"id": "a"}]}, {}), ignored=True) == {
        "results": [{"id": "a", "result": "Nothing to do."}]
    }
    assert answer(DecodedRequest({"status": "ended"}, {}), ignored=True) == {}
    assert answer(None, ignored=False) == {}
