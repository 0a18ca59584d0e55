"""The management API at /api/v1: the functions of the console for programs."""
