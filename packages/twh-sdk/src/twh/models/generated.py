# Generated from openapi/openapi.json by generate_models.py: do not edit.
"""What the server answers, as frozen models."""

from __future__ import annotations

from twh.model import Model
from datetime import datetime
from typing import Any, Literal
from decimal import Decimal


class Actor(Model):
    key: str
    name: str


class Attempt(Model):
    number: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int
    response: str | None


class Block(Model):
    first_sequence: int
    last_sequence: int
    previous_hash: str
    hash: str
    recorded_at: datetime


class Delivery(Model):
    id: str
    endpoint: str
    event: str
    event_type: str
    sequence: int
    state: Literal["pending", "delivered", "failed"] | str
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class Endpoint(Model):
    id: str
    url: str
    kinds: list[str]
    description: str
    enabled: bool
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class Fault(Model):
    what: str
    where: str
    expected: str | None
    found: str | None


class Item(Model):
    """
    What is stocked.
    """

    id: str
    sku: str
    name: str
    barcodes: list[str]
    unit: str
    scale: int
    reorder_point: Decimal | None
    attributes: dict[str, Any]
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class ItemRef(Model):
    id: str
    sku: str


class Key(Model):
    id: str
    name: str
    scopes: list[str]


class KeyRecord(Model):
    key: str
    status: int
    recorded_at: datetime
    headers: dict[str, str]
    body: dict[str, Any] | None
    entry: str | None


class Location(Model):
    """
    Where stock is.
    """

    id: str
    code: str
    name: str
    kind: Literal["warehouse", "store", "bin", "transit", "quarantine"] | str
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class LocationRef(Model):
    id: str
    code: str


class Movement(Model):
    id: str
    line: int
    item: ItemRef
    location: LocationRef
    lot: str | None
    quantity: Decimal
    on_hand_after: Decimal
    reserved_after: Decimal
    version_after: int


class NewEndpoint(Model):
    id: str
    url: str
    kinds: list[str]
    description: str
    enabled: bool
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime
    secret: str


class NewKey(Model):
    id: str
    name: str
    secret: str
    scopes: list[str]


class Reference(Model):
    type: str
    id: str


class Tenant(Model):
    id: str
    name: str
    kind: Literal["live", "sandbox"] | str
    created_at: datetime


class Verification(Model):
    ok: bool
    blocks: int
    events: int
    entries: int
    movements: int
    levels: int
    last_sequence: int
    digest: str | None
    fault: Fault | None


class WhoAmI(Model):
    tenant: Tenant
    key: Key


class Level(Model):
    item: ItemRef
    location: LocationRef
    lot: str | None
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    version: int
    etag: str
    updated_at: datetime | None


class MovementRow(Model):
    id: str
    line: int
    item: ItemRef
    location: LocationRef
    lot: str | None
    quantity: Decimal
    on_hand_after: Decimal
    reserved_after: Decimal
    version_after: int
    entry: str
    sequence: int
    kind: Literal[
        "receipt", "issue", "return", "adjustment", "transfer", "count", "reversal"
    ] | str
    reason: str | None
    reference: Reference | None
    occurred_at: datetime
    recorded_at: datetime


class Sandbox(Model):
    tenant: Tenant
    key: NewKey


class Entry(Model):
    id: str
    sequence: int
    kind: Literal[
        "receipt", "issue", "return", "adjustment", "transfer", "count", "reversal"
    ] | str
    reason: str | None
    reference: Reference | None
    forced: bool
    actor: Actor
    occurred_at: datetime
    recorded_at: datetime
    reverses: str | None
    reversed_by: str | None
    movements: list[Movement]
    levels: list[Level]
