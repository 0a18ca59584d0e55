"""The widget's requests through the whole application."""

import gzip
import re
from typing import Any

import altcha
import pytest
from console.conftest import open_browser
from widget.conftest import SITE, Visitor

from bridge.models import Role
from bridge.widget.admission import FAR_BEYOND
from bridge.widget.script import LARGEST, script


def test_the_script_is_small_and_cached_by_its_content(visitor: Visitor) -> None:
    answer = visitor.get("/widget.js", **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert len(answer.data) <= LARGEST
    assert gzip.decompress(answer.data) == script().text
    assert "max-age=300" in answer.headers["Cache-Control"]
    again = visitor.get("/widget.js", **{"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    plain = visitor.get("/widget.js")
    assert plain.data == script().text
    assert plain.headers["ETag"] != answer.headers["ETag"]


def test_the_address_of_a_version_never_changes_and_an_old_one_still_gives_a_script(visitor: Visitor) -> None:
    fixed = visitor.get(f"/widget/{script().version}/widget.js")
    assert "immutable" in fixed.headers["Cache-Control"]
    old = visitor.get("/widget/0123456789abcdef/widget.js")
    assert (old.status_code, old.data) == (200, script().text)
    assert "immutable" not in old.headers["Cache-Control"]


def test_the_widget_learns_what_it_shows_of_properties(visitor: Visitor) -> None:
    answer = visitor.get("/widget/website/places?property=oakwood,Elm%20Court,oakwood")
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert [place["key"] for place in answer.json["places"]] == ["oakwood", "elm"]
    assert answer.json["places"][0] == {
        "key": "oakwood", "name": "Oakwood Flats", "address": "410 Oakwood Avenue, Austin, TX",
        "phone": "+1 512-555-0134", "time_zone": "America/Chicago",
        "has_live_calendar": False,
    }  # fmt: skip
    assert [place["key"] for place in visitor.get("/widget/website/places").json["places"]] == ["oakwood"]


@pytest.mark.parametrize(
    ("path", "origin", "status", "code"),
    [
        ("/widget/website/places", "https://evil.example", 403, "origin_not_allowed"),
        ("/widget/website/places?property=nowhere", SITE, 404, "unknown_property_name"),
        ("/widget/nobody/places", SITE, 404, "unknown_source"),
        ("/widget/widget/places", SITE, 404, "unknown_source"),  # a source with a secret has no widget
        ("/widget/nobody", SITE, 404, "unknown_source"),
    ],
)
def test_nobody_else_learns_it(visitor: Visitor, path: str, origin: str, status: int, code: str) -> None:
    answer = visitor.world.client.get(path, headers={"Origin": origin})
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_booking_goes_through_the_inbox_into_the_pms_and_gives_a_link(visitor: Visitor) -> None:
    form = visitor.form()
    answer = visitor.send(form)
    assert answer.status_code == 200, answer.text
    assert re.fullmatch(r"http://localhost/tour/[\w-]{24}", answer.json["tour"]["link"])
    assert answer.json["tour"]["calendar"] == answer.json["tour"]["link"] + ".ics"
    visitor.world.run()
    assert visitor.world.status(answer.json["id"]) == ("written", None)
    (tour,) = visitor.world.tours
    assert f"{tour.appointment_date}T{tour.appointment_time}" == form["starts_at"][:19]


def test_retries_of_one_submission_make_one_tour(visitor: Visitor) -> None:
    form = visitor.form()
    answers = [visitor.send({**form, "lang": lang}) for lang in ("en", "es", "en")]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.json.get("duplicate", False) for answer in answers] == [False, True, True]
    assert len({answer.json["tour"]["link"] for answer in answers}) == 1
    assert len(visitor.world.events()) == 1


def test_the_same_id_with_another_tour_is_refused_with_the_link_of_the_first(visitor: Visitor) -> None:
    first = visitor.send(visitor.form())
    other = visitor.send(visitor.form(starts_at=visitor.slots()[5]["start"]))
    assert (other.status_code, other.json["code"]) == (409, "submission_reused")
    assert other.json["tour"] == first.json["tour"]
    assert len(visitor.world.events()) == 1


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"email": "maya@"}, {"email": ["Este correo electrónico no está completo."]}),
        ({"email": ""}, {"email": ["Escriba un correo electrónico o un teléfono."]}),
        ({"email": "", "phone": "call me"}, {"phone": ["Escriba el teléfono con su código de área."]}),
        ({"starts_at": ""}, {"starts_at": ["Elija una hora."]}),
        ({"property": "nowhere"}, {"property": ["Esta comunidad no se puede visitar aquí."]}),
    ],
)
def test_errors_are_per_field_and_in_the_language_of_the_visitor(
    visitor: Visitor, wrong: dict[str, str], errors: dict[str, list[str]]
) -> None:
    answer = visitor.send(visitor.form(lang="es", **wrong))
    assert (answer.status_code, answer.json["errors"]) == (422, errors)
    assert visitor.world.events() == []


@pytest.mark.parametrize(
    "start", ["2026-11-25T03:07:00-06:00", "2026-11-25T09:07:00-06:00", "2027-11-25T10:00:00-06:00"]
)
def test_a_time_that_is_not_offered_is_answered_with_others(visitor: Visitor, start: str) -> None:
    answer = visitor.send(visitor.form(lang="de", starts_at=start))
    assert answer.status_code == 422
    assert answer.json["errors"].keys() == {"starts_at"}
    assert "Wählen Sie eine andere" in answer.json["errors"]["starts_at"][0]
    assert visitor.world.events() == []


def test_a_kind_that_is_not_offered_is_refused(visitor: Visitor) -> None:
    answer = visitor.send(visitor.form(tour_type="virtual"))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["tour_type"])


def test_a_property_without_offered_times_takes_any(visitor: Visitor) -> None:
    world = visitor.world
    form = visitor.form(starts_at="2026-11-25T09:07:00-06:00")
    world.document["properties"]["oakwood"]["tour_hours"] = "07:00-21:00"
    del world.document["properties"]["oakwood"]["slots"]
    world.restart()
    assert visitor.send(form).status_code == 200


# Against abuse


def solution(challenge: dict[str, Any]) -> str:
    """What the browser makes of a challenge."""
    parsed = altcha.Challenge.from_dict(challenge)
    found = altcha.solve_challenge(parsed)
    assert found is not None
    return altcha.Payload(parsed, found).to_base64()


def opened(visitor: Visitor, seconds: float) -> str:
    """The stamp of a page that was opened so many seconds ago."""
    stamp = visitor.get("/widget/website/places").json["stamp"]
    visitor.world.clock.advance(seconds=seconds)
    return str(stamp)


@pytest.mark.parametrize(
    ("seconds", "more"),
    [(1, {}), (30, {"homepage": "https://buy.example"}), (30, {"stamp": "1790000000.forged"})],
    ids=["too fast", "the field that nobody sees", "a stamp of its own"],
)
def test_a_program_has_to_work_and_a_challenge_is_good_once(
    visitor: Visitor, seconds: float, more: dict[str, str]
) -> None:
    form = {**visitor.form(), "stamp": opened(visitor, seconds), **more}
    refused = visitor.send(form)
    assert (refused.status_code, refused.json["code"]) == (429, "proof_of_work_needed")
    solved = solution(refused.json["challenge"])
    assert visitor.send({**form, "altcha": solved}).status_code == 200
    again = {
        **form,
        "submission_id": "another",
        "email": "jo@example.com",
        "starts_at": visitor.slots()[8]["start"],
    }
    assert visitor.send({**again, "altcha": solved}).status_code == 429


def test_a_person_does_not_notice(visitor: Visitor) -> None:
    form = {**visitor.form(), "stamp": opened(visitor, 30), "homepage": ""}
    assert visitor.send(form).status_code == 200


@pytest.mark.parametrize("spoiled", ["", "AAAA", "e30=", "bm90IGpzb24=", "[" * 9000])
def test_a_spoiled_solution_is_none(visitor: Visitor, spoiled: str) -> None:
    form = {**visitor.form(), "stamp": opened(visitor, 0), "altcha": spoiled}
    assert visitor.send(form).status_code == 429


def test_a_challenge_ends_and_belongs_to_its_source(visitor: Visitor) -> None:
    visitor.world.document["sources"]["other_site"] = visitor.world.document["sources"]["website"]
    visitor.world.restart()
    form = {**visitor.form(), "stamp": opened(visitor, 0)}
    solved = solution(visitor.send(form).json["challenge"])
    elsewhere = visitor.world.client.post(
        "/hooks/other_site", json={**form, "altcha": solved}, headers={"Origin": SITE}
    )
    assert elsewhere.status_code == 429
    visitor.world.clock.advance(minutes=21)
    assert visitor.send({**form, "stamp": "", "altcha": solved}).status_code == 429


def send_many(visitor: Visitor, number: int, **fixed: Any) -> list[int]:
    """Forms of different people for different times; the status of each."""
    slots = [slot for slot in visitor.slots() if "in_person" in slot["kinds"]]
    statuses = []
    for n in range(number):
        form = visitor.form(
            submission_id=f"s{n}", email=f"{n}@example.com", starts_at=slots[n % len(slots)]["start"]
        )
        address = fixed.get("address", f"203.0.113.{n}")
        statuses.append(visitor.send({**form, **fixed.get("form", {})}, address=address).status_code)
    return statuses


def limit(visitor: Visitor, **limits: int) -> None:
    visitor.world.document["forms"] = {"per_address": 100, "per_contact": 100, "per_property": 100, **limits}
    visitor.world.restart()


def test_an_address_has_to_work_beyond_its_limit_and_nobody_else_does(visitor: Visitor) -> None:
    limit(visitor, per_address=3)
    assert send_many(visitor, 4, address="198.51.100.1") == [200, 200, 200, 429]
    form = visitor.form(submission_id="x", email="x@example.com")
    assert visitor.send(form, address="198.51.100.2").status_code == 200


def test_whoever_works_goes_on_and_far_beyond_the_limit_nothing_helps(visitor: Visitor) -> None:
    limit(visitor, per_address=1)
    slots = [slot["start"] for slot in visitor.slots() if "in_person" in slot["kinds"]]
    statuses, codes = [], set()
    for n in range(FAR_BEYOND // 2 + 1):
        form = visitor.form(submission_id=f"s{n}", email=f"{n}@example.com", starts_at=slots[n])
        answer = visitor.send(form)
        if answer.status_code == 429 and "challenge" in answer.json:
            answer = visitor.send({**form, "altcha": solution(answer.json["challenge"])})
        statuses.append(answer.status_code)
        codes.add(answer.json.get("code"))
    assert statuses[:-1] == [200] * (len(statuses) - 1)
    assert statuses[-1] == 429
    assert codes == {None, "too_many_forms"}
    visitor.world.clock.advance(hours=1)
    assert visitor.send(visitor.form(submission_id="later", email="later@example.com")).status_code == 200


@pytest.mark.parametrize("limits", [{"per_contact": 2}, {"per_property": 2}])
def test_contact_and_property_have_limits_across_addresses(visitor: Visitor, limits: dict[str, int]) -> None:
    limit(visitor, **limits)
    form = {"email": "maya@example.com"} if "per_contact" in limits else {}
    assert send_many(visitor, 3, form=form) == [200, 200, 429]


def test_limits_hold_across_processes(visitor: Visitor) -> None:
    limit(visitor, per_address=2)
    assert send_many(visitor, 2, address="198.51.100.1") == [200, 200]
    visitor.world.restart()
    form = visitor.form(submission_id="x", email="x@example.com", starts_at=visitor.slots()[9]["start"])
    assert visitor.send(form, address="198.51.100.1").status_code == 429


def test_proxies_are_counted_as_configured(visitor: Visitor) -> None:
    limit(visitor, per_address=1)

    def send(n: int, behind: str) -> int:
        form = visitor.form(
            submission_id=f"s{n}", email=f"{n}@example.com", starts_at=visitor.slots()[2 * n]["start"]
        )
        headers = {"Origin": SITE, "X-Forwarded-For": behind}
        answer = visitor.world.client.post(
            "/hooks/website", json=form, headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"}
        )
        return int(answer.status_code)

    assert [send(1, "198.51.100.1"), send(2, "198.51.100.2")] == [200, 429]  # nobody is believed
    visitor.world.document["server"] = {"trusted_proxies": 1}
    visitor.world.restart()
    assert [send(3, "198.51.100.3"), send(4, "198.51.100.4"), send(5, "198.51.100.4")] == [200, 200, 429]


# The console's page


def test_the_console_builds_the_line(visitor: Visitor) -> None:
    world = visitor.world
    browser = open_browser(world.client.application, world.settings, world.database, world.clock, Role.VIEWER)
    source = browser.get("/console/sources/website").text
    assert 'href="/console/sources/website/widget"' in source
    page = browser.get("/console/sources/website/widget?property=elm&lang=es&accent=%237a3b1d&radius=2px")
    assert page.status_code == 200
    assert "widget.js?source=website&amp;property=elm&amp;lang=es" in page.text
    assert "http://localhost/widget/website?property=elm&amp;lang=es" in page.text
    assert "--tour-accent: #7a3b1d" in page.text
    assert browser.get("/console/sources/widget/widget").status_code == 404


def test_the_page_of_the_line_shows_how_the_source_is(visitor: Visitor) -> None:
    world = visitor.world
    browser = open_browser(world.client.application, world.settings, world.database, world.clock, Role.VIEWER)
    address = "/console/sources/website/widget"
    before = browser.get(address).text
    assert "<strong>never</strong> since the last event" in before
    assert "<strong>0</strong> refused" in before
    assert before.count("None.") == 2  # failed verifications, unknown events
    assert visitor.send(visitor.form()).status_code == 200
    assert visitor.send(visitor.form(), origin="https://evil.example").status_code == 403
    world.client.application.extensions["monitoring"].failures.write()
    world.clock.advance(minutes=25)
    page = browser.get(address).text
    assert "<strong>25 min</strong> since the last event" in page
    assert "<strong>1</strong> refused" in page
    assert '<th scope="row">origin</th><td>1</td>' in page
    assert "add its address to <code>origins</code>" in page
