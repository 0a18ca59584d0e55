"""`bridge mcp`: the tools by which AI agents find times and book, move and cancel tours."""
