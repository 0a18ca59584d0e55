"""Whether the connections run, and what Propexo has switched off."""
