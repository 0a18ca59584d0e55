"""The arbiter, which holds the web processes, and its signals."""

import signal
from collections.abc import Iterator

import pytest

from bridge.cli.gunicorn import DrainingArbiter, Server
from bridge.cli.processes import exit_gracefully
from bridge.settings import parse


@pytest.fixture(autouse=True)
def handlers_of_before() -> Iterator[None]:
    numbers = [*DrainingArbiter.SIGNALS, signal.SIGCHLD]
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def arbiter() -> DrainingArbiter:
    return DrainingArbiter(Server(parse({"propexo": {"token": "t"}}, {}), "postgresql://unused", []))


def test_it_stops_at_sigterm(arbiter: DrainingArbiter) -> None:
    exit_gracefully()
    arbiter.init_signals()
    assert arbiter.SIG_QUEUE.empty()
    signal.raise_signal(signal.SIGTERM)
    assert arbiter.SIG_QUEUE.get_nowait() == signal.SIGTERM


def test_it_stops_though_the_signal_came_before_it_listened(arbiter: DrainingArbiter) -> None:
    exit_gracefully()
    with pytest.raises(SystemExit):  # and somebody may swallow it
        signal.raise_signal(signal.SIGTERM)
    arbiter.init_signals()
    assert arbiter.SIG_QUEUE.get_nowait() == signal.SIGTERM
    assert arbiter.SIG_QUEUE.empty()
