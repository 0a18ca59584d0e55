"""How a browser has reached the console: encrypted or not, and from which site a form may come."""

from urllib.parse import urlsplit

from bridge.settings.spelling import is_loopback


def is_encrypted(host: str, *, is_secure: bool, public_url: str | None) -> bool:
    """Whether the browser's connection has TLS: the bridge's own, or that of a proxy at `server.public_url`.

    `host` is the Host header; `is_secure`, whether the request itself came over TLS, or a trusted proxy says so.
    """
    return is_secure or (urlsplit(public_url or "").scheme == "https" and host in hosts_of(None, public_url))


def may_take_secrets(host: str, *, is_secure: bool, public_url: str | None) -> bool:
    """Whether a password or a one-time link may be sent: nobody else hears it."""
    name = urlsplit(f"//{host}").hostname or ""
    return is_loopback(name) or is_encrypted(host, is_secure=is_secure, public_url=public_url)


def is_own_origin(origin: str | None, host: str, public_url: str | None) -> bool:
    """Whether a form comes from a page of this installation; browsers that say nothing are believed."""
    return origin is None or urlsplit(origin).netloc in hosts_of(host, public_url)


def hosts_of(host: str | None, public_url: str | None) -> set[str]:
    """Host and port by which the bridge is reached: of the request, and of `server.public_url`."""
    return {name for name in (host, urlsplit(public_url or "").netloc) if name}
