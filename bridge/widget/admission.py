"""Whether a form that a visitor sent is taken at once, only after some work of the browser, or not at all. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from bridge.settings.records import FormSettings

SECONDS_TO_FILL_IN = 3
"""No person is faster."""
FAR_BEYOND = 20
"""Times a limit, after which work does not help any more."""


class Admission(Enum):
    """What happens to a form."""

    TAKEN = auto()
    AFTER_WORK = auto()
    REFUSED = auto()


@dataclass(frozen=True)
class FormCounts:
    """How many forms came in this hour, this one included."""

    address: int = 0
    contact: int = 0
    property: int = 0


@dataclass(frozen=True)
class Signs:
    """What else is known of who sends it."""

    has_filled_trap: bool = False
    """A field that people do not see has a value."""
    seconds_on_page: float | None = None
    """`None`: the form is not the widget's."""
    has_worked: bool = False
    """The browser has solved a challenge of ours."""


def admission(counts: FormCounts, signs: Signs, limits: FormSettings) -> Admission:
    """What happens to a form that is otherwise right.

    No one is refused for being one of many: an office or a university shares one address. Beyond a limit the browser
    has to work first; only far beyond it nothing helps.
    """
    shares = (
        counts.address / limits.per_address,
        counts.contact / limits.per_contact,
        counts.property / limits.per_property,
    )
    if max(shares) > FAR_BEYOND:
        return Admission.REFUSED
    is_too_fast = signs.seconds_on_page is not None and signs.seconds_on_page < SECONDS_TO_FILL_IN
    if not signs.has_worked and (max(shares) > 1 or is_too_fast or signs.has_filled_trap):
        return Admission.AFTER_WORK
    return Admission.TAKEN
