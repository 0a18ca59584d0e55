"""The only package that knows Propexo."""
