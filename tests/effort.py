"""How many examples a property-based test draws: enough to find a slip in minutes, or as many as it deserves."""

import hypothesis

THOROUGH = "random"
"""The profile that draws new examples in every run, and all of them."""
SHARE = 10
"""An ordinary run draws one of so many."""


def is_thorough() -> bool:
    """Whether this run tries everything, in `--hypothesis-profile random`."""
    return hypothesis.settings.get_current_profile_name() == THOROUGH


def examples(most: int) -> int:
    """What `max_examples` is in this run, of a test that deserves `most`."""
    return most if is_thorough() else most // SHARE
