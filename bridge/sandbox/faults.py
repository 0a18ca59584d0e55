"""Faults that can be switched on: what goes wrong with the next requests of one kind."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose method and path match these shell patterns."""

    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int | None = None
    """Answered instead of the real answer; nothing is written, unless `after_write`."""
    after_write: bool = False
    """The request is carried out before `status` is answered."""
    delay: float = 0.0
    """Seconds by which the answer is held back; the write is queued before."""
    drop: Literal["before", "after"] | None = None
    """Closes the connection without an answer, before or after the write is queued."""
    write_status: Literal["FAILURE", "PARTIAL_SUCCESS"] | None = None
    """How the job of this write ends."""
    message: str = ""
    """What the PMS says of that."""
    is_written: bool = False
    """The PMS writes it although its job ends in FAILURE."""
    no_job_id: bool = False
    """Answers 200 to a write, without a job id."""
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the answer."""
    body: Any = None
    """Of the answer with `status`: text is sent as HTML, anything else as JSON."""

    def matches(self, method: str, path: str) -> bool:
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)

    @property
    def prevents_write(self) -> bool:
        return self.drop == "before" or (self.status is not None and not self.after_write)


class Faults:
    """The faults that are switched on, in the order in which they were."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that matches, used up by one."""
        for fault in self._faults:
            if fault.matches(method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None
