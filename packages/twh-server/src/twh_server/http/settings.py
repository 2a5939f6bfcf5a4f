"""`/v1/settings`: what a tenant has chosen for itself."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from twh_server.http.operation import Call, operation, shown
from twh_server.http.shapes import Body, Query, changes_of
from twh_server.journal.commands import Answer
from twh_server.journal.versions import StaleVersion
from twh_server.ledger.entries import EntryKind
from twh_server.tenancy import settings
from twh_server.tenancy.settings import Settings, SettingsRow, UpdateSettings

Reason = Annotated[str, StringConstraints(min_length=1, max_length=settings.REASON_LENGTH_MAX)]

BACK_DESCRIPTION = "How many days back `occurred_at` may lie. 0: not at all, leave it out. null: any past time."


class SettingsChanges(Body):
    """What is to be changed of the settings; what is left out stays, and null restores the default."""

    occurred_at_back_days: int | None = Field(None, ge=0, le=settings.BACK_DAYS_MAX, description=BACK_DESCRIPTION)
    occurred_at_ahead_minutes: int | None = Field(
        None, ge=0, le=settings.AHEAD_MINUTES_MAX, description="How many minutes ahead `occurred_at` may lie."
    )
    oversell: bool | None = Field(
        None, description="Whether stock that is promised may be taken all the same. The shelf never goes below zero."
    )
    adjustment_reasons: list[Reason] | None = Field(
        None, max_length=settings.REASONS_MAX, description="The reasons that an adjustment may have; empty: any."
    )
    reason_required: list[EntryKind] | None = Field(
        None, max_length=20, description="The kinds of entries that need a reason, besides adjustments."
    )
    idempotency_key_days: int | None = Field(
        None,
        ge=settings.KEY_DAYS_MIN,
        le=settings.KEY_DAYS_MAX,
        description="For how many days answers are kept for their keys; those of entries for ever.",
    )
    event_days: int | None = Field(
        None,
        ge=settings.EVENT_DAYS_MIN,
        le=settings.EVENT_DAYS_MAX,
        description="For how many days events are kept, with their deliveries; null, the default: for ever. What they told of"
        " stock, and their blocks, stay.",
    )


@operation(
    id="settings.get",
    method="GET",
    path="/v1/settings",
    scope="settings:read",
    answers={200: Settings},
    conditional=True,
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read the tenant's settings: its own choices, and the defaults for the rest."""
    return _shown(await settings.get_settings(call.rooms.database, call.tenant))


@operation(
    id="settings.update",
    method="PATCH",
    path="/v1/settings",
    scope="settings:write",
    body=SettingsChanges,
    answers={200: Settings},
    key="honoured",
    conditional=True,
    refusals=(StaleVersion,),
    example={"adjustment_reasons": ["damaged", "found", "stolen"], "occurred_at_back_days": 30},
)
async def update(call: Call[SettingsChanges, Query]) -> Answer:
    """Change some of the tenant's settings.

    What is recorded after the change obeys it. null restores a default; only for `occurred_at_back_days` null is a
    choice of its own (any past time), whose default is restored by its value: 7, in a sandbox null.
    """
    return await call.submit(UpdateSettings(changes=changes_of(call.body), if_match=call.if_match), _shown)


def _shown(row: SettingsRow) -> Answer:
    return shown(row.shown(), tag=row.etag)
