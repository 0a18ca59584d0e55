"""Signing in through OpenID Connect: the company's own sign-in vouches for a name and a role.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1), by Authlib's client for
Flask. It reads where the provider's addresses and keys are, and its keys again once a token names one that it does not
know. This module has what Authlib leaves to its user: where a sign-in is remembered, how long an answer may take and
how large it may be, and whose claims give which role.
"""

import base64
import contextlib
import json
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from flask import g, request
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from bridge import bounded_http
from bridge.bounded_http import BoundedSession
from bridge.clock import Clock
from bridge.console.access.guard import openid_cookie_name
from bridge.errors import BridgeError
from bridge.models import Role
from bridge.settings import OpenIdSettings

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
"""Only with the provider's own keys: with a shared secret, anyone who knows it could sign anyone in."""
LEEWAY = 60
"""Seconds that the clocks may differ."""
KEPT_FOR = 3600
"""Seconds after which addresses and keys are read again: a key that the provider withdraws is not valid for longer."""
LARGEST_ANSWER = 1024 * 1024
"""Bytes."""
TIMEOUT = (5, 10)
"""Seconds to connect and to wait for an answer."""
REMEMBERED = ("state", "nonce", "code_verifier", "redirect_uri")

FAULTS = (
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Authlib raises when an answer of the provider or of the browser is not as it has to be."""


class OpenIdFailedError(BridgeError):
    """Your company's sign-in did not identify you. Try again; if it keeps failing, ask an administrator."""

    code = "openid_failed"


class MissingRoleError(BridgeError):
    """You have no role here. Ask an administrator to add you to a group that has one."""

    code = "no_role"


class ProviderSession(OAuth2Session):
    """Sends each request within a deadline, and reads no more than a bounded answer."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        with BoundedSession() as session:
            return bounded_http.send(session, request, timeouts=TIMEOUT, largest=LARGEST_ANSWER)


class BrowserState(FlaskIntegration):
    """Keeps a sign-in that has begun in a cookie of its browser, so that only that browser can finish it."""

    def set_state_data(self, session: Any, state: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Flask's session
        kept = {name: value for name, value in {"state": state, **data}.items() if name in REMEMBERED}
        g.openid_begun = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()

    def get_state_data(self, session: Any, state: str | None) -> dict[str, Any] | None:  # noqa: ARG002 - the same
        with contextlib.suppress(ValueError):
            kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(openid_cookie_name(), "")))
            if (
                isinstance(kept, dict)
                and all(kept.get(name) for name in REMEMBERED)
                and kept["state"] == state
            ):
                return kept
        return None

    def clear_state_data(self, session: Any, state: str | None) -> None:
        """The answer to the browser deletes the cookie."""


class Provider(FlaskOAuth2App):
    """Authlib's client of one provider; one for all sign-ins of a process, because it keeps addresses and keys."""

    client_cls = ProviderSession

    def __init__(self, settings: OpenIdSettings, clock: Clock) -> None:
        super().__init__(
            BrowserState("openid"),
            "openid",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )
        self._settings, self._clock, self._read_at = settings, clock, 0.0

    def begin(self, redirect_uri: str) -> tuple[Response, str]:
        """The way to the provider, and what the browser has to remember.

        Raises:
            OpenIdFailedError: the provider does not say where to go.
        """
        try:
            response = self.authorize_redirect(redirect_uri)
        except FAULTS as error:
            raise OpenIdFailedError from error
        return response, g.openid_begun

    def finish(self) -> tuple[str, Role]:
        """The e-mail and the role of the person whom the provider sends back, by the request that is answered now.

        Raises:
            OpenIdFailedError: it is no answer to what this browser began, or the provider's token is not valid.
            MissingRoleError: none of the groups has one.
        """
        if not request.args.get("code"):
            raise OpenIdFailedError
        expected = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        try:
            token = self.authorize_access_token(
                claims_options=expected, claims_cls=_claims_class(self._clock), leeway=LEEWAY
            )
            claims = token["userinfo"]
        except FAULTS as error:
            raise OpenIdFailedError from error
        if not claims.get("email") or not claims.get("email_verified"):
            raise OpenIdFailedError("Your company's sign-in gave no verified e-mail address.")
        return str(claims["email"]).lower(), self._role_of(claims)

    def load_server_metadata(self) -> dict[str, Any]:
        """Where the provider's addresses are. Raises OpenIdFailedError."""
        now = self._clock().timestamp()
        if now - self._read_at >= KEPT_FOR:
            self.server_metadata, self._read_at = {}, now
        try:
            found: dict[str, Any] = super().load_server_metadata()
        except (requests.RequestException, TypeError, ValueError) as error:
            raise OpenIdFailedError(
                "Your company's sign-in does not answer. Try again in a minute."
            ) from error
        if found.get("issuer") != self._settings.issuer:
            self._read_at = 0.0  # read again at the next try
            raise OpenIdFailedError("console.openid.issuer is not how the provider calls itself.")
        found["id_token_signing_alg_values_supported"] = ALGORITHMS
        return found

    def _role_of(self, claims: dict[str, Any]) -> Role:
        """The highest of all that the person's groups give."""
        claim = claims.get(self._settings.role_claim, [])
        groups = claim if isinstance(claim, list) else [claim]
        roles = [Role(self._settings.roles[group]) for group in groups if group in self._settings.roles]
        if not roles:
            raise MissingRoleError
        return max(roles, key=list(Role).index)


def _claims_class(clock: Clock) -> type[CodeIDToken]:
    """Of an ID token whose times are compared with this clock."""

    class Claims(CodeIDToken):
        def validate(self, now: Any = None, leeway: int = 0) -> None:  # noqa: ARG002 - as inherited
            super().validate(int(clock().timestamp()), leeway)

    return Claims
