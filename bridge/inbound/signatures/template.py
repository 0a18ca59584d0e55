"""Templates: the bytes that a sender signs, and how its header is written."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bridge.errors import AuthFailure
from bridge.inbound.signatures.request import AuthFailureError, Request

_PORTS = {b"http": b":80", b"https": b":443"}
_DECODED_BY_HUBSPOT = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""`: / ? @ ! $ ' ( ) * , ;`, and no other: https://developers.hubspot.com/docs/api/webhooks/validating-requests"""


@dataclass(frozen=True)
class Template:
    """Text around placeholders."""

    text: str

    @cached_property
    def names(self) -> list[str]:
        """The placeholders, without braces; one may come repeatedly."""
        found: list[str] = re.findall(r"\{([\w:]*)\}", self.text)
        return found

    @cached_property
    def _parts(self) -> list[bytes | str]:
        """The text as bytes, and between them the placeholders by name."""
        parts = re.split(r"\{([\w:]*)\}", self.text)
        return [part if place % 2 else part.encode() for place, part in enumerate(parts)]

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """The bytes with the values in their places; a value is never read as a template."""
        return b"".join([values[part] if isinstance(part, str) else part for part in self._parts])

    def require(self, option: str, known: tuple[str, ...], needed: tuple[str, ...]) -> None:
        """Raises ValueError for a placeholder that is not known, or where there is none of the needed ones."""
        if unknown := [name for name in self.names if name not in known]:
            choice = ", ".join(f"{{{name}}}" for name in dict.fromkeys(known))
            raise ValueError(f"`{option}` is {self.text!r}: {{{unknown[0]}}} is not one of {choice}.")
        if not set(needed) & set(self.names):
            raise ValueError(f"`{option}` is {self.text!r}: it needs {{{needed[0]}}}.")


def _method(request: Request) -> bytes:
    return request.method.upper().encode("ascii")


def _url(request: Request) -> bytes:
    if not request.url:
        message = "The sender signs the address that it calls: set the bridge's public address."
        raise AuthFailureError(AuthFailure.CONFIGURATION, message)
    return request.url.encode("ascii")


def _decoded_url(request: Request) -> bytes:
    decoded = _DECODED_BY_HUBSPOT.sub(lambda match: chr(int(match[1], 16)), _url(request).decode())
    return decoded.encode()


def _url_without_port(request: Request) -> bytes:
    """Without the default port; another one stays."""
    return re.sub(
        rb"^(https://[^/?#]*?):443(?=[/?#]|$)|^(http://[^/?#]*?):80(?=[/?#]|$)", rb"\1\2", _url(request)
    )


def _url_with_port(request: Request) -> bytes:
    """With the default port, unless it has a port."""
    bare = re.match(rb"(https?)://(\[[^/?#]*\]|[^/?#:]*)(?=[/?#]|$)", _url(request))
    return _url(request) if bare is None else bare[0] + _PORTS[bare[1]] + _url(request)[bare.end() :]


SIGNED: dict[str, Callable[[Request], bytes]] = {
    "body": lambda request: request.body,
    "body:base64": lambda request: base64.b64encode(request.body),
    "form": lambda request: request.sorted_form,
    "method": _method,
    "url": _url,
    "url:decoded": _decoded_url,
    "url:port": _url_with_port,
    "url:portless": _url_without_port,
}
"""What the placeholders of `signs` mean that come from the request itself."""
COVERING_BODY = ("body", "body:base64", "form")
"""One of them is in every template, so that no one can change the body."""
SIGNING_URL = tuple(name for name in SIGNED if name.startswith("url"))
