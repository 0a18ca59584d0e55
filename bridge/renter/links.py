"""The tokens of renters' links.

A token is a signature of the tour's reference: it is always the same, and stays valid when the tour moves. The database
holds only its digest.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.models import TourLink
from bridge.renter.storage import add_link, link_with

BYTES = 18
"""Of a token: 144 bits."""


def token_of(key: bytes, source: str, reference: str) -> str:
    """The token of a tour: 24 characters that an address may have."""
    signed = hmac.new(key, f"{source}\0{reference}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(signed[:BYTES]).decode()


def issue(session: Session, key: bytes, source: str, reference: str, language: str, now: datetime) -> str:
    """Return the token of a tour, which opens its page from now on. Safe to repeat; a revoked one stays revoked."""
    token = token_of(key, source, reference)
    add_link(session, digest_of(token), source, reference, language, now)
    return token


def find(session: Session, key: bytes, token: str) -> TourLink | None:
    """The link that a token opens; `None` where it is not ours, not issued, or revoked."""
    link = link_with(session, digest_of(token))
    if link is None or link.revoked_at is not None:
        return None
    expected = token_of(key, link.source, link.reference)
    return link if hmac.compare_digest(expected.encode(), token.encode()) else None


def digest_of(token: str) -> str:
    """Under which a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
