"""The errors of the tools for AI agents."""

from bridge.errors import BridgeError


class UnknownTourError(BridgeError):
    """No tour of this source has this booking_id."""

    code = "unknown_tour"


class TourUnchangeableError(BridgeError):
    """This tour cannot be changed any more."""

    code = "tour_unchangeable"
