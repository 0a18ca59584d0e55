"""A client of the management API of another bridge, for commands with `--url`."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import click
import requests

from bridge import __version__
from bridge.cli.base import say
from bridge.cli.group import CommandError

TIMEOUT = (10.0, 60.0)
"""Seconds: to connect, and for the answer."""
MOST = 200
"""Rows of a page of the API."""
VERSION_HEADER = "X-Bridge-Version"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

url_option = click.option(
    "--url",
    envvar="BRIDGE_URL",
    show_envvar=True,
    help="Use the bridge at this address through its API, instead of a configuration and a database here.",
)
token_option = click.option(
    "--token",
    envvar="BRIDGE_TOKEN",
    show_envvar=True,
    help="Its token, from `bridge tokens create`. Prefer the variable: it stays out of the shell's history.",
)


def remote_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--url` and `--token`; the command gets `remote: RemoteBridge | None`."""

    @functools.wraps(command)
    def call(*, url: str | None, token: str | None, **given: Any) -> Any:
        return command(remote=remote_of(url, token), **given)

    return url_option(token_option(call))


def remote_of(url: str | None, token: str | None, *, warns: bool = True) -> "RemoteBridge | None":
    """The bridge that the options name; `None`: the one that is configured here. `warns` of an unencrypted way.

    Raises:
        click.UsageError: the address is none, or there is no token for it.
    """
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source if context else None
    if source and _is_given(source("config")) and _is_given(source("url")):
        raise click.UsageError(
            "--url is for another bridge, --config for one that is configured here; not both."
        )
    if url is None or (source and _is_given(source("config"))):
        return None
    if not token:
        raise click.UsageError("--url needs --token, or a token in BRIDGE_TOKEN.")
    return RemoteBridge(url, token, warns=warns)


def _is_given(source: "click.core.ParameterSource | None") -> bool:
    return source is click.core.ParameterSource.COMMANDLINE


class RemoteBridge:
    """Calls of the management API. Each raises CommandError with what is wrong: host, token, role, version, values."""

    def __init__(self, url: str, token: str, *, warns: bool = True) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise click.UsageError(
                f"{url!r} is no address of a bridge; write it as https://bridge.example.com."
            )
        if warns and parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
            say(f"The token goes to {parts.netloc} without encryption. Use https where you can.")
        path = parts.path.rstrip("/").removesuffix("/api/v1").removesuffix("/console")
        self.url = f"{parts.scheme}://{parts.netloc}{path}"
        self._token = token.strip()

    def get(self, path: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a list or a thing is."""
        return self._call("GET", path, parameters=parameters)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a change has come to."""
        return self._call("POST", path, body=body)

    def delete(self, path: str, name: str) -> None:
        """Remove what has this name."""
        self._call("DELETE", f"{path}/{quote(name, safe='')}")

    def pages(self, path: str, name: str, parameters: dict[str, Any], limit: int) -> "Iterator[Page]":
        """The pages of a list until there are `limit` rows; a page can be short, or empty, and not the last."""
        cursor = parameters.get("cursor")
        while limit > 0:
            answer = self.get(path, {**parameters, "cursor": cursor, "limit": min(limit, MOST)})
            cursor = answer["next"]
            limit -= len(answer[name])
            yield answer[name], cursor
            if cursor is None:
                return

    def _call(
        self, method: str, path: str, *, parameters: dict[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any]:
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, ())}
        try:
            answer = requests.request(
                method,
                f"{self.url}/api/v1{path}",
                params=given,
                json=body,
                auth=self._authorise,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, UnicodeError) as error:
            raise CommandError(unreachable(self.url, error)) from error
        document = _document(answer)
        if answer.ok and answer.status_code < 300 and document is not None:  # noqa: PLR2004 - a redirect is none
            return document
        raise CommandError(refusal(self.url, answer, document))

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """A header alone would be replaced by what a ~/.netrc has for the host."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


Page = tuple[list[dict[str, Any]], str | None]
"""The rows, and the cursor of the next page."""


def _document(answer: requests.Response) -> dict[str, Any] | None:
    if answer.status_code == 204:  # noqa: PLR2004 - HTTP's "no content"
        return {}
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def unreachable(url: str, error: Exception) -> str:
    """A sentence for a call that got no answer."""
    if isinstance(error, requests.exceptions.SSLError):
        why = "its certificate is not accepted, or it does not speak TLS"
    elif isinstance(error, requests.Timeout):
        why = "it does not answer in time"
    elif "resol" in str(error).lower() or "name or service" in str(error).lower():
        why = "no host has this name"
    else:
        why = "nothing listens there, or the connection broke off"
    return f"No bridge can be reached at {url}: {why}. Check --url (BRIDGE_URL)."


def refusal(url: str, answer: requests.Response, document: dict[str, Any] | None) -> str:
    """A sentence for an answer that is no success."""
    version, status = answer.headers.get(VERSION_HEADER), answer.status_code
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's class of redirects
        return f"{url} redirects to {answer.headers.get('Location', 'nowhere')}. Use that address with --url."
    if version is None or document is None:
        return (
            f"{url} answers ({status}), but not with a bridge's API. With `private_bind` the API has an address of "
            "its own; a proxy may keep /api/ from you."
        )
    if status == 401:  # noqa: PLR2004 - HTTP's number
        return (
            f"The bridge at {url} does not take this token: it is mistyped, revoked, expired, or of another bridge. "
            "`bridge tokens create` makes one there."
        )
    code, detail = document.get("code", ""), str(document.get("detail", f"It answered {status}."))
    lines = [detail, *_each(document.get("errors"))]
    if version != __version__ and code in ("not_found", "method_not_allowed", "not_understood"):
        lines.append(
            f"The bridge at {url} is version {version}, this is {__version__}: use the same on both sides."
        )
    return "\n".join(dict.fromkeys(lines))


def _each(errors: Any) -> Sequence[str]:
    """What is wrong, by id or by field, where the answer says more than one sentence."""
    if not isinstance(errors, dict):
        return ()
    return [text if isinstance(text, str) else f"{name}: {text}" for name, text in errors.items()]
