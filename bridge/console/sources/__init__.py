"""Who sends, how to set a sender up, and whether it is well."""
