"""What the PMS holds, matched to our bookings."""
