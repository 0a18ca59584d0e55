"""What people do, at the pages, through the management API and from the command line: checked, done, written down."""
