"""What a load balancer sees: `/readyz` of several web processes, asked again and again."""

import threading
from collections.abc import Sequence

import requests

ASK_EVERY = 0.2
"""Seconds."""
PATIENCE = 20
"""Seconds that an answer may take on a busy machine; a process that has ended refuses the connection."""


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=PATIENCE).ok
    except requests.RequestException:
        return False


class ReadinessWatch:
    """A thread that notes when no process was ready; `with ReadinessWatch(urls) as watch:` around all that happens."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = urls
        self.rounds = 0
        self.red: list[int] = []
        """Rounds in which no process was ready."""
        self.red_of_one = 0
        """Rounds in which some process was not."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "ReadinessWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(ASK_EVERY):
            self.rounds += 1
            answers = [is_ready(url) for url in self.urls]
            self.red_of_one += not all(answers)
            # They were asked one after the other: an earlier one may have become ready meanwhile.
            if not any(answers) and not any(is_ready(url) for url in reversed(self.urls)):
                self.red.append(self.rounds)
