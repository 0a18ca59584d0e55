"""How many examples a property-based test draws: enough to find a slip in minutes, or as many as it deserves."""

import hypothesis

THOROUGH = "random"
"""The profile that draws new examples in every run, and all of them."""
SHARE = 5
"""An ordinary run draws one of so many."""


def examples(most: int) -> int:
    """What `max_examples` is in this run, of a test that deserves `most`."""
    return most if hypothesis.settings.get_current_profile_name() == THOROUGH else most // SHARE
