"""The people who run the bridge: pages and the management API."""
