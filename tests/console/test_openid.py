"""Signing in through a provider of OpenID Connect, with one that runs in the test and signs real tokens."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.app import create_app

CLIENT, SECRET = "bridge", "the-secret-of-the-client"


class Provider:
    """Answers as OpenID Connect Core asks; a test changes `claims` to lie."""

    def __init__(self, world, api):
        self.world, self.api, self.key = world, api, RSAKey.generate_key(2048, {"kid": "one"})
        self.claims = {"email": "Maya@Example.com", "email_verified": True, "groups": ["leasing", "others"]}
        self.signs_with = self.key
        self.publish()

    def publish(self):
        self.api.answers |= {
            "/.well-known/openid-configuration": {
                "issuer": self.api.url,
                "authorization_endpoint": f"{self.api.url}/authorize",
                "token_endpoint": f"{self.api.url}/token",
                "jwks_uri": f"{self.api.url}/keys",
            },
            "/keys": {"keys": [self.key.as_dict(private=False)]},
        }

    def accept(self, address):
        """What a person does at the provider; answers the query with which the browser comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.asked = asked
        now = int(self.world.clock().timestamp())
        claims = {
            "iss": self.api.url,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "sub": "1",
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": self.signs_with.kid}, claims, self.signs_with)
        self.api.answers["/token"] = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        return f"code=the-code&state={asked['state']}"


@pytest.fixture
def provider(world, sender_api):
    world.document["console"] = {
        "openid": {
            "issuer": sender_api.url,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "roles": {"leasing": "operator", "bosses": "admin"},
        }
    }
    world.restart()
    return Provider(world, sender_api)


@pytest.fixture
def client(world, provider):
    return create_app(world.settings, world.database, clock=world.clock).test_client()


def come_back(client, provider):
    begun = client.get("/console/openid/begin")
    assert begun.status_code == 302
    return client.get(f"/console/openid/finish?{provider.accept(begun.location)}")


def person(client):
    found = re.search(r'class="name">([^<]+)<small>([^<]+)<', client.get("/console/sign-in").text)
    return ", ".join(found.groups()) if found else None


def test_who_the_provider_vouches_for_is_in_with_the_role_of_the_groups(client, provider):
    assert "Sign in with your company account" in client.get("/console/sign-in").text
    answer = come_back(client, provider)
    assert (answer.status_code, answer.location) == (303, "/console")
    assert person(client) == "maya@example.com, operator"


def test_the_highest_role_counts(client, provider):
    provider.claims["groups"] = ["bosses", "leasing"]
    come_back(client, provider)
    assert person(client) == "maya@example.com, admin"


def test_the_code_is_bound_to_this_browser_by_pkce_and_state(client, provider, sender_api):
    come_back(client, provider)
    [exchange] = [one for one in sender_api.asked if one.url.startswith("/token")]
    sent = {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}
    digest = (
        base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode().rstrip("=")
    )
    assert (provider.asked["code_challenge"], provider.asked["code_challenge_method"]) == (digest, "S256")
    assert provider.asked["redirect_uri"] == "http://localhost/console/openid/finish"


def test_an_answer_that_nobody_here_began_is_refused(world, client, provider):
    query = provider.accept(client.get("/console/openid/begin").location)
    stranger = create_app(world.settings, world.database, clock=world.clock).test_client()
    assert stranger.get(f"/console/openid/finish?{query}").status_code == 401
    assert client.get(f"/console/openid/finish?{query.replace('state=', 'state=x')}").status_code == 401
    assert client.get("/console/openid/finish?error=access_denied").status_code == 401
    assert person(client) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": 1},
        {"nonce": "another"},
        {"email_verified": False},
        {"email": None},
        {"groups": ["others"]},
        {"groups": "others"},
    ],
    ids=str,
)
def test_a_token_that_does_not_hold_opens_nothing(client, provider, lie):
    provider.claims |= lie
    assert come_back(client, provider).status_code == 401
    assert person(client) is None


def test_a_token_signed_by_somebody_else_opens_nothing(client, provider):
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert come_back(client, provider).status_code == 401


def test_a_new_key_of_the_provider_counts_at_once(client, provider):
    come_back(client, provider)
    provider.key = provider.signs_with = RSAKey.generate_key(2048, {"kid": "two"})
    provider.publish()
    assert come_back(client, provider).status_code == 303


def test_a_key_that_the_provider_withdraws_counts_for_an_hour_at_most(world, client, provider):
    withdrawn = provider.key
    come_back(client, provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    provider.publish()
    provider.signs_with = withdrawn
    world.clock.advance(minutes=60)
    assert come_back(client, provider).status_code == 401


def test_a_provider_that_calls_itself_something_else_is_refused_until_it_does_not(
    client, provider, sender_api
):
    found = sender_api.answers["/.well-known/openid-configuration"]
    sender_api.answers["/.well-known/openid-configuration"] = found | {"issuer": "https://evil.example"}
    assert "console.openid.issuer" in client.get("/console/openid/begin").text
    provider.publish()
    assert come_back(client, provider).status_code == 303


def test_what_the_browser_remembers_is_read_with_care(client, provider):
    query = provider.accept(client.get("/console/openid/begin").location)
    for remembered in ("", "x", "W10=", "eyJzdGF0ZSI6ICIxIn0=", "\xff"):
        client.set_cookie("bridge-openid", remembered)
        assert client.get(f"/console/openid/finish?{query}").status_code == 401, remembered


def test_a_provider_that_does_not_answer_is_reported(client, provider, sender_api):
    del sender_api.answers["/.well-known/openid-configuration"]
    answer = client.get("/console/openid/begin")
    assert (answer.status_code, "does not answer" in answer.text) == (401, True)


def test_without_one_configured_there_is_none(world):
    client = create_app(world.settings, world.database, clock=world.clock).test_client()
    assert client.get("/console/openid/begin").status_code == 404
    assert "company account" not in client.get("/console/sign-in").text
