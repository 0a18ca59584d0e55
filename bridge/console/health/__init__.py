"""The state of the integrations, and what Propexo has switched off."""
