"""Free times of a property: what is offered, and whether one start is free.

`rules` is pure: from settings, taken times and the moment to the times that are offered. One function, `obstacle`,
says why a start is not free; the list leaves out what it objects to, so that list and check cannot differ.
"""
