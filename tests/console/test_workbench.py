"""Who may try out which mapping, and what the form takes."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.console.workbench.confinement import refusal
from bridge.console.workbench.views import bench
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role
from bridge.settings import Workbench

TEXT = Catalogue().get("standard_webhooks").path.read_text(encoding="utf-8")
BODY = '{"type": "tour.booked", "data": {"booking_id": "B-1", "email": "maya@example.com"}}'


@pytest.fixture(autouse=True)
def _no_process_stays() -> Iterator[None]:
    yield
    bench.close()


def form(**more: str) -> dict[str, str]:
    return {
        "mapping": "standard_webhooks",
        "source": "widget",
        "text": TEXT.replace("\n", "\r\n"),  # as browsers send it
        "body": BODY,
        "content_type": "application/json",
        **more,
    }


def test_an_operator_runs_a_mapping_as_it_is_configured_and_no_other(signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    assert "found nothing" in browser.post("/console/workbench/reading", form()).text
    refused = browser.post("/console/workbench/reading", form(text=TEXT + "\nprint(1)\n")).text
    assert "Only an administrator may edit a copy" in refused
    assert "readonly" in browser.get("/console/workbench").text


def test_an_installation_can_switch_edited_copies_off(world: Any, signed_in: Any) -> None:
    world.document["console"] = {"workbench": False}
    world.restart()
    refused = signed_in(Role.ADMIN).post("/console/workbench/reading", form(text=TEXT + "\nprint(1)\n")).text
    assert "switched off" in refused


@pytest.mark.parametrize(
    ("mode", "confinable", "is_admin", "why"),
    [
        (Workbench.CONFINED, True, True, None),
        (Workbench.CONFINED, True, False, "Only an administrator"),
        (Workbench.CONFINED, False, True, '`workbench = "unconfined"`'),
        (Workbench.UNCONFINED, False, True, None),
        (Workbench.UNCONFINED, True, False, "Only an administrator"),
        (Workbench.OFF, True, True, "switched off"),
    ],
)
def test_an_edited_copy_runs_confined_or_by_consent(
    mode: Workbench, confinable: bool, is_admin: bool, why: str | None
) -> None:
    refused = refusal(mode, confinable=confinable, is_admin=is_admin)
    assert refused is None if why is None else why in refused


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("headers", "no colon", "expected `Name: value`"),
        ("details", "{", "is not JSON"),
        ("details", "[]", "found no object"),
        ("mapping", "calendlyy", "did you mean"),
    ],
)
def test_what_the_form_cannot_take_is_reported(signed_in: Any, field: str, value: str, problem: str) -> None:
    answer = signed_in(Role.ADMIN).post("/console/workbench/reading", form(**{field: value}))
    assert problem in answer.text.replace("<code>", "`").replace("</code>", "`").replace("&#34;", '"')


def test_a_stored_event_comes_into_the_form_as_it_was_sent(world: Any, signed_in: Any) -> None:
    event = world.book()
    browser = signed_in(Role.OPERATOR)
    page = browser.get(f"/console/workbench/payload?mapping=standard_webhooks&taken=event:{event}").text
    assert "maya@example.com" in page.replace("&#34;", '"')
    assert browser.get("/console/workbench/payload?taken=event:999").status_code == 404


def test_aliases_of_operators_count_in_the_workbench(world: Any, signed_in: Any) -> None:
    parked = world.book(property="Elm Court West")
    world.run()
    browser = signed_in(Role.ADMIN)
    body = BODY.replace("}}", ', "start": "2026-12-03T10:30:00-06:00", "property": "Elm Court West"}}')
    assert "is the key, id, name or alias of no property" in browser.post(
        "/console/workbench/reading", form(body=body)
    ).text.replace("&#34;", '"')
    browser.post(f"/console/events/{parked}/property", {"property": "elm"})
    assert "celm" in browser.post("/console/workbench/reading", form(body=body)).text
