"""How often forms are sent, counted in PostgreSQL for all processes; what was counted stays a digest."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import FormCount
from bridge.signing_keys import signature

KEPT = timedelta(hours=2)


def count(session: Session, key: bytes, names: Sequence[str], now: datetime) -> list[int]:
    """Count one more for each name (`contact:maya@example.com`); returns how many there were in this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    keys = {name: signature(key, "count", name)[:32] for name in names}
    rows = [{"key": key, "hour": hour, "count": 1} for key in sorted(set(keys.values()))]
    added = (
        insert(FormCount)
        .values(rows)
        .on_conflict_do_update(
            index_elements=[FormCount.key, FormCount.hour], set_={"count": FormCount.count + 1}
        )
        .returning(FormCount.key, FormCount.count)
    )
    found = {name: number for name, number in session.execute(added)}  # noqa: C416 - rows are no pairs to mypy
    if 1 in found.values():
        session.execute(delete(FormCount).where(FormCount.hour < hour - KEPT))
    return [found[keys[name]] for name in names]


def use_up(session: Session, key: bytes, name: str, until: datetime) -> bool:
    """Whether nobody has used this name of a challenge before; from now on somebody has."""
    row = {"key": signature(key, "used", name)[:32], "hour": until, "count": 1}
    used = insert(FormCount).values(row).on_conflict_do_nothing().returning(FormCount.key)
    return session.scalar(used) is not None


def network_of(address: str | None) -> str:
    """Whose visitor an address is: an IPv6 network of a customer has many of them."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 6:  # noqa: PLR2004 - the number of the protocol
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
