"""Who may sign in, how long, and what each role may do."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bridge.app import create_app
from bridge.console.access import accounts, connection, passwords, sessions, tokens
from bridge.console.access.guard import SAFE
from bridge.models import AuditEntry, Role, SignIn, User
from tests.console.conftest import FROM_OWN_PAGE

PASSWORD = "correct horse battery"
"""The original: the tests put a cheaper one in its place."""
OPEN = {
    "access.sign_in", "access.open_session", "access.show_magic_link", "access.redeem_magic_link",
    "openid.begin", "openid.finish", "console.static", "api_description.page", "api_description.postman",
}  # fmt: skip
"""What everybody may see below /console and /api."""


@pytest.fixture
def app(world: Any) -> Any:
    return create_app(world.settings, world.database, clock=world.clock)


@pytest.fixture
def client(app: Any) -> Any:
    return browser_of(app)


def browser_of(app: Any) -> Any:
    """A client that says of each form that a page of the console sent it."""
    client = app.test_client()
    client.environ_base |= FROM_OWN_PAGE
    return client


@pytest.fixture
def maya(world: Any) -> str:
    with world.database.session() as session:
        accounts.add(session, world.settings, "Maya", Role.OPERATOR, PASSWORD, world.clock())
    return "maya"


def sign_in(client: Any, name: str = "maya", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/console/sign-in", data={"name": name, "password": password, **more})


def signed_in_as(client: Any) -> str | None:
    """Who a page says one is."""
    found = re.search(r'class="name">([^<]+)<small>([^<]+)<', client.get("/console/sign-in").text)
    return ", ".join(found.groups()) if found else None


def test_name_and_password_open_the_console(client, maya):
    answer = sign_in(client, " MAYA ")
    assert (answer.status_code, answer.location) == (303, "/console")
    assert signed_in_as(client) == "maya, operator"


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(client, maya):
    plain = sign_in(client).headers["Set-Cookie"]
    assert plain.startswith("bridge=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    cookie = client.post(
        "/console/sign-in", data={"name": "maya", "password": PASSWORD}, base_url="https://bridge.example.com"
    ).headers["Set-Cookie"]
    assert cookie.startswith("__Host-bridge=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_only_digests_are_stored(client, world, maya):
    text = sign_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    with world.database.session() as session:
        assert [row.digest for row in session.scalars(select(SignIn))] == [sessions.token_hash(text)]
        assert PASSWORD not in session.scalars(select(User.password_hash)).one()


@pytest.mark.parametrize(("name", "password"), [("maya", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_read_alike(client, maya, name, password):
    answer = sign_in(client, name, password)
    assert answer.status_code == 401
    assert "The name or password is wrong." in answer.text
    assert signed_in_as(client) is None


def test_a_user_of_the_settings_signs_in_and_changes_with_them(client, world):
    world.document["users"] = {"ola": {"role": "viewer", "password_hash": passwords.hashed(PASSWORD)}}
    world.restart()
    before = browser_of(create_app(world.settings, world.database, clock=world.clock))
    assert sign_in(before, "ola").status_code == 303
    assert signed_in_as(before) == "ola, viewer"
    cookie = before.get_cookie("bridge").value
    del world.document["users"]
    world.restart()
    after = browser_of(create_app(world.settings, world.database, clock=world.clock))
    after.set_cookie("bridge", cookie)
    assert signed_in_as(after) is None


def test_a_session_ends(client, world, maya):
    sign_in(client)
    world.clock.advance(hours=11, minutes=59)
    assert signed_in_as(client)
    world.clock.advance(minutes=1)
    assert signed_in_as(client) is None


def test_signing_out_ends_it_for_whoever_has_the_cookie(client, app, maya):
    sign_in(client)
    cookie = client.get_cookie("bridge").value
    assert client.post("/console/sign-out").status_code == 303
    thief = app.test_client()
    thief.set_cookie("bridge", cookie)
    assert signed_in_as(thief) is None


@pytest.mark.parametrize("change", ["password", "disable"])
def test_a_new_password_and_disabling_end_all_that_is_open(client, world, maya, change):
    sign_in(client)
    with world.database.session() as session:
        user = accounts.named(session, "maya")
        if change == "password":
            accounts.set_password(session, user, "another good password")
        else:
            accounts.disable(session, user, world.clock())
    assert signed_in_as(client) is None
    assert sign_in(client).status_code == 401


def test_another_role_counts_at_once(client, world, maya):
    sign_in(client)
    with world.database.session() as session:
        session.execute(update(User).values(role="viewer"))
    assert signed_in_as(client) == "maya, viewer"


def test_tries_at_once_are_counted_before_they_are_looked_at(app, world, maya):
    def guess(_: int) -> int:
        return sign_in(browser_of(app), password="a wrong guess").status_code

    with ThreadPoolExecutor(8) as pool:
        codes = Counter(pool.map(guess, range(40)))
    assert codes == {401: 5, 429: 35}


def test_guesses_elsewhere_do_not_shut_out_the_owner(app, client, maya):
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    data = {"name": "maya", "password": "a wrong guess"}
    codes = [client.post("/console/sign-in", data=data, environ_base=elsewhere).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    assert sign_in(client).status_code == 303


def test_who_signs_in_after_the_wait_does_not_wait_again(client, world, maya):
    for number in range(20):
        sign_in(client, f"name{number}")
    assert sign_in(client).status_code == 429
    world.clock.advance(minutes=15)
    assert [sign_in(client).status_code for _ in range(3)] == [303] * 3
    assert sign_in(client, "name21").status_code == 401
    assert sign_in(client).status_code == 429


def test_only_two_passwords_are_hashed_at_once():
    with passwords.slot(), passwords.slot():
        assert not passwords._slots.acquire(blocking=False)
    with passwords.slot():
        pass


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example.com", "//evil.example.com", "/console\r\nX: y", "/console\\@evil.example.com",
        "/consoleevil", "/console/../..//evil.example.com", "/console/\x00", "/console@evil.example.com",
    ],
)  # fmt: skip
def test_after_signing_in_only_a_page_of_ours_is_shown(client, maya, wanted):
    answer = sign_in(client, next=wanted)
    assert (answer.status_code, answer.location) == (303, "/console")


def test_guessing_takes_longer_and_longer_and_never_shuts_out_for_good(client, world, maya):
    codes = [sign_in(client, password="wrong").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert "Try again in 2 seconds" in answer.text
    world.clock.advance(seconds=2)
    assert sign_in(client, password="wrong").status_code == 401
    assert sign_in(client).headers["Retry-After"] == "4"
    world.clock.advance(minutes=15)
    assert sign_in(client).status_code == 303
    assert sign_in(client, password="wrong").status_code == 401  # counted anew


@pytest.mark.parametrize("length", [16 * 1024, 16 * 1024 + 1, 1024 * 1024])
def test_the_form_of_a_visitor_is_small(client, maya, length):
    start = f"name=maya&password={PASSWORD}&".replace(" ", "+")
    body = start + "a=%41&" * 200_000
    content_type = "application/x-www-form-urlencoded"
    answer = client.post("/console/sign-in", data=body[:length], content_type=content_type)
    assert answer.status_code == (303 if length <= 16 * 1024 else 413)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "looked_at"),
    [
        (None, "10.0.0.{n}", 20),  # without a proxy of ours anybody can write the header
        (1, "10.0.0.{n}, 203.0.113.9", 20),  # the last address is the proxy's own word
        (1, "203.0.113.9, 10.0.0.{n}", 30),
        (2, "10.0.0.{n}, 203.0.113.9, 198.51.100.1", 20),
    ],
)
def test_an_address_is_believed_from_our_own_proxies_only(world, proxies, forwarded, looked_at):
    world.document["server"] = {"trusted_proxies": proxies} if proxies else {}
    world.restart()
    client = browser_of(create_app(world.settings, world.database, clock=world.clock))
    answers = Counter(
        client.post(
            "/console/sign-in",
            data={"name": f"name{n}", "password": "wrong"},
            headers={"X-Forwarded-For": forwarded.format(n=n)},
        ).status_code
        for n in range(30)
    )
    assert answers == Counter({401: looked_at} | ({429: 30 - looked_at} if looked_at < 30 else {}))


def test_many_names_from_one_address_are_slowed_down_too(client, maya):
    for number in range(20):
        assert sign_in(client, f"name{number}").status_code == 401
    assert sign_in(client, "name21").status_code == 429


def test_tries_of_a_name_that_waits_count_for_their_address(client, maya):
    answers = Counter(sign_in(client, "maya", "a wrong password").status_code for _ in range(20))
    assert answers == Counter({401: 5, 429: 15})
    assert sign_in(client, "somebody").status_code == 429


def test_a_page_that_was_asked_for_is_opened_after_signing_in(client, maya):
    answer = client.get("/console/users?x=1")
    assert (answer.status_code, answer.location) == (303, "/console/sign-in?next=/console/users?x%3D1")
    assert sign_in(client, next="/console/users?x=1").location == "/console/users?x=1"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/hooks/widget"]
)
def test_signing_in_leads_nowhere_else(client, maya, elsewhere):
    assert sign_in(client, next=elsewhere).location == "/console"


@pytest.mark.parametrize(
    "sent", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}], ids=str
)
def test_another_site_cannot_sign_somebody_in(app, world, maya, sent):
    with world.database.session() as session:
        text = sessions.make_link(session, world.clock())
    stranger = app.test_client()
    for path in ("/console/sign-in", f"/console/sign-in/{text}"):
        answer = stranger.post(path, data={"name": "maya", "password": PASSWORD}, headers=sent)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
        assert "Not from this page" in answer.text
    assert stranger.post(f"/console/sign-in/{text}", environ_base=FROM_OWN_PAGE).status_code == 303


def test_the_management_api_asks_for_its_token_alone(api):
    client = api(Role.ADMIN)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    body = {"name": "reports", "role": "viewer"}
    assert client.post("/api/v1/tokens", json=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("host", "is_secure", "public_url", "may"),
    [
        ("127.0.0.1:8080", False, None, True),
        ("localhost:8080", False, None, True),
        ("[::1]:8080", False, None, True),
        ("bridge.example.com", False, None, False),
        ("bridge.example.com", True, None, True),
        ("bridge.example.com", False, "https://bridge.example.com", True),
        ("bridge.example.com", False, "http://bridge.example.com", False),
        ("10.0.0.5:8080", False, "https://bridge.example.com", False),
        ("localhost.example.com", False, None, False),
        ("", False, None, False),
    ],
)
def test_secrets_need_tls_or_this_machine(host, is_secure, public_url, may):
    assert connection.may_take_secrets(host, is_secure=is_secure, public_url=public_url) is may


@pytest.mark.parametrize(
    ("fetch_site", "origin", "problem"),
    [
        ("same-origin", None, None),
        ("same-origin", "https://tours.example.com", None),  # a proxy that does not pass the Host header on
        ("none", None, None),  # started by the person
        ("cross-site", None, "another site."),
        ("cross-site", "https://evil.example", "another site, https://evil.example."),
        ("cross-site", "https://bridge.example.com", "another site"),
        ("same-site", "https://shop.example.com", "another site"),
        ("", None, "another site"),
        ("anything", None, "another site"),
        (None, None, "names neither"),
        (None, "http://127.0.0.1:8080", None),
        (None, "https://bridge.example.com", None),
        (None, "https://BRIDGE.example.com", None),
        (None, "https://evil.example", "sent from https://evil.example"),
        (None, "http://127.0.0.1:8081", "reached as 127.0.0.1:8080"),
        (None, "null", "sent from null"),
        (None, "", "sent from"),
        (None, "bridge.example.com", "sent from"),
    ],
)
def test_a_form_comes_from_a_page_of_the_host_or_of_the_public_address(fetch_site, origin, problem):
    found = connection.cross_site_problem(fetch_site, origin, "127.0.0.1:8080", "https://Bridge.example.com")
    assert found is None if problem is None else problem in found


def test_plain_http_on_another_host_is_refused_before_a_secret_is_used(client, world, maya):
    with world.database.session() as session:
        text = sessions.make_link(session, world.clock())
    data = {"name": "maya", "password": PASSWORD}
    for method, path in (
        ("GET", "/console/sign-in"), ("POST", "/console/sign-in"),
        ("GET", f"/console/sign-in/{text}"), ("POST", f"/console/sign-in/{text}"),
    ):  # fmt: skip
        answer = client.open(path, method=method, data=data, base_url="http://bridge.example.com")
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
        assert "plain HTTP" in answer.text
        assert "public_url" in answer.text
    assert client.post(f"/console/sign-in/{text}").status_code == 303  # it was not used up


def test_behind_a_proxy_the_public_address_counts(world, maya):
    world.document["server"] = {"public_url": "https://bridge.example.com"}
    world.restart()
    data = {"name": "maya", "password": PASSWORD}
    origin = {"Origin": "https://bridge.example.com"}
    for base, cookie in (
        ("http://bridge.example.com", "__Host-bridge="),  # the proxy passes the Host header on
        ("http://127.0.0.1:8080", "bridge="),  # and one that does not
    ):
        answer = world.client.post("/console/sign-in", data=data, headers=origin, base_url=base)
        assert answer.status_code == 303
        assert answer.headers["Set-Cookie"].startswith(cookie)


def test_a_wrong_origin_is_explained(app, maya):
    data = {"name": "maya", "password": PASSWORD}
    answer = app.test_client().post(
        "/console/sign-in", data=data, headers={"Origin": "https://tours.example.com"}
    )
    assert "sent from https://tours.example.com, and the bridge was reached as localhost" in answer.text
    assert "public_url" in answer.text


def test_the_address_alone_leads_to_the_console(client):
    assert client.get("/").location == "/console"


def test_a_link_opens_the_console_once_and_not_by_being_looked_at(client, app, world):
    with world.database.session() as session:
        text = sessions.make_link(session, world.clock())
    assert client.get(f"/console/sign-in/{text}").status_code == 200
    assert signed_in_as(client) is None
    assert client.post(f"/console/sign-in/{text}").status_code == 303
    assert signed_in_as(client) == "first sign-in, admin"
    again = browser_of(app).post(f"/console/sign-in/{text}")
    assert (again.status_code, "has been used" in again.text) == (401, True)


def test_a_link_is_valid_for_a_quarter_of_an_hour_and_no_cookie(client, world):
    with world.database.session() as session:
        text = sessions.make_link(session, world.clock())
    client.set_cookie("bridge", text)
    assert signed_in_as(client) is None
    world.clock.advance(minutes=15)
    assert client.post(f"/console/sign-in/{text}").status_code == 401


# What each may do.


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


# Users, tokens, audit.


def test_an_admin_adds_a_user_who_signs_in(signed_in, client, world):
    browser = signed_in()
    data = {"name": "Noah", "role": "viewer", "password": PASSWORD}
    assert browser.post("/console/users", data).status_code == 303
    assert "noah" in browser.get("/console/users").text
    sign_in(client, "noah")
    assert signed_in_as(client) == "noah, viewer"
    assert browser.post("/console/users/noah", {"change": "role", "role": "operator"}).status_code == 303
    assert signed_in_as(client) == "noah, operator"
    assert browser.post("/console/users/noah", {"change": "disable"}).status_code == 303
    assert signed_in_as(client) is None
    reported = [(entry.what, entry.object_id) for entry in audit(world) if entry.actor == "a admin"]
    assert reported == [("added", "noah"), ("changed", "noah"), ("disabled", "noah")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": "noah", "password": "short"}, "at least 12 characters"),
        ({"name": "", "password": PASSWORD}, "Give the user a name"),
        ({"name": "maya", "password": PASSWORD}, "already exists"),
    ],
)
def test_a_user_who_cannot_be_added_is_explained(signed_in, maya, data, words):
    answer = signed_in().post("/console/users", data)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_a_token_is_shown_once_and_ends(signed_in, world):
    browser = signed_in()
    made = browser.post("/console/tokens", {"name": "reports", "role": "viewer", "days": "1"})
    text = re.search(r"brg_[\w-]+", made.text)[0]
    assert text not in browser.get("/console/tokens").text
    with world.database.session() as session:
        assert tokens.find(session, text, world.clock()).name == "reports"
        assert tokens.find(session, text, world.clock() + timedelta(days=1)) is None
    assert browser.post("/console/tokens/1/revoke").status_code == 303
    with world.database.session() as session:
        assert tokens.find(session, text, world.clock()) is None
    assert [entry.what for entry in audit(world)][-2:] == ["created", "revoked"]


@pytest.mark.parametrize("days", ["0", "-3", "1.5", "ten", "9999", "9" * 5000])
def test_a_token_is_never_valid_for_ever_by_mistake(signed_in, world, days):
    answer = signed_in().post("/console/tokens", {"name": "reports", "role": "viewer", "days": days})
    assert (answer.status_code, "a number from 1 to 3650" in answer.text) == (422, True)
    assert audit(world) == []


def test_what_is_revoked_twice_is_a_page_that_says_so(signed_in):
    browser = signed_in()
    browser.post("/console/tokens", {"name": "reports", "role": "viewer"})
    browser.post("/console/bookings/feeds")
    for path in ("/console/tokens/1", "/console/bookings/feeds/1"):
        assert browser.post(f"{path}/revoke").status_code == 303
        again = browser.post(f"{path}/revoke")
        assert (again.status_code, "or it is already revoked" in again.text) == (404, True)
        assert "<nav" in again.text
    assert browser.post("/console/sign-out").status_code == 303
    assert browser.post("/console/sign-out").status_code in (303, 403)


def test_the_audit_pages_backwards(signed_in, world):
    browser = signed_in()
    for wrong in ("soon", "-1", "9" * 5000):
        assert browser.get("/console/audit", query_string={"before": wrong}).status_code == 422
    with world.database.session() as session:
        for number in range(150):
            session.add(AuditEntry(at=world.clock(), actor="maya", via="api", what="replayed", object="event",
                                   object_id=str(number)))  # fmt: skip
    newest = browser.get("/console/audit").text
    assert "/console/events/149" in newest
    older = re.search(r'href="(/console/audit\?before=\d+)"', newest)[1]
    assert "/console/events/0" in browser.get(older).text


def audit(world: Any) -> list[AuditEntry]:
    with world.database.session() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
