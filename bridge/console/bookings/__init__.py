"""Tours, a line each."""
