"""What a mapping file must fulfil, and what a payload becomes through it; no database."""
