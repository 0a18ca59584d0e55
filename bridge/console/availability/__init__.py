"""`/console/availability`: which times are free, and why others are not."""
