"""A message about an action: on the next page, once, and only in words of ours."""

from typing import Any

import pytest

from bridge.console.flash import Flash
from bridge.models import Role

PAUSE = "/console/health/cintegration/pause"


def test_the_next_page_shows_it_once(signed_in: Any) -> None:
    operator = signed_in(Role.OPERATOR)
    answer = operator.post(PAUSE, {"reason": "Moving house"})
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert [Flash.INTEGRATION_PAUSED.text in operator.get("/console/health").text for _ in range(2)] == [
        True,
        False,
    ]


def test_a_refusal_promises_nothing(signed_in: Any) -> None:
    assert "Set-Cookie" not in signed_in(Role.OPERATOR).post(PAUSE, {"reason": " "}).headers


@pytest.mark.parametrize("value", ["Your account is locked: call 555", "", "USER_ADDED"])
def test_a_cookie_puts_no_words_of_its_own_on_a_page(signed_in: Any, value: str) -> None:
    viewer = signed_in(Role.VIEWER)
    viewer.client.set_cookie("bridge-flash", value)
    answer = viewer.get("/console/health")
    assert 'class="toast"' not in answer.text
    assert "bridge-flash=;" in answer.headers["Set-Cookie"]
