"""Health: the connections, and what Propexo has switched off."""

import html

import pytest

from bridge.models import Role


@pytest.fixture
def viewer(signed_in):
    return signed_in(Role.VIEWER)


def test_the_page_shows_the_connections_and_asks_propexo_later(world, viewer):
    page = viewer.get("/console/health").text
    assert "cintegration" in page
    assert "/console/health/propexo" in page
    assert world.sandbox.requests == []


def test_what_propexo_has_switched_off_is_shown_with_the_fix(world, viewer):
    world.sandbox.switch("cintegration", models={"events": False}, properties={"cproperty": False})
    page = html.unescape(viewer.get("/console/health/propexo").text)
    assert 'Propexo does not sync the model "events" of integration "cintegration"' in page
    assert "the property is not enabled at Propexo" in page
    assert "properties.oakwood.defaults.unit_id" in page  # the world's ids are invented


def test_it_is_asked_again_after_ten_minutes(world, viewer):
    viewer.get("/console/health/propexo")
    asked = len(world.sandbox.requests)
    world.sandbox.switch("cintegration", models={"leads": False})
    assert '"leads"' not in html.unescape(viewer.get("/console/health/propexo").text)
    assert len(world.sandbox.requests) == asked
    world.clock.advance(minutes=11)
    assert '"leads"' in html.unescape(viewer.get("/console/health/propexo").text)


def test_propexo_away_is_a_line_of_the_page(world, viewer):
    world.sandbox.token = "another"
    assert "propexo.token" in viewer.get("/console/health/propexo").text


def test_somebody_pauses_and_resumes_an_integration(world, signed_in):
    operator = signed_in(Role.OPERATOR)
    assert operator.post("/console/health/cintegration/pause", {"reason": " "}).status_code == 422
    assert operator.post("/console/health/cintegration/pause", {"reason": "Moving house"}).status_code == 303
    world.book()
    world.run_due()
    page = operator.get("/console/health").text
    assert "Moving house" in page
    assert "Resume and send 1" in page
    assert operator.post("/console/health/cintegration/resume").status_code == 303
    assert operator.post("/console/health/cintegration/resume").status_code == 422
    assert operator.post("/console/health/nowhere/resume").status_code == 404
    viewer = signed_in(Role.VIEWER)
    assert viewer.post("/console/health/cintegration/pause", {"reason": "x"}).status_code == 403
    assert "Pause</button>" not in viewer.get("/console/health").text
