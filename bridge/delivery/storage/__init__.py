"""How snapshots are read from the tables of `bridge.models` and written back."""
