"""Trying a mapping out: on a payload, and against the events that are stored; nothing is saved, nothing is sent."""
