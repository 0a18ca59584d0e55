"""The schemas of the tables of bridge.toml."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates, validates_schema

from bridge.settings.derived import keys_of
from bridge.settings.fields import Capitals, NamedTable, PositiveInt, Text, TextList
from bridge.settings.hours import Closed, WeeklyHours
from bridge.settings.records import (
    MAPPING,
    AlertSettings,
    ConfiguredUser,
    ConsoleSettings,
    FormSettings,
    OpenIdSettings,
    PrivacySettings,
    Property,
    PropexoSettings,
    ServerSettings,
    Source,
)
from bridge.settings.section import Section
from bridge.settings.tour_times import KindSettings, SlotSettings

SHORTEST_WEBHOOK_SECRET = 10
OFFER_TIMES = ("ENTRATA", "REALPAGE_RPX")
"""PMSs that say through Propexo which times are free."""
KINDS = ("in_person", "self_guided", "virtual")


class PropexoSection(Section):
    class Meta:
        include = keys_of(PropexoSettings)

    @validates("webhook_secrets")
    def are_as_long_as_propexo_wants_them(self, secrets: tuple[str, ...], **_: Any) -> None:
        """Propexo takes none below ten characters: a shorter one is not what was registered."""
        short = [index for index, secret in enumerate(secrets) if len(secret) < SHORTEST_WEBHOOK_SECRET]
        if short:
            expected = f"the secret of a webhook, of at least {SHORTEST_WEBHOOK_SECRET} characters"
            raise ValidationError({index: [expected] for index in short})


class ServerSection(Section):
    class Meta:
        include = keys_of(ServerSettings)


class PrivacySection(Section):
    class Meta:
        include = keys_of(PrivacySettings)

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
    class Meta:
        include = keys_of(ConfiguredUser)


class FormsSection(Section):
    class Meta:
        include = keys_of(FormSettings)


class OpenIdSection(Section):
    class Meta:
        include = keys_of(OpenIdSettings)

    @post_load
    def as_record(self, values: dict[str, Any], **_: Any) -> OpenIdSettings:
        return OpenIdSettings(**values)


class ConsoleSection(Section):
    class Meta:
        include = keys_of(ConsoleSettings, openid=fields.Nested(OpenIdSection))


class AlertsSection(Section):
    class Meta:
        include = keys_of(AlertSettings)


TYPES = ("TOUR", "SELF_GUIDED_TOUR", "VIRTUAL_TOUR", "LEASING_APPOINTMENT")


class AppointmentTypesSection(Section):
    in_person = Capitals(*TYPES)
    """Entrata: the type of a tour in person."""
    self_guided = Capitals(*TYPES)
    """Entrata: the type of a self-guided tour."""
    virtual = Capitals(*TYPES)
    """Entrata: the type of a virtual tour."""
    leasing = Capitals(*TYPES)
    """Entrata: the type of a leasing appointment."""


class DefaultsSection(Section):
    employee_id = Text()
    """Propexo's id of the leasing agent."""
    lead_source_id = Text()
    """Propexo's id of the lead source."""
    lead_relationship_id = Text()
    """Propexo's id of the lead relationship."""
    unit_id = Text()
    """Propexo's id of the unit."""
    duration_minutes = PositiveInt()
    """Length of a tour in minutes."""
    appointment_type = Capitals(*TYPES)
    """Entrata: the type of a tour whose kind is not known."""
    appointment_types = fields.Nested(AppointmentTypesSection)
    """Entrata: the type of each kind of tour."""
    status = Capitals("COMPLETED", "OPEN", "REVIEW", "DENIED")
    """MRI: the status of an appointment."""
    priority = Capitals("HIGH", "MEDIUM", "LOW")
    """RealPage Partner Exchange: the priority of an appointment."""
    last_name = Text()
    """The last name of a renter who gives none."""
    title = Text()
    """The title of an appointment."""
    notes = Text()
    """Text in the notes of an appointment."""
    organization_name = Text()
    """The name of your company, if not that of `[propexo]`."""


class KindSection(Section):
    class Meta:
        include = keys_of(KindSettings, hours=WeeklyHours())

    @post_load
    def as_record(self, values: dict[str, Any], **_: Any) -> KindSettings:
        return KindSettings(**values)


class SlotsSection(Section):
    class Meta:
        include = keys_of(SlotSettings, blackouts=TextList(Closed), kinds=NamedTable(KindSection().load))

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
    class Meta:
        include = keys_of(
            Property, slots=fields.Nested(SlotsSection), defaults=fields.Nested(DefaultsSection)
        )

    @validates_schema
    def slots_have_hours(self, data: dict[str, Any], **_: Any) -> None:
        """Times are offered within hours of the week, or as the PMS says."""
        hours = data.get("tour_hours")
        if "slots" not in data or (hours and hours.week is not None) or data.get("pms") in OFFER_TIMES:
            return
        if "pms" in data and not all(kind.hours for kind in data["slots"].kinds.values() or [KindSettings()]):
            raise ValidationError({"tour_hours": [f"{WeeklyHours.expected}, for the times that are offered"]})

    @post_load
    def weekly_hours_are_offered(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Hours of the week need no other setting."""
        hours = values.get("tour_hours")
        if hours and hours.week is not None:
            values.setdefault("slots", SlotSettings())
        return values


class SourceSection(Section):
    class Meta:
        include = keys_of(Source)

    @validates_schema
    def has_a_mapping(self, data: dict[str, Any], **_: Any) -> None:
        """Only a source that records requests can do without."""
        if "mapping" not in data and not data.get("record"):
            raise ValidationError({"mapping": [MAPPING]})

    @validates("secrets")
    def are_listed_once(self, secrets: tuple[str, ...], **_: Any) -> None:
        """A secret that is listed twice is a copy that was never changed."""
        again = [index for index, secret in enumerate(secrets) if secret in secrets[:index]]
        if again:
            raise ValidationError({index: ["a secret that the list does not have yet"] for index in again})
