# Generated from openapi/openapi.json by generate_models.py: do not edit.
"""What the server answers, as frozen models."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from twh.model import Model


class Actor(Model):
    """Who recorded it: an API key."""

    key: str
    name: str


class Attempt(Model):
    """One try to deliver."""

    number: int
    at: datetime
    status: int | None
    "The HTTP status that was answered, if any was."
    error: str | None
    "What went wrong, if there was no complete answer."
    milliseconds: int
    "How long it took."
    response: str | None
    "The beginning of the answer's body, up to 4 KiB."


class Block(Model):
    """A sealed run of events: its hash covers them and every block before."""

    first_sequence: int
    last_sequence: int
    previous_hash: str
    hash: str
    recorded_at: datetime


class Delivery(Model):
    """One event for one endpoint."""

    id: str
    endpoint: str
    "The endpoint's id."
    event: str
    "The event's id."
    event_type: str
    "The event's kind."
    sequence: int
    "The event's number."
    state: Literal["delivered", "failed", "pending"] | str
    "`pending` until it was `delivered`, or until its attempts ran out and it has `failed`."
    attempts: int
    "How many attempts were made."
    next_attempt_at: datetime | None
    "When it is tried next; while an attempt is under way, when that is given up."
    delivered_at: datetime | None
    created_at: datetime


class Endpoint(Model):
    """An address to which events are sent."""

    id: str
    "The endpoint's id."
    url: str
    "Where events are posted to."
    kinds: list[str]
    "The kinds of events that are sent; empty: all."
    description: str
    enabled: bool
    "While false, deliveries wait; they are sent once it is true again."
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class Fault(Model):
    """The first thing that does not follow."""

    what: str
    where: str
    expected: str | None
    found: str | None


class Item(Model):
    """Something that is stocked, known by its SKU."""

    id: str
    "The item's id."
    sku: str
    "Its SKU: unique in the tenant, for ever."
    name: str
    barcodes: list[str]
    unit: str
    "What one of it is called."
    scale: int
    "How many decimals its quantities may have."
    reorder_point: Decimal | None
    "When available stock at a location falls to this, `stock.low` tells."
    attributes: dict[str, Any]
    "Whatever you want to keep with it."
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class ItemRef(Model):
    """An item, as other things name it."""

    id: str
    sku: str


class KeyRecord(Model):
    """The answer that an idempotency key was given. The body is null where it is empty or confidential."""

    key: str
    status: int
    headers: dict[str, str]
    body: Any
    entry: str | None
    recorded_at: datetime


class KeyRef(Model):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: list[str]


class Location(Model):
    """A place where stock is, known by its code."""

    id: str
    "The location's id."
    code: str
    "Its code: unique in the tenant, for ever."
    name: str
    kind: str
    "One of warehouse, store, bin, transit, quarantine."
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class LocationRef(Model):
    """A location, as other things name it."""

    id: str
    code: str


class Movement(Model):
    """One change of one level, and the level as it then was."""

    id: str
    line: int
    "The line of the request that it comes from, from 0."
    item: ItemRef
    location: LocationRef
    lot: str | None
    quantity: Decimal
    "What was added; negative when taken."
    on_hand_after: Decimal
    "An exact decimal in plain notation: at most 15 digits before the point and 9 behind it."
    reserved_after: Decimal
    "An exact decimal in plain notation: at most 15 digits before the point and 9 behind it."
    version_after: int


class NewEndpoint(Model):
    """An endpoint just made, with the secret that signs its deliveries. It is shown this once."""

    id: str
    "The endpoint's id."
    url: str
    "Where events are posted to."
    kinds: list[str]
    "The kinds of events that are sent; empty: all."
    description: str
    enabled: bool
    "While false, deliveries wait; they are sent once it is true again."
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime
    secret: str
    "Verifies signatures. Shown once."


class NewKey(Model):
    """A key just made. Its secret is nowhere else: whoever loses it makes another key."""

    id: str
    name: str
    secret: str
    scopes: list[str]


class Reference(Model):
    """What an entry belongs to in your own books: an order, a purchase, a ticket."""

    type: str
    id: str


class Settings(Model):
    """A tenant's settings: its own choices, and the defaults for the rest."""

    occurred_at_back_days: int | None = None
    "How many days back `occurred_at` may lie; null for any past time."
    occurred_at_ahead_minutes: int | None = None
    "How many minutes ahead `occurred_at` may lie, for clocks that differ."
    oversell: bool | None = None
    "Whether stock that is promised may be taken all the same. The shelf never goes below zero."
    adjustment_reasons: list[str] | None = None
    "The reasons that an adjustment may have; empty: any."
    reason_required: list[str] | None = None
    "The kinds of entries that need a reason, besides adjustments."
    idempotency_key_days: int | None = None
    "For how many days answers are kept for their keys; those of entries for ever."
    version: int
    "Grows by one with each change; 0 when nothing was ever chosen."
    etag: str
    updated_at: datetime | None


class Tenant(Model):
    """A customer of TWH: `live`, or a `sandbox` to try things in."""

    id: str
    name: str
    kind: Literal["live", "sandbox"] | str
    created_at: datetime


class Verification(Model):
    """What was verified, and the fault when there is one. The digest is the hash of the newest block."""

    ok: bool
    blocks: int
    events: int
    entries: int
    movements: int
    levels: int
    last_sequence: int
    digest: str | None
    fault: Fault | None


class Whose(Model):
    """The tenant and the key that a request was made with."""

    tenant: Tenant
    key: KeyRef


class Level(Model):
    """The stock of an item at a location: what is on the shelf, what is promised, what is left to promise."""

    item: ItemRef
    location: LocationRef
    lot: str | None
    on_hand: Decimal
    "What is on the shelf."
    reserved: Decimal
    "What is promised."
    available: Decimal
    "on_hand - reserved."
    version: int
    "Grows by one with each movement; 0 when there was none."
    etag: str
    updated_at: datetime | None


class MovementRow(Model):
    """One change of one level, with what its entry says."""

    id: str
    entry: str
    sequence: int
    kind: str
    reason: str | None
    reference: Reference | None
    line: int
    item: ItemRef
    location: LocationRef
    lot: str | None
    quantity: Decimal
    "An exact decimal in plain notation: at most 15 digits before the point and 9 behind it."
    on_hand_after: Decimal
    "An exact decimal in plain notation: at most 15 digits before the point and 9 behind it."
    reserved_after: Decimal
    "An exact decimal in plain notation: at most 15 digits before the point and 9 behind it."
    version_after: int
    occurred_at: datetime
    recorded_at: datetime


class Sandbox(Model):
    """A tenant to try things in, and the key to it. The secret is shown this once."""

    tenant: Tenant
    key: NewKey


class Entry(Model):
    """One thing that happened to stock: 1 to 1,000 movements, all or nothing, never edited."""

    id: str
    sequence: int
    "The number of its event in the tenant's feed."
    kind: str
    "receipt, issue, return, adjustment, transfer, count or reversal."
    reason: str | None
    reference: Reference | None
    forced: bool
    "Whether it was allowed to take stock below zero."
    actor: Actor
    occurred_at: datetime
    "When it happened, as the client says."
    recorded_at: datetime
    "When it was recorded, as the server says."
    reverses: str | None
    "The entry that this one is the mirror image of."
    reversed_by: str | None
    "The entry that is the mirror image of this one."
    movements: list[Movement]
    levels: list[Level]
    "Each level that it touched, as it left it."
