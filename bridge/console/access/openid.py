"""Signing in through OpenID Connect: the company's own sign-in vouches for a name and a role.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1), by Authlib. What has to
be remembered between the two redirects stands in a cookie of this browser, so that only who began can end it.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge import bounded_http
from bridge.bounded_http import BoundedSession
from bridge.clock import Clock
from bridge.errors import BridgeError
from bridge.models import Role
from bridge.settings import OpenIdSettings

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
"""Only with the provider's own keys: a shared secret would let whoever knows it sign anybody in."""
LEEWAY = 60
"""Seconds that the clocks may differ."""
LARGEST_ANSWER = 1024 * 1024
"""Bytes."""
TIMEOUT = (5, 10)
"""Seconds to connect and to wait for an answer."""


class OpenIdFailedError(BridgeError):
    """Your company's sign-in did not identify you. Try again; if it keeps failing, ask an administrator."""

    code = "openid_failed"


class MissingRoleError(BridgeError):
    """You have no role here. Ask an administrator to add you to a group that has one."""

    code = "no_role"


@dataclass(frozen=True)
class Begun:
    """A sign-in on its way."""

    url: str
    """Where the browser goes."""
    remembered: str
    """What it brings back: state, nonce and PKCE verifier."""


class OpenId:
    """One provider."""

    def __init__(self, settings: OpenIdSettings, redirect_uri: str, clock: Clock) -> None:
        self._settings, self._redirect_uri, self._clock = settings, redirect_uri, clock

    def begin(self) -> Begun:
        """Raises OpenIdFailedError: the provider does not say where to go."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url, _ = self._session().create_authorization_url(
            self._metadata()["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
        return Begun(url, f"{state}.{nonce}.{verifier}")

    def finish(self, remembered: str, answer: str) -> tuple[str, Role]:
        """The e-mail and the role of whoever comes back; `answer` is the address with the code.

        Raises:
            OpenIdFailedError: it is no answer to what this browser began, or the provider's token is not valid.
            MissingRoleError: none of the groups has one.
        """
        state, nonce, verifier = ([*remembered.split("."), "", "", ""])[:3]
        answered = parse_qs(urlsplit(answer).query)
        if not (state and nonce and verifier) or answered.get("state") != [state] or "code" not in answered:
            raise OpenIdFailedError
        metadata = self._metadata()
        try:
            token = self._session(state).fetch_token(
                metadata["token_endpoint"],
                authorization_response=answer,
                code_verifier=verifier,
                timeout=TIMEOUT,
            )
            claims = self._claims(metadata, token["id_token"], nonce)
        except (AuthlibBaseError, JoseError, requests.RequestException, KeyError, ValueError) as error:
            raise OpenIdFailedError from error
        if not claims.get("email") or not claims.get("email_verified"):
            raise OpenIdFailedError("Your company's sign-in gave no verified e-mail address.")
        return str(claims["email"]).lower(), self._role_of(claims)

    def _claims(self, metadata: dict[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(self._get(metadata["jwks_uri"]))
        claims: dict[str, Any] = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        expected = jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        expected.validate(claims)
        return claims

    def _role_of(self, claims: dict[str, Any]) -> Role:
        """The highest of all that the person's groups give."""
        claim = claims.get(self._settings.role_claim, [])
        groups = claim if isinstance(claim, list) else [claim]
        roles = [Role(self._settings.roles[group]) for group in groups if group in self._settings.roles]
        if not roles:
            raise MissingRoleError
        return max(roles, key=list(Role).index)

    def _metadata(self) -> dict[str, Any]:
        """Where the provider's addresses are. Raises OpenIdFailedError."""
        try:
            found: dict[str, Any] = self._get(
                f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            )
        except (requests.RequestException, ValueError) as error:
            raise OpenIdFailedError(
                "Your company's sign-in does not answer. Try again in a minute."
            ) from error
        if found.get("issuer") != self._settings.issuer:
            raise OpenIdFailedError("console.openid.issuer is not how the provider calls itself.")
        return found

    def _get(self, url: str) -> Any:
        with BoundedSession() as session:
            answer = bounded_http.request(session, "GET", url, timeouts=TIMEOUT, largest=LARGEST_ANSWER)
        answer.raise_for_status()
        return answer.json()

    def _session(self, state: str | None = None) -> OAuth2Session:
        return OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret,
            scope="openid email profile",
            redirect_uri=self._redirect_uri,
            state=state,
            code_challenge_method="S256",
        )
