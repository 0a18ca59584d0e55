"""A Booking becomes a written appointment."""
