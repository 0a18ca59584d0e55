"""A new source, set up in the console; and a source in shadow mode beside what the PMS holds."""

import html

import pytest

from bridge.console.sources.setup import free_key, new_secret
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role


@pytest.mark.parametrize("mapping", ["calendly", "standard_webhooks", "cal_com", "zapier"])
def test_a_secret_is_made_that_the_sender_takes(mapping):
    file = Catalogue().get(mapping)
    secret = new_secret(file)
    assert secret
    assert list(file.schema.signature.secret_problems([secret])) == []


def test_a_free_name_is_offered():
    assert free_key("google_forms", ["google-forms", "google-forms-2"]) == "google-forms-3"
    assert free_key("calendly", []) == "calendly"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_only_administrators_set_up(signed_in, role):
    assert signed_in(role).get("/console/sources/_new").status_code == 403
    assert "Add a source" not in signed_in(role).get("/console/sources").text


def test_what_cannot_work_is_named_in_the_form(signed_in):
    admin = signed_in()
    answer = admin.post("/console/sources/_new", {"mapping": "calendly", "key": "Not A Name"})
    assert answer.status_code == 422
    assert "small letters" in answer.text
    assert admin.post("/console/sources/_new", {"mapping": "calendly", "key": "widget"}).status_code == 422
    assert admin.get("/console/sources/widget/setup").status_code == 404


def test_the_mode_of_any_source_is_one_switch(world, signed_in):
    operator = signed_in(Role.OPERATOR)
    assert operator.post("/console/sources/widget/mode", {"mode": "shadow"}).status_code == 303
    assert "Shadow mode" in operator.get("/console/sources/widget").text
    assert world.settings.sources["widget"].is_shadow_at(world.clock())
    assert operator.post("/console/sources/widget/mode", {"mode": "loud"}).status_code == 422
    assert signed_in(Role.VIEWER).post("/console/sources/widget/mode", {"mode": "live"}).status_code == 403
    world.document["sources"]["widget"]["mode"] = "live"
    world.restart()
    assert (
        signed_in(Role.OPERATOR).post("/console/sources/widget/mode", {"mode": "shadow"}).status_code == 409
    )


ORIGIN = "https://www.oakwood.example"
FORM = {
    "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "property": "oakwood",
    "date": "2031-03-04", "time": "10:30",
}  # fmt: skip


def test_a_form_of_a_website_from_nothing_to_live_and_back(world, signed_in):
    admin, public = signed_in(), world.client
    page = admin.get("/console/sources/_new?mapping=website_form").text
    assert "Websites whose pages may send it" in page
    new = {"mapping": "website_form", "key": "site"}
    refused = admin.post("/console/sources/_new", {**new, "origins": "www.oakwood.example"})
    assert (refused.status_code, "https://www.example.com" in refused.text) == (422, True)
    assert admin.post("/console/sources/_new", {**new, "origins": ORIGIN}).status_code == 303

    page = html.unescape(admin.get("/console/sources/site/setup?property=oakwood").text)
    assert '<script async src="http://localhost/widget.js?source=site&property=oakwood"></script>' in page
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    assert public.options("/hooks/site", headers=asked).headers["Access-Control-Allow-Origin"] == ORIGIN
    places = public.get("/widget/site/places", headers={"Origin": ORIGIN})
    assert places.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert (
        public.post("/hooks/site", json=FORM, headers={"Origin": "https://else.example"}).status_code == 403
    )
    assert public.post("/hooks/site", json=FORM, headers={"Origin": ORIGIN}).status_code < 300
    first = admin.get("/console/sources/site/setup/first").text
    assert "Maya Okafor" in first
    assert "Tue, Mar 4, 2031, 10:30 AM CST</time>" in first

    other = "https://oakwood.example"
    saved = admin.post(
        "/console/sources/site/setup", {"property": "oakwood", "origins": f"{ORIGIN}\n{other}"}
    )
    assert saved.status_code == 303
    assert public.options("/hooks/site", headers={**asked, "Origin": other}).headers["Vary"] == "Origin"
    for mode, shadow in (("live", False), ("shadow", True)):
        assert admin.post("/console/sources/site/mode", {"mode": mode}).status_code == 303
        assert world.settings.sources["site"].is_shadow_at(world.clock()) is shadow
    assert admin.post("/console/sources/site/remove").status_code == 303
    gone = public.options("/hooks/site", headers=asked)
    assert "Access-Control-Allow-Origin" not in gone.headers


def test_shadow_mode_is_compared_with_what_the_pms_lists(world, signed_in):
    jonas = {"first_name": "Jonas", "last_name": "Weller", "email": "jo@example.com"}
    world.send("booked", "B-0", prospect=jonas, tour={"start": "2026-12-03T10:30:00-06:00"})
    world.run()
    world.document["sources"]["other"]["mode"] = "shadow"
    world.restart()
    watched = world.book("B-1", source="other", start="2026-12-03T10:30:00-06:00")
    unknown = world.book("B-2", source="other", property="The Oaks", email="dora@example.com")
    world.run()
    page = signed_in(Role.OPERATOR).get("/console/sources/other/shadow").text
    assert "has a tour at this time; its notes do not name the renter" in page
    assert "No property is called" in page or "The Oaks" in page
    assert "Maya Okafor" in page
    assert '<time datetime="2026-12-03T10:30:00-06:00">Thu, Dec 3, 10:30 AM CST</time>' in page
    assert "Maya" not in signed_in(Role.VIEWER).get("/console/sources/other/shadow").text
    shown = signed_in(Role.OPERATOR).get(f"/console/events/{watched}").text
    assert "What would have been written" in shown
    assert "Book the tour" in shown
    assert world.status(unknown) == ("ignored", "shadow")
