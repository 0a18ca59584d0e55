"""The management API at /api/v1: what people do at the console, for programs."""
