"""How long a stop may take, in seconds: all limits are parts of one sum."""

REQUESTS = 30
"""That running requests get, once nothing more is accepted."""
JOBS = 45
"""That a worker gives to the calls that are on the way."""
DATABASE = 15
"""That the embedded PostgreSQL gets at the end."""


def of_processes(drain: float) -> float:
    """After which processes are killed that were asked to stop, side by side or one after the other."""
    return drain + REQUESTS + JOBS


def total(drain: float) -> float:
    """What a service manager has to grant before it kills all."""
    return of_processes(drain) + DATABASE
