"""A tenant's settings: what it has chosen for itself, and the defaults for the rest.

They are read under the head, in the batch that obeys them: whatever is decided after a change follows the change. Only
what differs from the default is kept, so restoring a default and choosing its value are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from twh_server.access.tenants import TenantKind
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import TenantId
from twh_server.events.kinds import News
from twh_server.journal.commands import Effects, Facts, Index, Moment, Read, Write
from twh_server.journal.versions import etag, require

TAG = "se"

BACK_DAYS_MAX = 3_650
AHEAD_MINUTES_MAX = 1_440
REASONS_MAX = 100
REASON_LENGTH_MAX = 64
KEY_DAYS_MIN = 1
KEY_DAYS_MAX = 30
EVENT_DAYS_MIN = 7
EVENT_DAYS_MAX = 3_650


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant may choose. The defaults are those of a live tenant."""

    occurred_at_back_days: Annotated[
        int | None, Meta(description="How many days back `occurred_at` may lie; null for any past time.")
    ] = 7
    occurred_at_ahead_minutes: Annotated[
        int, Meta(description="How many minutes ahead `occurred_at` may lie, for clocks that differ.")
    ] = 5
    oversell: Annotated[
        bool,
        Meta(description="Whether stock that is promised may be taken all the same. The shelf never goes below zero."),
    ] = False
    adjustment_reasons: Annotated[
        list[str], Meta(description="The reasons that an adjustment may have; empty: any.", examples=[["damaged"]])
    ] = []
    reason_required: Annotated[
        list[str], Meta(description="The kinds of entries that need a reason, besides adjustments.")
    ] = []
    idempotency_key_days: Annotated[
        int, Meta(description="For how many days answers are kept for their keys; those of entries for ever.")
    ] = 7
    event_days: Annotated[
        int | None,
        Meta(description="For how many days events are kept, with their deliveries; null, the default: for ever."),
    ] = None


class Settings(Choices, frozen=True, kw_only=True):
    """A tenant's settings: its own choices, and the defaults for the rest."""

    version: Annotated[int, Meta(description="Grows by one with each change; 0 when nothing was ever chosen.")]
    etag: str
    updated_at: datetime | None


DEFAULTS: Final[Mapping[TenantKind, Choices]] = {
    "live": Choices(),
    "sandbox": Choices(occurred_at_back_days=None),
}
"""What holds where nothing was chosen. A sandbox takes any past time: whoever tries things brings old data."""

NULL_IS_A_CHOICE: Final = frozenset({"occurred_at_back_days"})
"""Where null is a value like any other. Everywhere else it restores the default."""


class SettingsRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's settings as the database has them."""

    kind: TenantKind
    chosen: Mapping[str, Any]
    version: int
    updated_at: datetime | None

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return etag(TAG, self.version)

    @property
    def choices(self) -> Choices:
        """What holds. What newer code let the tenant choose is kept, and means nothing here."""
        known = {name: self.chosen[name] for name in Choices.__struct_fields__ if name in self.chosen}
        return msgspec.structs.replace(DEFAULTS[self.kind], **known)

    def shown(self) -> Settings:
        """The settings as the outside sees them."""
        return Settings(
            **msgspec.structs.asdict(self.choices), version=self.version, etag=self.etag, updated_at=self.updated_at
        )


async def get_settings(database: Database, tenant: TenantId) -> SettingsRow:
    """A tenant's settings."""
    (row,) = await database.read(tenant, SETTINGS.sql, {"tenant": tenant})
    return _row_of(row)


SETTINGS_ROW: Index[None, SettingsRow] = Index("the tenant's settings")
CHOICES: Index[None, Choices] = Index("what holds for the tenant")


def asked() -> tuple[Read, Row]:
    """The look-up of the tenant's settings."""
    return SETTINGS, ()


def choices_in(facts: Facts) -> Choices:
    """What holds for the tenant, for a command that asked."""
    return facts.of(CHOICES)[None]


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateSettings:
    """Change some settings; what is not named stays."""

    changes: Mapping[str, Any]
    """Any of the fields of `Choices`, in bounds. None restores a default, unless it is a choice of its own."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The settings."""
        yield asked()

    def decide(self, facts: Facts, moment: Moment) -> Effects[SettingsRow]:
        """The changed settings. Raises StaleVersion."""
        row = facts.of(SETTINGS_ROW)[None]
        require(self.if_match, tag=row.etag, version=row.version)
        changed = msgspec.structs.replace(
            row, chosen=self._chosen(row), version=row.version + 1, updated_at=moment.recorded_at
        )
        before, now = msgspec.structs.asdict(row.choices), msgspec.structs.asdict(changed.choices)
        previous = {name: value for name, value in before.items() if value != now[name]}
        if not previous:
            return Effects(result=row)
        news = News(
            kind="settings.updated",
            data=msgspec.json.encode(changed.shown()),
            subject=moment.tenant,
            previous=msgspec.json.encode(previous),
        )
        return Effects(
            result=changed,
            rows=[(STORE_SETTINGS, changed)],
            news=[news],
            known=[(SETTINGS_ROW, None, changed), (CHOICES, None, changed.choices)],
        )

    def _chosen(self, row: SettingsRow) -> Mapping[str, Any]:
        chosen, defaults = dict(row.chosen), DEFAULTS[row.kind]
        for name, given in self.changes.items():
            value: Any = list(dict.fromkeys(cast("list[str]", given))) if isinstance(given, list) else given
            restored = value is None and name not in NULL_IS_A_CHOICE
            if restored or value == getattr(defaults, name):
                chosen.pop(name, None)
            else:
                chosen[name] = value
        return chosen


def _row_of(row: Row) -> SettingsRow:
    kind, chosen, version, updated_at = row
    return SettingsRow(kind=kind, chosen=chosen or {}, version=version or 0, updated_at=updated_at)


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    for found in rows:
        row = _row_of(found)
        facts.of(SETTINGS_ROW)[None] = row
        facts.of(CHOICES)[None] = row.choices


# There is one row for a tenant, or none: whatever it is asked for by, the answer is the same.
SETTINGS = Read(
    sql="""
select t.kind, s.chosen, s.version, s.updated_at
from tenants as t
left join tenant_settings as s on s.tenant_id = t.id
where t.id = %(tenant)s
""",
    enter=_enter,
)

STORE_SETTINGS = Write(
    sql="""
insert into tenant_settings (tenant_id, chosen, version, updated_at)
select %(tenant)s, chosen, version, %(recorded_at)s
from json_to_recordset(%(rows)s::json) as stored (chosen jsonb, version bigint)
on conflict (tenant_id) do update
set chosen = excluded.chosen, version = excluded.version, updated_at = excluded.updated_at
""",
    rank=1,
    key=(),
)
