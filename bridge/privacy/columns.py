"""The columns without personal data.

Every other text, JSON or bytea column has a type of `bridge.encryption`, is blanked by an erasure and expires by
retention. `tests/privacy/test_columns.py` walks the schema and holds all of that.
"""

FREE_OF_PERSONAL_DATA = {
    "alerts": ("key", "state"),
    "aliases": ("alias", "property", "added_by"),
    "attempts": ("kind", "outcome", "job_id", "integration_id", "listed"),
    "audit": ("who", "via", "what", "object", "object_id", "before", "after"),
    "bookings": ("source", "code", "state", "written_state", "property", "lead_id", "appointment_id",
        "tour_key"),
    "budget": ("token", "in_flight"),
    "calendar_feeds": ("digest", "property", "created_by"),
    "choices": ("integration_id", "property_id", "kind", "records"),
    "earlier_codes": ("code",),
    "erasures": ("counts",),
    "events": (
        "source", "content_type", "original_content_type", "event", "trace", "request_id", "status", "action", "reason",
        "job_id", "property", "integration_id", "awaits",
    ),
    "form_counts": ("key",),
    "gauges": ("name", "labels"),
    "idempotency_keys": ("key", "request"),
    "integrations": ("integration_id", "cause", "reason"),
    "known_contacts": ("source",),
    "leads": ("integration_id", "property_id", "code", "lead_id"),
    "notices": ("key",),
    "payload_fields": ("source", "event", "path", "type"),
    "queue_migrations": ("name",),
    "refusals": ("source", "cause"),
    "booking_references": ("source",),
    "slot_calendars": ("property",),
    "slot_claims": ("property", "kind", "agent"),
    "stored_sources": ("key", "mode", "changed_by"),
    "slot_sources": ("integration_id", "property_id", "kind", "content"),
    "sign_in_failures": ("key",),
    "sign_ins": ("digest", "name", "role", "origin", "csrf"),
    "signing_keys": ("name",),
    "sweeps": ("integration_id", "category"),
    "tallies": ("source",),
    "time_offers": ("source", "property", "kind", "starts"),
    "tour_links": ("source", "language"),
    "tokens": ("name", "digest", "role", "created_by"),
    "users": ("name", "password_hash", "role", "locale"),
}  # fmt: skip
"""By table. Names of staff, words of the bridge, ids of Propexo and names of properties are among them."""
DIGESTS = {
    "erasures": ("contact",),
    "events": ("lock",),
    "lanes": ("lane",),
    "leads": ("contact",),
    "terms": ("term",),
    "time_offers": ("digest",),
    "tour_links": ("digest",),
}
"""Of an address or a name: they find a person whose data one has, and reveal no one."""
IDS_OF_SENDERS = {
    "booking_references": ("reference",),
    "events": ("delivery_id", "reference", "previous_reference"),
    "known_contacts": ("contact_id",),
    "tour_links": ("reference",),
}
"""Needed in conditions, so not encrypted. An erasure removes references that hold the address; all of them expire but
the id of a delivery, by which a repetition is known."""
