"""The routes that applications share may be read by several threads at once."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from once import SharedMap
from werkzeug.routing import Rule


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_the_first_requests_of_an_application_may_come_together() -> None:
    for application in range(5):
        routes = SharedMap(
            [Rule(f"/{application}/{n}/<name>/<int:number>", endpoint=str(n)) for n in range(20)]
        )

        def match(n: int, routes: SharedMap = routes, application: int = application) -> str:
            endpoint, found = routes.bind("localhost").match(f"/{application}/{n}/tour/7")
            assert found == {"name": "tour", "number": 7}
            return str(endpoint)

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(match, range(20))) == [str(n) for n in range(20)]
