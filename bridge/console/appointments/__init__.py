"""The appointments in the PMS, matched to our bookings."""
