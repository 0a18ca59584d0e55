"""The pages of the events: the live list, what is done to many at once, and the story of one."""
