"""Tries a mapping on payloads and stored events, without saving or sending anything."""
