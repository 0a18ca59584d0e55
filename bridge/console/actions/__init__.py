"""Actions of operators from pages, API and command line: check, execute, and record in the audit log."""
