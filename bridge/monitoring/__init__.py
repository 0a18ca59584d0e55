"""Whether the bridge is well: health, metrics, traces."""
