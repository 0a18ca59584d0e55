"""The pages of events: the live list, bulk actions, and the detail of one."""
