"""Tells people, before anyone calls: what is parked, late, silent or paused."""
