"""Sources of single senders, what those send, and what is stored of it."""

import json
from typing import Any

from sqlalchemy import text

from bridge.mapping.catalogue import shipped_folder

SAMPLES = shipped_folder() / "samples"
PUBLIC = "https://bridge.example.com"
KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----"""
"""An invented Ed25519 key: the bytes 0 to 31."""
SOURCES: dict[str, dict[str, Any]] = {
    "meta": {"mapping": "messenger", "secrets": ["app-secret"], "verify_tokens": ["old", "verify-me"]},
    "slack": {"mapping": "slack", "secrets": ["slack-secret"]},
    "ghl": {"mapping": "gohighlevel_app", "secrets": [KEY], "tenants": ["loc-1"]},
    "salesforce": {"mapping": "salesforce_outbound", "secrets": ["salesforce-secret"]},
    "livechat": {"mapping": "livechat", "secrets": ["livechat-secret"]},
    "zoho": {"mapping": "zoho_notification", "secrets": ["zoho-token"]},
    "twilio": {"mapping": "twilio", "secrets": ["twilio-secret"]},
    "texting": {"mapping": "twilio", "secrets": ["twilio-secret"], "reply_text": "Thanks & see you"},
    "dialogflow": {"mapping": "dialogflow_cx", "secrets": ["user:password"]},
    "vapi": {"mapping": "vapi", "secrets": ["vapi-secret"]},
    "retell": {"mapping": "retell", "secrets": ["retell-key"], "reply_text": "We have that, thanks."},
    "resman": {"mapping": "mits", "secrets": ["resman-key"]},
    "zapier": {"mapping": "zapier", "secrets": ["zapier-secret"]},
    "open": {"mapping": "zapier", "auth": "none"},
    "new": {"record": True, "secrets": ["new-secret"]},
}


def sample(mapping: str, name: str) -> bytes:
    return (SAMPLES / mapping / name).read_bytes()


def stored_text(endpoint: Any) -> str:
    """All that the events table holds, as text."""
    with endpoint.database.session() as session:
        rows = session.execute(text("SELECT e.*, convert_from(body, 'UTF8') AS said FROM events e"))
        return json.dumps([{**row._mapping, "body": None} for row in rows], default=str)
