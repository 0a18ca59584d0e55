"""What bridge.toml says, as frozen records. Every default stands here and nowhere else."""

from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

from bridge.settings.amounts import Percent
from bridge.settings.derived import read_as
from bridge.settings.fields import (
    ApiAccess,
    BaseUrl,
    Bind,
    DatabaseUrl,
    EncryptionKey,
    HttpsUrl,
    NamedTable,
    OneOf,
    Origin,
    PhoneRegion,
    PmsTime,
    Port,
    SecondsOrNone,
    SecurityContact,
    Text,
    TextList,
    TimeZone,
    Vendor,
)
from bridge.settings.hours import Hours, TimeOfDay, TourTimes
from bridge.settings.replies import LANGUAGES, Replies
from bridge.settings.source_table import SourceTable
from bridge.settings.tour_times import BusinessHours, SlotSettings, TourHours
from bridge.settings.workbench import Workbench, WorkbenchMode

ROLES = ("viewer", "operator", "admin")
MAPPING = 'the name of a mapping, such as "calendly"'


@dataclass(frozen=True)
class PropexoSettings:
    """How Propexo is called."""

    token: str = field(repr=False, metadata=read_as(Text("the API token that Propexo gave you")))
    base_url: str = field(default="https://api.propexo.com", metadata=read_as(BaseUrl()))
    """Scheme and host, without a slash at the end."""
    budget_per_minute: int = 150
    """Requests per minute that Propexo allows this account."""
    connect_timeout: float = 10.0
    """Seconds."""
    read_timeout: float = 30.0
    """Seconds. Propexo delays answers by 2 s once 80 % of the budget is used."""
    organization_name: str | None = None
    sync_on_demand: bool = True
    """Ask Propexo for a sync when a tour waits for an id that only a sync brings, and starts before the next one."""
    sync_on_demand_minutes: int = 30
    """So long after one sync that was asked for no other is, per integration."""
    sync_hours: int = 12
    """How often Propexo syncs without being asked."""
    availability_share: int = field(default=20, metadata=read_as(Percent()))
    """Percent of the requests per minute that free times may cost."""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Any of them may have signed a webhook of Propexo; without one there is no address for webhooks."""


@dataclass(frozen=True)
class ServerSettings:
    """How the processes of the bridge run."""

    host: str = "127.0.0.1"
    port: int = field(default=8080, metadata=read_as(Port()))
    private_bind: str | None = field(default=None, metadata=read_as(Bind()))
    """Where console, API and metrics answer, as `HOST:PORT`; `None`: at the same address as the hooks."""
    workers: int = 2
    """Gunicorn processes of `bridge web`."""
    threads: int = 32
    """Threads of each of them: so many requests can share a commit. They mostly wait, and need no connection each."""
    body_limit: int = 1_048_576
    """Bytes; a larger request body is refused before it is read."""
    request_timeout: float = 10.0
    """Seconds within which a sender has to send a whole request."""
    drain: float = field(default=0.0, metadata=read_as(SecondsOrNone()))
    """Seconds that a web process goes on to accept after SIGTERM, while /readyz says no to a load balancer."""
    worker_concurrency: int = 16
    """Reading calls, and as many writes, that one `bridge worker` sends to Propexo at the same time."""
    trusted_proxies: int = 0
    """How many proxies in front say for whom they ask (`X-Forwarded-For`); 0: nobody is believed."""
    metrics_port: int | None = field(default=None, metadata=read_as(Port()))
    """Where a `bridge worker` that runs by itself answers /metrics, /livez and /readyz; `None`: nowhere."""
    security_contact: str | None = field(default=None, metadata=read_as(SecurityContact()))
    """Where somebody reports a weakness: `mailto:` or `https://`; published at /.well-known/security.txt."""
    public_url: str | None = field(
        default=None,
        metadata=read_as(BaseUrl("the https address under which senders reach the bridge, without path")),
    )
    """Scheme and host under which senders reach the bridge: what they sign, whatever a proxy makes of it."""


@dataclass(frozen=True)
class PrivacySettings:
    """How long it is kept what renters said, and under which keys."""

    body_days: int = 30
    """Days after its end that the content of an event stays; of a tour, its contact data."""
    row_days: int = 90
    """Days after which only the keys stay by which a repeated delivery is known."""
    encryption_keys: tuple[str, ...] = field(
        default=(), repr=False, metadata=read_as(TextList(EncryptionKey))
    )
    """Fernet keys: the first encrypts, all decrypt; none: nothing is encrypted."""


@dataclass(frozen=True)
class FormSettings:
    """How many forms of websites come in an hour before a browser has to work for each; see deploy/widget.md."""

    per_address: int = 10
    """From one address: an office or a dormitory may share it."""
    per_contact: int = 5
    per_property: int = 100


@dataclass(frozen=True)
class OpenIdSettings:
    """A provider of OpenID Connect that vouches for people."""

    issuer: str = field(metadata=read_as(HttpsUrl()))
    client_id: str
    client_secret: str = field(repr=False)
    role_claim: str = "groups"
    """The claim of the ID token that names groups."""
    roles: dict[str, str] = field(default_factory=dict, metadata=read_as(NamedTable(OneOf(*ROLES).read)))
    """From a group to a role; who is in none is refused."""


@dataclass(frozen=True)
class ConsoleSettings:
    """What people find at /console."""

    session_hours: int = 12
    """After which somebody signs in anew."""
    openid: OpenIdSettings | None = None
    api_requests_per_minute: int = 600
    """Of one token of the API, over all processes."""

    workbench: Workbench = field(default=Workbench.CONFINED, metadata=read_as(WorkbenchMode()))
    """Whether administrators may try out edited mappings, which run on this server."""


@dataclass(frozen=True)
class ConfiguredUser:
    """Somebody who may sign in; `bridge users add` adds others to the database."""

    key: str
    """What is typed to sign in."""
    role: str = field(metadata=read_as(OneOf(*ROLES)))
    password_hash: str = field(repr=False, metadata=read_as(Text("what `bridge users hash` prints")))
    """As `bridge users hash` prints it."""


@dataclass(frozen=True)
class AlertSettings:
    """Who is told what does not go well, and when."""

    urls: tuple[str, ...] = field(default=(), repr=False)
    """Addresses of Apprise; none: nobody is told."""
    time_zone: str = field(default="UTC", metadata=read_as(TimeZone()))
    """Of the business hours and the digest; an IANA name."""
    business_hours: BusinessHours = field(default_factory=BusinessHours, metadata=read_as(Hours()))
    silent_after: int = 18
    """Business hours without an event after which a source counts as silent."""
    unsent_before: int = 120
    """Minutes before its start at which a tour that is not written is told."""
    digest_at: time | None = field(default=None, metadata=read_as(TimeOfDay()))
    """When the summary of the day before is sent; None: never."""


@dataclass(frozen=True)
class Property:
    """A configured community."""

    key: str
    integration_id: str = field(metadata=read_as(Text("the Propexo id of the integration, in quotes")))
    property_id: str = field(metadata=read_as(Text("the Propexo id of the property, in quotes")))
    pms: str = field(metadata=read_as(Vendor()))
    """The vendor, in capitals: `ENTRATA`."""
    time_zone: str = field(metadata=read_as(TimeZone()))
    """An IANA name that `zoneinfo` knows."""
    name: str | None = None
    address: str | None = None
    """As renters read it in the widget and in their calendars."""
    phone: str | None = None
    """Of the leasing office, as renters read it."""
    move_notice: int = 60
    """Minutes before a tour up to which its renter may move it by the link; later only the office does."""
    cancel_notice: int = 60
    aliases: tuple[str, ...] = ()
    pms_time: str | None = field(default=None, metadata=read_as(PmsTime()))
    """Overrides the time rule of the PMS: `property`, `utc` or an IANA name."""
    tour_hours: TourHours = field(default_factory=TourHours, metadata=read_as(TourTimes()))
    """A tour that begins outside of them is held: it was misread, or is a slip."""
    slots: SlotSettings | None = None
    """Which times are offered; `None`: none, and no tour is held because its time is taken."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Values for what a booking does not say: texts, `duration_minutes` is a whole number, and `appointment_types` is
    from a kind of tour to Propexo's type."""
    units: dict[str, str] = field(default_factory=dict)
    """From the sender's word to Propexo's unit id; `agents` and `lead_sources` likewise."""
    agents: dict[str, str] = field(default_factory=dict)
    lead_sources: dict[str, str] = field(default_factory=dict)

    @property
    def called(self) -> frozenset[str]:
        """All that this property answers to, case-folded: key, property id, name and aliases."""
        texts = (self.key, self.property_id, self.name or self.key, *self.aliases)
        return frozenset(same_name(text) for text in texts)


@dataclass(frozen=True)
class Source:
    """A configured inbound endpoint."""

    key: str
    mapping: str = field(default="recorder", metadata=read_as(Text(MAPPING)))
    """The name of a mapping; may be left out only with `record`."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Any of them may have signed a request, so that a secret can be changed without a gap."""
    property: str | None = field(default=None, metadata=read_as(Text("the key of a configured property")))
    """Key of the property for events that name none."""
    enabled: bool = True
    origins: tuple[str, ...] = field(default=(), metadata=read_as(TextList(Origin)))
    """Websites whose forms may post here from the browser, as `scheme://host[:port]` in lower case."""
    phone_region: str = field(default="US", metadata=read_as(PhoneRegion()))
    """Country of phone numbers that are written without one; also how dates are written, without `date_order`."""
    date_order: str | None = field(default=None, metadata=read_as(OneOf("month_first", "day_first")))
    """`month_first` or `day_first`: how the sender writes 12/03/2026; None: as in the country of `phone_region`."""
    lead_source: str | None = None
    tolerance: int | None = None
    """Seconds that a signature stays valid; overrides the mapping's."""
    auth: str | None = field(default=None, metadata=read_as(OneOf("none")))
    """`none`: anybody may send. Spelled out, because a forgotten secret must not mean that."""
    tenants: tuple[str, ...] = ()
    """The sender's ids of the accounts that may send here; none listed: all that hold the secret."""
    verify_tokens: tuple[str, ...] = field(default=(), repr=False)
    """What the sender repeats when it first calls the address (Meta)."""
    api: dict[str, str] = field(default_factory=dict, repr=False, metadata=read_as(ApiAccess()))
    """`base_url` and credentials of the sender's API, for hooks that carry ids only."""
    on_request: str | None = field(default=None, metadata=read_as(OneOf("book", "hold", "lead_only")))
    """`book`, `hold` or `lead_only`: what becomes of a tour that nobody has confirmed; overrides the mapping's."""
    same_day: str | None = field(default=None, metadata=read_as(OneOf("move")))
    """`move`: another tour of the same person on the same day at the same property is a move; None: a second tour."""
    reply_text: str | None = None
    """What a person reads in the answer to a chat's request that was stored."""
    reply_language: str | None = field(default=None, metadata=read_as(OneOf(*LANGUAGES)))
    """The language of answers to requests that name none; None: English."""
    replies: dict[str, dict[str, str]] = field(default_factory=dict, metadata=read_as(Replies()))
    """Sentences of answers, by language and situation."""
    ignore_changes_by: tuple[str, ...] = ()
    """Words of the sender for who made a change: such events are ignored, so that nothing goes in circles."""
    silent_after: int | None = None
    """Business hours without an event after which it counts as silent; overrides `alerts.silent_after`."""
    record: bool = False
    """Stores whatever is sent here, so that a mapping can be written from real requests; then `mapping` may lack."""
    agent_time_zone: str | None = field(default=None, metadata=read_as(TimeZone()))
    """The zone of a bot's agent, which puts the offset of that zone behind times that people mean as the property's."""
    mode: str | None = field(default=None, metadata=read_as(OneOf("live", "shadow")))
    """`shadow`: its events are read and decided, and nothing is sent; None: live, unless the console switched it."""
    live_since: datetime | None = None
    """When the console or the CLI switched it live: events that came before stay in shadow."""

    def is_shadow_at(self, moment: datetime) -> bool:
        """Whether an event that came at this moment is decided and never sent."""
        return self.mode == "shadow" or (self.live_since is not None and moment < self.live_since)


@dataclass(frozen=True)
class Settings:
    """The whole configuration, valid in itself."""

    propexo: PropexoSettings
    server: ServerSettings = field(default_factory=ServerSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    forms: FormSettings = field(default_factory=FormSettings)
    properties: dict[str, Property] = field(default_factory=dict)
    sources: SourceTable[Source] = field(default_factory=lambda: SourceTable({}))
    users: dict[str, ConfiguredUser] = field(default_factory=dict)
    database_url: str | None = field(default=None, repr=False, metadata=read_as(DatabaseUrl()))
    """`postgresql://...`, or None for the embedded PostgreSQL in `data_dir`."""
    data_dir: Path = Path("bridge-data")
    mappings_dir: Path | None = None
    """A folder with the operator's own mapping files."""
    path: Path | None = None
    """The file that was read, if any."""

    def property_named(self, text: str) -> Property | None:
        """Finds the property that a sender or a tag such as `property:oakwood` means; None if no one answers.

        Key, property id, name and aliases are compared without regard to case and surrounding white space.
        """
        wanted = same_name(text)
        candidates = {wanted, wanted.removeprefix("property:").strip()}
        return next(
            (property_ for property_ in self.properties.values() if property_.called & candidates), None
        )


def same_name(text: str) -> str:
    """Two texts that become equal here mean the same property."""
    return text.strip().casefold()
