"""Makes texts of senders safe to store and index in PostgreSQL."""

import hashlib

KEY_LENGTH = 255
"""Longer ids are stored as a hash: an index entry has a limit, a sender's imagination has none."""


def key(text: str | None) -> str | None:
    """An id of any length and content as one to store and compare."""
    cleaned = sanitise(text)
    if cleaned and len(cleaned) > KEY_LENGTH:
        return f"sha256:{hashlib.sha256(cleaned.encode()).hexdigest()}"
    return cleaned or None


def contact_key(email: str | None, phone: str | None) -> str | None:
    """One person, whichever source they came through: a digest of the e-mail, else of the phone.

    Locks and keys contain it, and outlive what they were made of. Who has the address can find it; from
    the digest of a phone number, who tries all numbers can find it, too. The case of an e-mail makes no difference.
    """
    named = sanitise(f"email:{email.lower()}" if email else f"phone:{phone}" if phone else None)
    return f"contact:{hashlib.sha256(named.encode()).hexdigest()}" if named else None


def sanitise(text: str | None) -> str | None:
    """Without what PostgreSQL's text cannot hold: NUL characters and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode() if text else text
