"""What senders call the properties."""
