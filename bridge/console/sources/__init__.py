"""Sources: their setup and their state."""
