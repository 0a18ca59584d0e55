"""What each may do, and what every answer says to a browser."""

import re
from typing import Any

from bridge.console.access.guard import SAFE
from bridge.models import Role

OPEN = {
    "access.sign_in", "access.open_session", "access.show_magic_link", "access.redeem_magic_link",
    "openid.begin", "openid.finish", "console.static", "api_description.page", "api_description.postman",
}  # fmt: skip
"""What everybody may see below /console and /api."""


def routes(app: Any) -> list[tuple[str, str]]:
    """Method and path of every guarded view below /console and /api, with arguments filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN or not rule.rule.startswith(("/console", "/api")):
            continue
        path = re.sub(r"<(?:[^<>]*:)?\w+>", "1", rule.rule)
        found += [(method, path) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]
    return found


def test_nobody_sees_anything(app, client):
    known = routes(app)
    assert known
    for method, path in known:
        answer = client.open(path, method=method)
        assert answer.status_code == (303 if path.startswith("/console") else 401), (method, path)


def test_every_view_says_for_whom_it_is(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in OPEN and rule.rule.startswith("/console"):
            assert isinstance(app.view_functions[rule.endpoint].needs, Role), rule


def test_no_change_by_a_page_of_another_site_or_of_none(app, signed_in):
    browser = signed_in(Role.ADMIN)
    del browser.client.environ_base["HTTP_SEC_FETCH_SITE"]
    changes = [
        (method, path) for method, path in routes(app) if method not in SAFE and path.startswith("/console")
    ]
    assert changes
    for method, path in changes:
        for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
            answer = browser.client.open(path, method=method, headers=sent)
            assert (answer.status_code, "Not from this page" in answer.text) == (403, True), path


def test_a_viewer_is_refused_where_more_is_needed(app, signed_in):
    browser, asked = signed_in(Role.VIEWER), 0
    for rule in app.url_map.iter_rules():
        needs = getattr(app.view_functions[rule.endpoint], "needs", Role.VIEWER)
        if not rule.rule.startswith("/console") or needs is Role.VIEWER:
            continue
        path = re.sub(r"<(?:[^<>]*:)?\w+>", "1", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = browser.client.open(path, method=method)
            assert answer.status_code == 403, path
            asked += 1
    assert asked


def test_pages_run_nothing_that_stands_in_them_and_are_not_kept(signed_in):
    headers = signed_in().get("/console/users").headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_over_tls_it_must_stay(client):
    assert "Strict-Transport-Security" not in client.get("/livez").headers
    over_tls = client.get("/livez", base_url="https://bridge.example.com")
    assert over_tls.headers["Strict-Transport-Security"] == "max-age=31536000"
    page = client.get("/console/sign-in")
    assert "camera=()" in page.headers["Permissions-Policy"]


def test_a_contact_is_published_where_there_is_one(client, world):
    path = "/.well-known/security.txt"
    assert client.get(path).status_code == 404
    world.document["server"] = {"security_contact": "mailto:security@example.com"}
    world.restart()
    answer = world.client.get(path)
    assert answer.mimetype == "text/plain"
    assert "Contact: mailto:security@example.com\nExpires: 2027-05-23T00:00:00Z\n" in answer.text


def test_an_unknown_page_is_a_page_and_an_unknown_hook_a_problem(client):
    page = client.get("/console/nowhere")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert client.get("/nowhere").mimetype == "application/problem+json"
