"""The widget as an ordinary page, through the whole application."""

import json
import re
from typing import Any

import altcha
import pytest
from widget.conftest import SITE, Visitor

PAGE = "/widget/website?property=oakwood"
TYPED = {
    "first_name": "Maya",
    "last_name": "Okafor",
    "email": "maya@example.com",
    "phone": "",
    "message": "2 BR",
}


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of the form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def press(
    visitor: Visitor, button: str, page: Any, *, origin: str | None = "http://localhost", **values: str
) -> Any:
    """Send the form of a page with one of its buttons."""
    headers = {"Origin": origin} if origin else {}
    form = {**hidden(page), **TYPED, "kind": "in_person", button: "1", **values}
    return visitor.world.client.post(PAGE, data=form, headers=headers)


@pytest.fixture
def page(visitor: Visitor) -> Any:
    """The page, some seconds after it was opened."""
    opened = visitor.world.client.get(PAGE, headers={"Accept-Language": "en"})
    visitor.world.clock.advance(seconds=20)
    return opened


def test_only_the_sites_of_the_source_may_frame_it(page: Any) -> None:
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SITE}" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_another_day_keeps_all_that_was_typed(visitor: Visitor, page: Any) -> None:
    other = press(visitor, "show", page, day="2026-11-26", start="2026-11-25T10:00:00-06:00")
    for value in ("Maya", "Okafor", "maya@example.com", "2 BR"):
        assert value in other.text
    assert hidden(other)["submission_id"] == hidden(page)["submission_id"]
    assert "Time on Thursday, November 26" in other.text
    later = press(visitor, "show", other, later="2026-12-08")
    assert "Tuesday, December 8, 18 times" in later.text
    assert visitor.world.events() == []


def test_it_books_once_however_often_it_is_sent(visitor: Visitor, page: Any) -> None:
    answers = [press(visitor, "book", page, start="2026-11-25T10:00:00-06:00") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("/tour/" in answer.text for answer in answers)
    visitor.world.run()
    assert [str(tour.appointment_time) for tour in visitor.world.tours] == ["10:00:00"]


def test_what_is_wrong_is_reported_with_the_field_in_the_language(visitor: Visitor, page: Any) -> None:
    answer = press(
        visitor, "book", page, lang="pt", email="maya@", last_name="", start="2026-11-25T10:00:00-06:00"
    )
    assert answer.status_code == 422
    assert "<title>Erro: " in answer.text
    assert '<a href="#email">Este e-mail não está completo.</a>' in answer.text
    assert '<a href="#last_name">Digite seu sobrenome.</a>' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2


def test_a_time_that_is_gone_is_reported(visitor: Visitor, page: Any) -> None:
    visitor.world.document["properties"]["oakwood"]["slots"]["blackouts"] = ["2026-11-25 10:00-10:30"]
    visitor.world.restart()
    answer = press(visitor, "book", page, start="2026-11-25T10:00:00-06:00")
    assert (answer.status_code, "This time was just taken" in answer.text) == (422, True)
    assert "Okafor" in answer.text


def test_another_website_cannot_send_it(visitor: Visitor, page: Any) -> None:
    answer = press(visitor, "book", page, origin="https://evil.example", start="2026-11-25T10:00:00-06:00")
    assert (answer.status_code, answer.json["code"]) == (403, "origin_not_allowed")


def test_beyond_the_limit_the_page_brings_the_work_along(visitor: Visitor, page: Any) -> None:
    trapped = press(visitor, "book", page, homepage="https://buy.example", start="2026-11-25T10:00:00-06:00")
    assert trapped.status_code == 429
    assert "work.js" in trapped.text
    found = re.search(r'data-challenge="([^"]+)"', trapped.text)
    assert found
    challenge = altcha.Challenge.from_dict(json.loads(found[1].replace("&#34;", '"')))
    solution = altcha.solve_challenge(challenge)
    assert solution
    solved = altcha.Payload(challenge, solution).to_base64()
    again = press(visitor, "book", trapped, altcha=solved, start="2026-11-25T10:00:00-06:00", homepage="x")
    assert again.status_code == 200


def test_a_property_without_times_shows_the_phone(visitor: Visitor) -> None:
    world = visitor.world
    world.document["properties"]["oakwood"]["tour_hours"] = "07:00-21:00"
    del world.document["properties"]["oakwood"]["slots"]
    world.restart()
    answer = world.client.get(PAGE)
    assert "There are no free times at the moment." in answer.text
    assert 'href="tel:+1512-555-0134"' in answer.text


@pytest.mark.parametrize("query", ["&from=9999-12-31", "&from=x&day=y&kind=z&lang=q", "&day=2026-02-30"])
def test_an_odd_address_shows_the_page(visitor: Visitor, query: str) -> None:
    assert visitor.world.client.get(PAGE + query).status_code == 200
