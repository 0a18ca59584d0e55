"""Who may sign in, and how long."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from console.signing_in import FROM_OWN_PAGE, PASSWORD, browser_of, sign_in, signed_in_as
from sqlalchemy import select, update

from bridge.app import create_app
from bridge.console.access import accounts, passwords, sessions
from bridge.models import Role, SignIn, User


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
