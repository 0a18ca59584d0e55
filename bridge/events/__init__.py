"""What operators see of events and do with them."""
