"""The tour widget: the script that a website loads, the same as an ordinary page, and what guards both from abuse."""
