"""What is free, as pure functions: no I/O, no clock."""
