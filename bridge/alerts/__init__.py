"""Alerts people to events that are parked, late, silent or paused."""
