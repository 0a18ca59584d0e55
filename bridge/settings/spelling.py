"""Spellings of addresses, zones and names in bridge.toml."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

DID_YOU_MEAN = "; did you mean"
DEFAULT_PORTS = {"http": 80, "https": 443}


def did_you_mean(*candidates: str) -> str:
    """The end of a message, empty without a candidate."""
    return f'{DID_YOU_MEAN} "{candidates[0]}"?' if candidates else ""


def split_url(text: str) -> SplitResult | None:
    """The parts of an http(s) address that has a host, at most a path, and no user, query or fragment."""
    try:
        url = urlsplit(text)
        valid = url.scheme in DEFAULT_PORTS and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        return None
    return url if valid and not re.search(r"[\s@?#*\\]", text) else None


def is_loopback(host: str) -> bool:
    """Whether nothing that is sent to this host leaves the machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@cache
def time_zones() -> Mapping[str, str]:
    """Every zone that may be configured, by its name in lower case."""
    named: Iterable[str] = available_timezones() - {"localtime", "Factory"}
    return {zone.lower(): zone for zone in sorted(named)}
