"""A worker and its signals."""

import signal
from collections.abc import Iterator

import pytest

from bridge.delivery.worker import Worker, stopped_by_signals


class Asked(Worker):
    """Notes that it was asked to stop, and does nothing else."""

    def __init__(self) -> None:
        self.to_stop = 0

    def stop(self) -> None:
        self.to_stop += 1


@pytest.fixture(autouse=True)
def handlers_of_before() -> Iterator[None]:
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def test_it_stops_at_sigterm() -> None:
    worker = Asked()
    with stopped_by_signals(worker):
        assert worker.to_stop == 0
        signal.raise_signal(signal.SIGTERM)
    assert worker.to_stop == 1


def test_it_stops_though_the_signal_came_before_it_listened() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as `exit_gracefully` leaves it
    worker = Asked()
    with stopped_by_signals(worker):
        assert worker.to_stop == 1


def test_it_runs_in_the_background_of_a_shell_that_ignores_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Asked()
    with stopped_by_signals(worker):
        assert worker.to_stop == 0
