"""Propexo bridge: a tour booked anywhere becomes the right appointment in the property-management system."""

__version__ = "0.2.0"
