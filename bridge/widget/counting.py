"""Counts submitted forms in PostgreSQL for all processes; addresses and contacts are stored as digests."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.signing_keys import signature
from bridge.widget.storage import add_each, add_first, delete_counters

KEPT = timedelta(hours=2)


def count(session: Session, key: bytes, names: Sequence[str], now: datetime) -> list[int]:
    """Count one more for each name (`contact:maya@example.com`); returns the counts of this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    keys = {name: signature(key, "count", name)[:32] for name in names}
    found = add_each(session, keys.values(), hour)
    if 1 in found.values():
        delete_counters(session, hour - KEPT)
    return [found[keys[name]] for name in names]


def use_up(session: Session, key: bytes, name: str, until: datetime) -> bool:
    """Mark a challenge as used. Returns False if it was used before."""
    return add_first(session, signature(key, "used", name)[:32], until)


def network_of(address: str | None) -> str:
    """The network of a visitor: one customer has many IPv6 addresses."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 6:  # noqa: PLR2004 - the number of the protocol
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
