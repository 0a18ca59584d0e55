"""Which keys the tables of bridge.toml have."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates, validates_schema

from bridge.settings.fields import (
    ApiAccess,
    BaseUrl,
    Bind,
    Capitals,
    Contact,
    EncryptionKey,
    HttpsUrl,
    OneOf,
    Origin,
    PhoneRegion,
    PmsTime,
    Port,
    Seconds,
    SecondsOrNone,
    Switch,
    Table,
    Text,
    TextList,
    TimeZone,
    Vendor,
    Whole,
)
from bridge.settings.hours import Closed, Hours, TimeOfDay, TourTimes, WeeklyHours
from bridge.settings.records import OpenIdSettings, PrivacySettings
from bridge.settings.replies import LANGUAGES, Replies
from bridge.settings.section import Section
from bridge.settings.tour_times import KindSettings, SlotSettings
from bridge.settings.workbench import WorkbenchMode

MAPPING = 'the name of a mapping, such as "calendly"'
SHORTEST_WEBHOOK_SECRET = 10
ROLES = ("viewer", "operator", "admin")
OFFER_TIMES = ("ENTRATA", "REALPAGE_RPX")
"""PMSs that say through Propexo which times are free."""
KINDS = ("in_person", "self_guided", "virtual")


class Minutes(Whole):
    expected = "minutes from 1 to 1440, without quotes"
    highest = 1440


class Buffer(Whole):
    expected = "minutes from 0 on, without quotes"
    lowest = 0


class Percent(Whole):
    expected = "a percentage from 1 to 100, without quotes"
    highest = 100


class PropexoSection(Section):
    token = Text("the API token that Propexo gave you", required=True)
    base_url = BaseUrl()
    budget_per_minute = Whole()
    connect_timeout = Seconds()
    read_timeout = Seconds()
    organization_name = Text()
    sync_on_demand = Switch()
    sync_on_demand_minutes = Whole()
    sync_hours = Whole()
    availability_share = Percent()
    webhook_secrets = TextList()

    @validates("webhook_secrets")
    def are_as_long_as_propexo_wants_them(self, secrets: tuple[str, ...], **_: Any) -> None:
        """Propexo takes none below ten characters: a shorter one is not what was registered."""
        short = [index for index, secret in enumerate(secrets) if len(secret) < SHORTEST_WEBHOOK_SECRET]
        if short:
            told = f"the secret of a webhook, of at least {SHORTEST_WEBHOOK_SECRET} characters"
            raise ValidationError({index: [told] for index in short})


class ServerSection(Section):
    host = Text()
    port = Port()
    private_bind = Bind()
    workers = Whole()
    threads = Whole()
    body_limit = Whole()
    request_timeout = Seconds()
    drain = SecondsOrNone()
    worker_concurrency = Whole()
    trusted_proxies = Whole()
    metrics_port = Port()
    security_contact = Contact()
    public_url = BaseUrl("the https address under which senders reach the bridge, without path")


class PrivacySection(Section):
    body_days = Whole()
    row_days = Whole()
    encryption_keys = TextList(EncryptionKey)

    @validates_schema
    def rows_outlive_bodies(self, data: dict[str, Any], **_: Any) -> None:
        """Of a row that is gone no body can be kept."""
        body_days = data.get("body_days", PrivacySettings.body_days)
        row_days = data.get("row_days", PrivacySettings.row_days)
        if row_days >= body_days:
            return
        if "row_days" in data:
            raise ValidationError({"row_days": [f"at least body_days, which is {body_days}"]})
        raise ValidationError({"body_days": [f"at most row_days, which is {row_days}"]})


class UserSection(Section):
    role = OneOf(*ROLES, required=True)
    password_hash = Text("what `bridge users hash` prints", required=True)


class FormsSection(Section):
    per_address = Whole()
    per_contact = Whole()
    per_property = Whole()


class OpenIdSection(Section):
    issuer = HttpsUrl(required=True)
    client_id = Text(required=True)
    client_secret = Text(required=True)
    role_claim = Text()
    roles = Table(OneOf(*ROLES).read)

    @post_load
    def as_record(self, values: dict[str, Any], **_: Any) -> OpenIdSettings:
        return OpenIdSettings(**values)


class ConsoleSection(Section):
    session_hours = Whole()
    openid = fields.Nested(OpenIdSection)
    workbench = WorkbenchMode()


class AlertsSection(Section):
    urls = TextList()
    time_zone = TimeZone()
    business_hours = Hours()
    silent_after = Whole()
    unsent_before = Whole()
    digest_at = TimeOfDay()


TYPES = ("TOUR", "SELF_GUIDED_TOUR", "VIRTUAL_TOUR", "LEASING_APPOINTMENT")


class AppointmentTypesSection(Section):
    in_person = Capitals(*TYPES)
    self_guided = Capitals(*TYPES)
    virtual = Capitals(*TYPES)
    leasing = Capitals(*TYPES)


class DefaultsSection(Section):
    employee_id = Text()
    lead_source_id = Text()
    lead_relationship_id = Text()
    unit_id = Text()
    duration_minutes = Whole()
    appointment_type = Capitals(*TYPES)
    appointment_types = fields.Nested(AppointmentTypesSection)
    status = Capitals("COMPLETED", "OPEN", "REVIEW", "DENIED")
    priority = Capitals("HIGH", "MEDIUM", "LOW")
    last_name = Text()
    title = Text()
    notes = Text()
    organization_name = Text()


class KindSection(Section):
    hours = WeeklyHours()
    minutes = Minutes()
    every = Minutes()
    buffer_before = Buffer()
    buffer_after = Buffer()
    at_once = Whole()

    @post_load
    def as_record(self, values: dict[str, Any], **_: Any) -> KindSettings:
        return KindSettings(**values)


class SlotsSection(Section):
    minutes = Minutes()
    every = Minutes()
    buffer_before = Buffer()
    buffer_after = Buffer()
    notice = Buffer()
    horizon = Whole()
    at_once = Whole()
    most_a_day = Whole()
    blackouts = TextList(Closed)
    on_taken = OneOf("hold", "book", "other_agent")
    subtract_appointments = Switch()
    appointment_times = OneOf("instant", "wall_clock", "either")
    kinds = Table(KindSection().load)

    @validates("kinds")
    def are_kinds_of_tours(self, kinds: dict[str, KindSettings], **_: Any) -> None:
        """The words of a booking's own kinds."""
        wrong = [name for name in kinds if name not in KINDS]
        if wrong:
            raise ValidationError({name: [f"one of {', '.join(KINDS)}"] for name in wrong})

    @post_load
    def as_record(self, values: dict[str, Any], **_: Any) -> SlotSettings:
        return SlotSettings(**values)


class PropertySection(Section):
    integration_id = Text("the Propexo id of the integration, in quotes", required=True)
    property_id = Text("the Propexo id of the property, in quotes", required=True)
    pms = Vendor(required=True)
    time_zone = TimeZone(required=True)
    name = Text()
    address = Text()
    phone = Text()
    move_notice = Whole()
    cancel_notice = Whole()
    aliases = TextList()
    pms_time = PmsTime()
    tour_hours = TourTimes()
    slots = fields.Nested(SlotsSection)
    defaults = fields.Nested(DefaultsSection)
    units = Table(Text().read)
    agents = Table(Text().read)
    lead_sources = Table(Text().read)

    @validates_schema
    def slots_have_hours(self, data: dict[str, Any], **_: Any) -> None:
        """Times are offered within hours of the week, or as the PMS says."""
        hours = data.get("tour_hours")
        if "slots" not in data or (hours and hours.week is not None) or data.get("pms") in OFFER_TIMES:
            return
        if "pms" in data and not all(one.hours for one in data["slots"].kinds.values() or [KindSettings()]):
            raise ValidationError({"tour_hours": [f"{WeeklyHours.expected}, for the times that are offered"]})

    @post_load
    def weekly_hours_are_offered(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Hours of the week need no other setting."""
        hours = values.get("tour_hours")
        if hours and hours.week is not None:
            values.setdefault("slots", SlotSettings())
        return values


class SourceSection(Section):
    mapping = Text(MAPPING)
    secrets = TextList()
    property = Text("the key of a configured property")
    enabled = Switch()
    origins = TextList(Origin)
    phone_region = PhoneRegion()
    date_order = OneOf("month_first", "day_first")
    agent_time_zone = TimeZone()
    lead_source = Text()
    tolerance = Whole()
    auth = OneOf("none")
    tenants = TextList()
    verify_tokens = TextList()
    api = ApiAccess()
    on_request = OneOf("book", "hold", "lead_only")
    same_day = OneOf("move")
    reply_text = Text()
    reply_language = OneOf(*LANGUAGES)
    replies = Replies()
    ignore_changes_by = TextList()
    silent_after = Whole()
    record = Switch()

    @validates_schema
    def has_a_mapping(self, data: dict[str, Any], **_: Any) -> None:
        """Only a source that records what comes can do without."""
        if "mapping" not in data and not data.get("record"):
            raise ValidationError({"mapping": [MAPPING]})

    @validates("secrets")
    def are_listed_once(self, secrets: tuple[str, ...], **_: Any) -> None:
        """A secret that is there twice is a copy that somebody forgot to change."""
        again = [index for index, secret in enumerate(secrets) if secret in secrets[:index]]
        if again:
            raise ValidationError({index: ["a secret that the list does not have yet"] for index in again})
