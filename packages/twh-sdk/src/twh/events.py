"""What the feed and webhooks tell: one class a kind, and `UnknownEvent` for kinds that came after this SDK.

match event:
    case models.EntryRecorded():
        print(event.data.kind, event.data.movements)
    case models.StockLow():
        print(event.data.item.sku, event.data.available)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import Discriminator, Tag

from twh.model import Model
from twh.models.generated import (
    Actor,
    ApiKey,
    Endpoint,
    Entry,
    Item,
    ItemRef,
    Location,
    LocationRef,
    Replay,
    Settings,
    Tenant,
)


class Told(Model):
    """What every event has. `subject` and `previous` are those of a change that the audit log tells."""

    id: str
    timestamp: datetime
    sequence: int
    actor: Actor | None = None
    """Who made it happen: an API key; None for what nobody asked for."""
    subject: str | None = None
    """The id of what was changed."""
    previous: dict[str, Any] | None = None
    """What changed values were before."""


class EntryRecorded(Told):
    """Stock moved."""

    type: Literal["entry.recorded"]
    data: Entry


class ItemCreated(Told):
    type: Literal["item.created"]
    data: Item


class ItemUpdated(Told):
    """The data is the item as it is now."""

    type: Literal["item.updated"]
    data: Item


class ItemArchived(Told):
    type: Literal["item.archived"]
    data: Item


class ItemRestored(Told):
    type: Literal["item.restored"]
    data: Item


class LocationCreated(Told):
    type: Literal["location.created"]
    data: Location


class LocationUpdated(Told):
    """The data is the location as it is now."""

    type: Literal["location.updated"]
    data: Location


class LocationArchived(Told):
    type: Literal["location.archived"]
    data: Location


class LocationRestored(Told):
    type: Literal["location.restored"]
    data: Location


class EndpointCreated(Told):
    type: Literal["endpoint.created"]
    data: Endpoint


class EndpointUpdated(Told):
    """The data is the endpoint as it is now."""

    type: Literal["endpoint.updated"]
    data: Endpoint


class EndpointSecretRotated(Told):
    """The endpoint has another secret; the data does not tell it."""

    type: Literal["endpoint.secret_rotated"]
    data: Endpoint


class FailingEndpoint(Endpoint):
    """An endpoint that was disabled, or soon will be, for nothing arrives there."""

    reason: str
    """`failing`: nothing has arrived for days; `gone`: it answered 410."""
    failing_since: datetime
    disabled_at: datetime


class EndpointDisabling(Told):
    """Nothing has arrived there for three days; `.data.disabled_at` is when it will be disabled."""

    type: Literal["endpoint.disabling"]
    data: FailingEndpoint


class EndpointDisabled(Told):
    """`.data.reason` says why. Enable it again, and what was held is sent."""

    type: Literal["endpoint.disabled"]
    data: FailingEndpoint


class EndpointDeleted(Told):
    """The data is the endpoint as it was."""

    type: Literal["endpoint.deleted"]
    data: Endpoint


class ReplayStarted(Told):
    """Deliveries are being made once more."""

    type: Literal["replay.started"]
    data: Replay


class ReplayCancelled(Told):
    """Nothing more of it is queued."""

    type: Literal["replay.cancelled"]
    data: Replay


class ReplayResumed(Told):
    """It goes on where it was cancelled."""

    type: Literal["replay.resumed"]
    data: Replay


class ReplayFinished(Told):
    """Each of its deliveries was delivered or given up."""

    type: Literal["replay.finished"]
    data: Replay


class KeyCreated(Told):
    """The data is the key, without its secret."""

    type: Literal["key.created"]
    data: ApiKey


class KeyUpdated(Told):
    """The data is the key as it is now."""

    type: Literal["key.updated"]
    data: ApiKey


class KeyRotated(Told):
    """The data is the key that ends soon; `.data.successor` has taken its place."""

    type: Literal["key.rotated"]
    data: ApiKey


class KeyRevoked(Told):
    type: Literal["key.revoked"]
    data: ApiKey


class SettingsUpdated(Told):
    """The data is the settings as they are now."""

    type: Literal["settings.updated"]
    data: Settings


class TenantSuspended(Told):
    type: Literal["tenant.suspended"]
    data: Tenant


class TenantResumed(Told):
    type: Literal["tenant.resumed"]
    data: Tenant


class TenantClosed(Told):
    type: Literal["tenant.closed"]
    data: Tenant


class LowStock(Model):
    """What `stock.low` says about a level."""

    item: ItemRef
    location: LocationRef
    on_hand: Decimal
    available: Decimal
    reorder_point: Decimal


class StockLow(Told):
    """What is available fell to the reorder point or below."""

    type: Literal["stock.low"]
    data: LowStock


class ThinEvent(Told):
    """What an endpoint with `payload="thin"` is sent: what happened and to what. All of it: `client.events.get(event)`."""

    type: str
    url: str
    """Where the whole event is, relative to the server's address."""
    data: None = None


class UnknownEvent(Told):
    """A kind that this version of the SDK does not know: update it, or read the data as it is."""

    type: str
    data: Any = None


KINDS: frozenset[str] = frozenset(
    {
        "entry.recorded",
        "item.created",
        "item.updated",
        "item.archived",
        "item.restored",
        "location.created",
        "location.updated",
        "location.archived",
        "location.restored",
        "endpoint.created",
        "endpoint.updated",
        "endpoint.secret_rotated",
        "replay.started",
        "replay.cancelled",
        "replay.resumed",
        "replay.finished",
        "endpoint.disabling",
        "endpoint.disabled",
        "endpoint.deleted",
        "settings.updated",
        "tenant.suspended",
        "tenant.resumed",
        "tenant.closed",
        "key.created",
        "key.updated",
        "key.rotated",
        "key.revoked",
        "stock.low",
    }
)
UNKNOWN = "unknown"
THIN = "thin"


def kind_of(event: object) -> str:
    if isinstance(event, ThinEvent):
        return THIN
    kind: object = getattr(event, "type", "")
    if isinstance(event, Mapping):
        told = cast("Mapping[str, object]", event)
        if "url" in told and told.get("data") is None:
            return THIN
        kind = told.get("type")
    return kind if isinstance(kind, str) and kind in KINDS else UNKNOWN


Event: TypeAlias = Annotated[
    Annotated[EntryRecorded, Tag("entry.recorded")]
    | Annotated[ItemCreated, Tag("item.created")]
    | Annotated[ItemUpdated, Tag("item.updated")]
    | Annotated[ItemArchived, Tag("item.archived")]
    | Annotated[ItemRestored, Tag("item.restored")]
    | Annotated[LocationCreated, Tag("location.created")]
    | Annotated[LocationUpdated, Tag("location.updated")]
    | Annotated[LocationArchived, Tag("location.archived")]
    | Annotated[LocationRestored, Tag("location.restored")]
    | Annotated[EndpointCreated, Tag("endpoint.created")]
    | Annotated[EndpointUpdated, Tag("endpoint.updated")]
    | Annotated[EndpointSecretRotated, Tag("endpoint.secret_rotated")]
    | Annotated[KeyCreated, Tag("key.created")]
    | Annotated[KeyUpdated, Tag("key.updated")]
    | Annotated[KeyRotated, Tag("key.rotated")]
    | Annotated[KeyRevoked, Tag("key.revoked")]
    | Annotated[ReplayStarted, Tag("replay.started")]
    | Annotated[ReplayCancelled, Tag("replay.cancelled")]
    | Annotated[ReplayResumed, Tag("replay.resumed")]
    | Annotated[ReplayFinished, Tag("replay.finished")]
    | Annotated[EndpointDisabling, Tag("endpoint.disabling")]
    | Annotated[EndpointDisabled, Tag("endpoint.disabled")]
    | Annotated[EndpointDeleted, Tag("endpoint.deleted")]
    | Annotated[SettingsUpdated, Tag("settings.updated")]
    | Annotated[TenantSuspended, Tag("tenant.suspended")]
    | Annotated[TenantResumed, Tag("tenant.resumed")]
    | Annotated[TenantClosed, Tag("tenant.closed")]
    | Annotated[StockLow, Tag("stock.low")]
    | Annotated[ThinEvent, Tag(THIN)]
    | Annotated[UnknownEvent, Tag(UNKNOWN)],
    Discriminator(kind_of),
]
ANY_EVENT: type[Event] = cast("type[Event]", Event)
"""The same where a class is asked for: no class is the union of all."""
