"""An HTTP request becomes a stored event."""
