"""Checks of mapping files, and previews of their results; no database."""
