"""The settings as frozen records: the only place with defaults."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.settings.amounts import Count, Percent
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
    """The API token of your account at Propexo."""
    base_url: str = field(default="https://api.propexo.com", metadata=read_as(BaseUrl()))
    """Where Propexo answers; its sandbox is `https://api.sandbox.propexo.com`."""
    budget_per_minute: int = 150
    """Requests per minute that Propexo allows this account."""
    connect_timeout: float = 10.0
    """Seconds until a connection is open."""
    read_timeout: float = 30.0
    """Seconds for the answer; with `connect_timeout` the deadline of a call. Propexo delays answers by 2 s once 80 % of
    the budget is used."""
    organization_name: str | None = None
    """The name of your company, for PMSs that want it with a lead."""
    sync_on_demand: bool = True
    """Ask Propexo for a sync when a tour waits for an id that only a sync brings, and starts before the next one."""
    sync_on_demand_minutes: int = 30
    """Minutes between two such requests for one integration."""
    sync_hours: int = 12
    """Hours between the syncs that Propexo makes without being asked."""
    availability_share: int = field(default=20, metadata=read_as(Percent()))
    """Percent of the requests per minute that free times may cost."""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of the webhooks that you registered at Propexo; several are valid at a time. Without one there is no
    address for them."""


@dataclass(frozen=True)
class ServerSettings:
    """How the processes of the bridge run."""

    host: str = "127.0.0.1"
    """The address at which the web process listens."""
    port: int = field(default=8080, metadata=read_as(Port()))
    """The port at which it listens."""
    private_bind: str | None = field(default=None, metadata=read_as(Bind()))
    """Where console, API and metrics answer, as `HOST:PORT`; unset: at the same address as the hooks."""
    workers: int = 2
    """Gunicorn processes of `bridge web`."""
    threads: int = 32
    """Threads of each process: so many requests can share a commit. They do not need a database connection each."""
    body_limit: int = 1_048_576
    """Bytes; a larger request body is refused before it is read."""
    request_timeout: float = 10.0
    """Seconds within which a sender has to send a whole request."""
    drain: float = field(default=0.0, metadata=read_as(SecondsOrNone()))
    """Seconds for which a web process accepts requests after SIGTERM, while `/readyz` answers 503."""
    worker_concurrency: int = 16
    """Reading calls, and as many writes, that one `bridge worker` sends to Propexo at the same time."""
    trusted_proxies: int = field(default=0, metadata=read_as(Count()))
    """Number of proxies in front that set `X-Forwarded-For` and `X-Forwarded-Proto`; 0: these headers are ignored."""
    metrics_port: int | None = field(default=None, metadata=read_as(Port()))
    """Where a separate `bridge worker` answers `/metrics`, `/livez` and `/readyz`; unset: nowhere."""
    security_contact: str | None = field(default=None, metadata=read_as(SecurityContact()))
    """Where to report a weakness, published at `/.well-known/security.txt`; unset: not published."""
    public_url: str | None = field(
        default=None,
        metadata=read_as(BaseUrl("the https address under which senders reach the bridge, without path")),
    )
    """Scheme and host under which senders reach the bridge. Some sign it; links in alerts and to tours use it."""


@dataclass(frozen=True)
class PrivacySettings:
    """How long personal data is kept, and under which keys it is encrypted."""

    body_days: int = 30
    """Days after the end of an event when its content is deleted; of a tour, its contact data."""
    row_days: int = 90
    """Days after which rows are deleted but for the delivery ids, which recognise a late retry."""
    encryption_keys: tuple[str, ...] = field(
        default=(), repr=False, metadata=read_as(TextList(EncryptionKey))
    )
    """Keys of 32 bytes in base64: the first encrypts, all decrypt; none: nothing is encrypted."""


@dataclass(frozen=True)
class FormSettings:
    """How many forms of websites come in an hour before a browser has to work for each; see deploy/widget.md."""

    per_address: int = 10
    """Forms an hour from one IP address; an office or a dormitory may share it."""
    per_contact: int = 5
    """Forms an hour for one e-mail address or phone number."""
    per_property: int = 100
    """Forms an hour at one property."""


@dataclass(frozen=True)
class OpenIdSettings:
    """A provider of OpenID Connect that vouches for people."""

    issuer: str = field(metadata=read_as(HttpsUrl()))
    """The address of the provider."""
    client_id: str
    """The id under which the bridge is registered there."""
    client_secret: str = field(repr=False)
    """The secret that belongs to it."""
    role_claim: str = "groups"
    """The claim of the ID token that lists a person's groups."""
    roles: dict[str, str] = field(default_factory=dict, metadata=read_as(NamedTable(OneOf(*ROLES).read)))
    """The role of each group; a person in none of them is refused."""


@dataclass(frozen=True)
class ConsoleSettings:
    """What people find at /console."""

    session_hours: int = 12
    """Hours after which a session ends."""
    openid: OpenIdSettings | None = None
    """Sign-in through an OpenID Connect provider."""
    api_requests_per_minute: int = 600
    """Requests of one token of the API per minute, over all processes."""
    workbench: Workbench = field(default=Workbench.CONFINED, metadata=read_as(WorkbenchMode()))
    """Whether administrators may run edited mappings on this server: `true` only where the kernel confines them,
    `"unconfined"` anywhere."""
    save_mappings: bool = False
    """Whether administrators may save mappings from the workbench into `mappings_dir`, where they are code that this
    server runs."""


@dataclass(frozen=True)
class ConfiguredUser:
    """A user who may sign in; `bridge users add` adds others to the database."""

    key: str
    """What is typed to sign in."""
    role: str = field(metadata=read_as(OneOf(*ROLES)))
    """What this user may do."""
    password_hash: str = field(repr=False, metadata=read_as(Text("what `bridge users hash` prints")))
    """As `bridge users hash` prints it."""


@dataclass(frozen=True)
class AlertSettings:
    """Who is alerted of what, and when."""

    urls: tuple[str, ...] = field(default=(), repr=False)
    """Recipients, as Apprise addresses; none: no alert is sent."""
    time_zone: str = field(default="UTC", metadata=read_as(TimeZone()))
    """The time zone of the business hours and the digest."""
    business_hours: BusinessHours = field(default_factory=BusinessHours, metadata=read_as(Hours()))
    """When the leasing offices work."""
    silent_after: int = 18
    """Business hours without an event after which a source counts as silent."""
    unsent_before: int = 120
    """Minutes before its start at which a tour that is not in the PMS raises an alert."""
    digest_at: time | None = field(default=None, metadata=read_as(TimeOfDay()))
    """When the summary of the previous day is sent; unset: never."""


@dataclass(frozen=True)
class Property:
    """A configured community."""

    key: str
    integration_id: str = field(metadata=read_as(Text("the Propexo id of the integration, in quotes")))
    """Propexo's id of the integration."""
    property_id: str = field(metadata=read_as(Text("the Propexo id of the property, in quotes")))
    """Propexo's id of the property."""
    pms: str = field(metadata=read_as(Vendor()))
    """The property-management system: `ENTRATA`, `YARDI` ..."""
    time_zone: str = field(metadata=read_as(TimeZone()))
    """The time zone of the place."""
    name: str | None = None
    """As senders and people call it."""
    address: str | None = None
    """The address that renters read in the widget and in their calendars."""
    phone: str | None = None
    """The phone number of the leasing office that renters read."""
    move_notice: int = 60
    """Minutes before a tour up to which its renter may move it by the link; later only the office does."""
    cancel_notice: int = 60
    """Minutes before a tour up to which its renter may cancel it by the link."""
    aliases: tuple[str, ...] = ()
    """Other names that senders use. Each name belongs to one property only."""
    pms_time: str | None = field(default=None, metadata=read_as(PmsTime()))
    """How the PMS reads times, if not as it usually does."""
    tour_hours: TourHours = field(default_factory=TourHours, metadata=read_as(TourTimes()))
    """When tours begin; one at another time is parked. A list also says when tours are offered."""
    slots: SlotSettings | None = None
    """Which times are offered; unset: none, and no tour is parked because its time is taken."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Values for what a booking does not contain. Which are needed depends on the PMS."""
    units: dict[str, str] = field(default_factory=dict)
    """Propexo's id for each unit, by the sender's name of it. Others are looked up in Propexo."""
    agents: dict[str, str] = field(default_factory=dict)
    """Propexo's id for each leasing agent, likewise."""
    lead_sources: dict[str, str] = field(default_factory=dict)
    """Propexo's id for each lead source, likewise."""

    @property
    def called(self) -> frozenset[str]:
        """All that this property answers to, case-folded: key, property id, name and aliases."""
        texts = (self.key, self.property_id, self.name or self.key, *self.aliases)
        return frozenset(normalise_name(text) for text in texts)


@dataclass(frozen=True)
class Source:
    """A configured inbound endpoint."""

    key: str
    mapping: str = field(default="recorder", metadata=read_as(Text(MAPPING)))
    """The mapping that reads its payloads; it may be left out only with `record`."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that sign its requests; several are valid at once while you change them."""
    property: str | None = field(default=None, metadata=read_as(Text("the key of a configured property")))
    """The property of events that name none."""
    enabled: bool = True
    """Whether its requests are accepted; if not, the sender is asked to try later."""
    origins: tuple[str, ...] = field(default=(), metadata=read_as(TextList(Origin)))
    """Websites whose forms may post here from the browser."""
    phone_region: str = field(default="US", metadata=read_as(PhoneRegion()))
    """The country of phone numbers without country code, and of the way dates are written."""
    date_order: str | None = field(default=None, metadata=read_as(OneOf("month_first", "day_first")))
    """How the sender writes 12/03/2026; unset: as in the country of `phone_region`."""
    lead_source: str | None = None
    """The lead source of bookings that name none."""
    tolerance: int | None = None
    """Seconds for which a signature is valid, if not as the mapping says."""
    auth: str | None = field(default=None, metadata=read_as(OneOf("none")))
    """`"none"`: requests are accepted without proof. Only for senders behind your firewall."""
    tenants: tuple[str, ...] = ()
    """The sender's ids of your accounts, where it signs for all its customers with one key; none: all accounts."""
    verify_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Texts that the sender repeats when you register the address (Meta)."""
    api: dict[str, str] = field(default_factory=dict, repr=False, metadata=read_as(ApiAccess()))
    """`base_url` and credentials of the sender's API, for hooks that carry only ids; the mapping names them."""
    on_request: str | None = field(default=None, metadata=read_as(OneOf("book", "hold", "lead_only")))
    """What happens to a tour that is not confirmed yet, if it differs from the mapping's rule."""
    same_day: str | None = field(default=None, metadata=read_as(OneOf("move")))
    """`"move"`: another tour of the same person on the same day at the same property moves the first; unset: it is
    a second one."""
    reply_text: str | None = None
    """What a chat answers when a tour was received; `{tour_link}` in it is the renter's link."""
    reply_language: str | None = field(default=None, metadata=read_as(OneOf(*LANGUAGES)))
    """The language of a chat that names none; unset: English."""
    replies: dict[str, dict[str, str]] = field(default_factory=dict, metadata=read_as(Replies()))
    """Your own sentences of a chat, by language and situation."""
    ignore_changes_by: tuple[str, ...] = ()
    """The sender's names of those whose changes are ignored, so that nothing goes in circles."""
    silent_after: int | None = None
    """Business hours without an event after which it counts as silent, if not `alerts.silent_after`."""
    record: bool = False
    """Whether all requests are stored, so that a mapping can be written from them."""
    agent_time_zone: str | None = field(default=None, metadata=read_as(TimeZone()))
    """The time zone of a bot's agent (Dialogflow ES), if not the property's: its offset behind a time is ignored."""
    mode: str | None = field(default=None, metadata=read_as(OneOf("live", "shadow")))
    """`"shadow"`: its events are read and decided, and nothing is sent; unset: live, unless the console switched it."""
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
    """PostgreSQL 14 or newer; unset: the bridge runs its own PostgreSQL in `data_dir`."""
    data_dir: Path = Path("bridge-data")
    """The folder of the embedded PostgreSQL."""
    mappings_dir: Path | None = None
    """A folder with mapping files of your own."""
    path: Path | None = None
    """The file that was read, if any."""

    @property
    def office_zone(self) -> ZoneInfo:
        """The zone of most properties, UTC where there is none."""
        counted = Counter(place.time_zone for place in self.properties.values()).most_common(1)
        return ZoneInfo(counted[0][0] if counted else "UTC")

    def property_named(self, text: str) -> Property | None:
        """Finds the property that a sender or a tag such as `property:oakwood` means; None if no one answers.

        Key, property id, name and aliases are compared without regard to case and surrounding white space.
        """
        wanted = normalise_name(text)
        return self._by_name.get(wanted) or self._by_name.get(wanted.removeprefix("property:").strip())

    @cached_property
    def _by_name(self) -> dict[str, Property]:
        return {name: each for each in reversed(self.properties.values()) for name in each.called}


def normalise_name(text: str) -> str:
    """Two texts that become equal here mean the same property."""
    return text.strip().casefold()
