"""From where and over what the console takes a secret or a form."""

from collections import Counter

import pytest
from console.signing_in import PASSWORD, browser_of

from bridge.app import create_app
from bridge.console.access import connection, sessions


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
