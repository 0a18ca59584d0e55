"""The names that senders use for properties."""
