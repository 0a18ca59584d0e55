"""Where alerts are sent: mail, Slack, Teams, SMS and any other address that Apprise supports."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.alerts.plain import visible, without_markup
from bridge.errors import BridgeError, ConfigurationError, Problem

if TYPE_CHECKING:
    import apprise

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings quote what was sent, and to whom

WITHOUT_MARKUP = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"}
"""Mails are sent as plain text; the others go to programs."""


class AlertDeliveryError(BridgeError):
    """No alert could be delivered. `bridge alerts test` shows which addresses work."""

    code = "alert_not_delivered"


class Channels:
    """The addresses of `alerts.urls`.

    Raises:
        ConfigurationError: Apprise cannot read one of them.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        read = [_read(url) for url in urls]
        expected = "an address that Apprise knows, such as mailto://... or slack://..."
        wrong = [
            Problem(f"alerts.urls[{index}]", f"found a value that is not shown, expected {expected}")
            for index, channel in enumerate(read)
            if not channel
        ]
        if wrong:
            raise ConfigurationError(wrong)
        self._channels = [channel for channel in read if channel]

    def __bool__(self) -> bool:
        return bool(self._channels)

    @property
    def addresses(self) -> list[str]:
        """Each address without its secrets and options."""
        return [_shown(channel) for channel in self._channels]

    def send(self, title: str, text: str) -> dict[str, bool]:
        """Send plain text to all; answers for each address, without its secrets, whether that worked."""
        return {_shown(channel): _send(channel, title, text) for channel in self._channels}

    def notify(self, title: str, text: str) -> None:
        """Tell everybody. Raises AlertDeliveryError where not even one heard it."""
        if not any(self.send(title, text).values()):
            raise AlertDeliveryError


def _read(url: str) -> "apprise.NotifyBase | None":
    from apprise import Apprise  # noqa: PLC0415 - 3 MB that a web process without alerts never needs

    return Apprise.instantiate(url, suppress_exceptions=True)


def _send(channel: "apprise.NotifyBase", title: str, text: str) -> bool:
    title, text = visible(title.replace("\n", " ")), visible(text)
    if not set(channel.schemas()) & WITHOUT_MARKUP:  # type: ignore[no-untyped-call]
        title, text = without_markup(title), without_markup(text)
    from apprise import NotifyFormat  # noqa: PLC0415 - as above

    plain = NotifyFormat.TEXT
    channel.notify_format = plain
    return bool(channel.notify(body=text, title=title, body_format=plain))


def _shown(channel: "apprise.NotifyBase") -> str:
    """The address without its secrets and options."""
    address: str = channel.url(privacy=True)  # type: ignore[no-untyped-call]
    return address.partition("?")[0]
