"""The test message of `bridge alerts test`, the console and the API."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.errors import BridgeError
from bridge.settings import Settings

TITLE = "The bridge can reach you"
TEXT = "This is a test of the Propexo bridge. Alerts about tours will come to this address."


class NoAlertAddressError(BridgeError):
    """alerts.urls is empty. Add an address, such as mailto://..., and try again."""

    code = "no_alert_address"


@dataclass(frozen=True)
class SentTest:
    """What became of the message to one address."""

    address: str
    """Without its secrets and options."""
    is_sent: bool

    @property
    def scheme_and_host(self) -> str:
        """All that the console shows."""
        return scheme_and_host(self.address)


def send_test(settings: Settings) -> list[SentTest]:
    """Send a test message to each address of `alerts.urls`.

    Raises:
        NoAlertAddressError: there is none.
        ConfigurationError: Apprise cannot read one of them.
    """
    from bridge.alerts.channels import Channels  # noqa: PLC0415 - Apprise knows a hundred services and loads them all

    channels = Channels(settings.alerts.urls)
    if not channels:
        raise NoAlertAddressError
    return [SentTest(address, is_sent) for address, is_sent in channels.send(TITLE, TEXT).items()]


def recipients(settings: Settings) -> list[str]:
    """Scheme and host of each address of `alerts.urls`. Raises ConfigurationError."""
    from bridge.alerts.channels import Channels  # noqa: PLC0415 - as above

    return [scheme_and_host(address) for address in Channels(settings.alerts.urls).addresses]


def scheme_and_host(address: str) -> str:
    """`mailto://example.com` of an address that has no secrets any more: the host of many services is one."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
