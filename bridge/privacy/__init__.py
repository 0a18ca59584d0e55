"""Personal data: retention, erasure and encryption."""
