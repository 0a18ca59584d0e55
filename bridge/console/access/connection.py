"""How a browser reaches the console: encrypted or not, and from a page of which site."""

from urllib.parse import urlsplit

from bridge.settings.spelling import is_loopback

OWN_PAGES = ("same-origin", "none")
"""Sec-Fetch-Site of a page of ours, and of what a person starts in the browser."""


def is_encrypted(host: str, *, is_secure: bool, public_url: str | None) -> bool:
    """Whether the browser's connection has TLS: the bridge's own, or that of a proxy at `server.public_url`.

    `host` is the Host header; `is_secure`, whether the request itself came over TLS, or a trusted proxy says so.
    """
    return is_secure or (urlsplit(public_url or "").scheme == "https" and host in hosts_of(None, public_url))


def may_take_secrets(host: str, *, is_secure: bool, public_url: str | None) -> bool:
    """Whether a password or a one-time link may be sent: no one can eavesdrop."""
    name = urlsplit(f"//{host}").hostname or ""
    return is_loopback(name) or is_encrypted(host, is_secure=is_secure, public_url=public_url)


def cross_site_problem(
    fetch_site: str | None, origin: str | None, host: str, public_url: str | None
) -> str | None:
    """Why a request that changes something may come from another site; `None`: a page of ours sent it.

    `fetch_site` is the header Sec-Fetch-Site, which no page can set and each current browser sends to localhost and
    over TLS (W3C Fetch Metadata, section 2). An older browser sends Origin with each POST (RFC 6454, section 7).
    """
    if fetch_site is not None:
        if fetch_site in OWN_PAGES:
            return None
        return f"The form was sent from a page of another site{f', {origin}' if origin else ''}."
    if origin is None:
        return "The request names neither the page that sent it (Sec-Fetch-Site) nor its site (Origin)."
    if urlsplit(origin).netloc.lower() in hosts_of(host.lower(), public_url):
        return None
    return (
        f"The form was sent from {origin}, and the bridge was reached as {host}. Behind a proxy, pass the Host header "
        "on, or set `public_url` under [server] to the address in your browser."
    )


def hosts_of(host: str | None, public_url: str | None) -> set[str]:
    """Host and port by which the bridge is reached: of the request, and of `server.public_url`."""
    return {name for name in (host, urlsplit(public_url or "").netloc.lower()) if name}
