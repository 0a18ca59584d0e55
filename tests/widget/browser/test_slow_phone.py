"""The widget on a slow phone, and pictures of it: both are written to a folder on request (screenshots.py)."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.processes

Open = Callable[..., Page]
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
"""As Lighthouse measures phones: milliseconds, and bytes a second."""
CPU_SLOWDOWN = 4
MOST_REQUESTS = 4
"""The page, the script, what the widget knows of the property, and its free times."""
MOST_BYTES = 40_000
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SHOWN = "window.shownAt"
FIRST_TIMES = """(() => {
    const look = () => {
        const widget = document.querySelector("tour-booking");
        if (!widget?.shadowRoot?.querySelector("input[type=radio]")) requestAnimationFrame(look);
        else requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); }));
    };
    look();
})()"""
"""Notes when the frame with the first times is drawn."""


def folder() -> Path | None:
    """Where pictures and figures go."""
    named = os.environ.get("BRIDGE_PICTURES")
    if named:
        Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named) if named else None


def test_first_times_on_a_slow_phone(website: Any, open_page: Open, record_property: Any) -> None:
    """How long they take depends on this machine, and is reported, next to the same page without the widget; what has
    to be loaded for them does not."""
    page = open_page(width=360, path="about:blank", device_scale_factor=3, is_mobile=True)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW_4G)
    network.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    page.add_init_script(FIRST_TIMES)
    line = website.body
    asked: list[str] = []
    received: list[int] = []
    network.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    network.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))

    def load(body: str, until: str) -> int:
        website.body = body
        network.send("Network.clearBrowserCache")
        asked.clear()
        received.clear()
        page.goto(website.url)
        return round(page.wait_for_function(until, polling=200).json_value())

    load(line, SHOWN)  # what the browser and the bridge do once
    rounds = 7 if folder() else 1
    pairs = [(load("", PAINTED), load(line, SHOWN)) for _ in range(rounds)]
    loaded = [url for url in asked if url.startswith("http")]
    figures = {
        "first_times_ms": sorted(with_widget for _, with_widget in pairs)[rounds // 2],
        "bare_page_ms": sorted(bare for bare, _ in pairs)[rounds // 2],
        "rounds": pairs,
        "requests": len(loaded),
        "bytes": sum(received),
    }
    record_property("slow phone", figures)
    if (to := folder()) is not None:
        (to / "slow-phone.json").write_text(json.dumps(figures, indent=2) + "\n")
    assert len(loaded) <= MOST_REQUESTS, loaded
    assert sum(received) <= MOST_BYTES


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(website: Any, open_page: Open, width: int, theme: str) -> None:
    to = folder()
    if to is None:
        pytest.skip("Pictures are made by screenshots.py FOLDER.")
    website.body = website.line(f"property=oakwood&amp;theme={theme}")
    page = open_page(width=width, color_scheme=theme)
    expect(page.locator("tour-booking").get_by_role("radio").first).to_be_attached()
    page.screenshot(path=to / f"widget-{theme}-{width}-times.png", full_page=True)
    page.get_by_role("radio", name="10:00 AM").check(force=True)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("First name").fill("Maya")
    page.screenshot(path=to / f"widget-{theme}-{width}-details.png", full_page=True)
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("E-mail").fill("maya@example.com")
    page.get_by_role("button", name="Book the tour").click()
    expect(page.get_by_text("Thank you, Maya")).to_be_visible()
    page.screenshot(path=to / f"widget-{theme}-{width}-booked.png", full_page=True)
    page.goto(f"{website.bridge}/widget/website?property=oakwood")
    page.screenshot(path=to / f"page-{theme}-{width}.png", full_page=True)
    # A form that is filled in within three seconds has to work first.
    refused = [error for error in open_page.errors if "429" in error]  # type: ignore[attr-defined]
    assert open_page.errors == refused  # type: ignore[attr-defined]
    open_page.errors.clear()  # type: ignore[attr-defined]
