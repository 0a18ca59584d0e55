"""What the pages and the management API show. Queries know nothing of the web."""
