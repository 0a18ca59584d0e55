"""What is kept of a renter, for how long, and how it is erased."""
