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
    "The API key's id."
    name: str
    "The API key's name."


class ApiKey(Model):
    """An API key, without its secret."""

    id: str
    "The key's id."
    name: str
    "What it is for."
    role: str | None
    "The role it was given: its scopes are what the role means."
    scopes: list[str]
    "What it may do."
    created_at: datetime
    "When it was created."
    expires_at: datetime | None
    "When it stops to work by itself."
    revoked_at: datetime | None
    "When it was ended by hand."
    last_used_at: datetime | None
    "When it was used last, to the minute. It makes no new version."
    successor: str | None
    "The key that takes its place, once it is rotated."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included."


class Attempt(Model):
    """One try to deliver."""

    number: int
    "1 for the first."
    at: datetime
    "When it was made."
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
    "The first event in it."
    last_sequence: int
    "The last event in it."
    previous_hash: str
    "The hash of the block before."
    hash: str
    "SHA-256 over its events and the block before, in hexadecimal."
    recorded_at: datetime
    "When it was recorded, as the server says."


class Checkpoint(Model):
    """A consumer's place in the feed. Its entity tag is that of the place; `head` and `lag` go on by themselves."""

    name: str
    "What the consumer is called."
    sequence: int
    "Everything up to this number was handled."
    head: int
    "The sequence number of the newest event that there is."
    lag: int
    "How many events lie between its place and the newest."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included."
    updated_at: datetime
    "When it was changed last."


class Delivery(Model):
    """One event for one endpoint."""

    id: str
    "Its id."
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
    tries: int = 0
    "How many of them since it was last begun: a retry or a replay begins anew."
    replay: str | None = None
    "The id of the replay that made it once more, if one did."
    next_attempt_at: datetime | None
    "When it is tried next; while an attempt is under way, when that is given up."
    delivered_at: datetime | None
    "When it was delivered; null before."
    created_at: datetime
    "When it was created."


class Endpoint(Model):
    """An address to which events are sent."""

    id: str
    "The endpoint's id."
    url: str
    "Where events are posted to."
    kinds: list[str]
    "The kinds of events that are sent, `item.*` for all of one noun; empty: all."
    items: list[str] = []
    "Only what concerns one of these items is sent; empty: all."
    locations: list[str] = []
    "Only what concerns one of these locations is sent; empty: all."
    attributes: dict[str, Any] = {}
    "Only what concerns an item with all of these is sent."
    description: str
    "A note for people."
    payload: Literal["full", "thin"] | str = "full"
    "`full`: events whole; `thin`: what happened to what, and where to read the rest."
    form: Literal["cloudevents", "standard"] | str = "standard"
    "`standard`: the event as the feed has it; `cloudevents`: as CloudEvents 1.0, in structured mode."
    ordering: Literal["endpoint", "item", "none"] | str = "none"
    "`none`: each delivery by itself; `item`, `endpoint`: one waits until those before it that are about the same item, or all before it, have arrived or were given up."
    rate_per_second: int | None = None
    "How many attempts may begin in a second; null: as many as there are."
    concurrency: int | None = None
    "How many attempts may be under way at once; null: what the server has set."
    enabled: bool
    "While false, deliveries wait; they are sent once it is true again."
    disabled_because: Literal["failing", "gone"] | str | None = None
    "Why we disabled it: `failing`, nothing has arrived for days; `gone`, it answered 410. Null when we did not; enabling it clears this."
    previous_secret_until: datetime | None = None
    "Until then, deliveries are signed with the secret before this one, too."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version; quotes included."
    created_at: datetime
    "When it was created."
    updated_at: datetime
    "When it was changed last."


class EndpointHealth(Model):
    """How an endpoint is doing at this moment."""

    endpoint: str
    "The endpoint's id."
    failing_since: datetime | None
    "Since then, no attempt has arrived; null when the last one did, or none was made."
    warned_at: datetime | None
    "When `endpoint.disabling` was told of that; null: not yet."
    held_until: datetime | None
    "It is left alone until then; null when it is sent what is due."
    pending: int
    "How many deliveries are to be made; 10000: as many, or more."
    next_attempt_at: datetime | None
    "When the next attempt is due; null when nothing is, or while the endpoint is not enabled."


class EventType(Model):
    """A kind of event: what it tells, and what an event of it looks like."""

    type: str
    "Its name."
    description: str
    "What it tells."
    since: str
    "The release of TWH that told it first."
    json_schema: dict[str, Any]
    "The JSON Schema (2020-12) of an event of it."
    example: dict[str, Any]
    "An event of it."


class Fault(Model):
    """The first thing that does not follow."""

    what: str
    "What is wrong."
    where: str
    "Where."
    expected: str | None
    "What should be there."
    found: str | None
    "What is there."


class ItemRef(Model):
    """An item, as other things name it."""

    id: str
    "The item's id."
    sku: str
    "The item's SKU."


class ItemTotal(Model):
    """The stock of an item, summed up over locations."""

    item: ItemRef
    "The item."
    on_hand: Decimal
    "What is on all shelves."
    reserved: Decimal
    "What is promised."
    available: Decimal
    "on_hand - reserved."
    sellable: Decimal
    "What is available at locations that are sellable."
    locations: int
    "At how many locations there is any, on hand or reserved."


class KeyRecord(Model):
    """The answer that an idempotency key was given. The body is null where it is empty or confidential."""

    key: str
    "The idempotency key."
    status: int
    "The status that was answered."
    headers: dict[str, str]
    "The headers that were answered."
    body: Any
    "The body that was answered."
    entry: str | None
    "The entry that was recorded; null when none was."
    recorded_at: datetime
    "When it was recorded, as the server says."


class KeyRef(Model):
    """The API key of a request, without its secret."""

    id: str
    "The key's id."
    name: str
    "What people call it."
    scopes: list[str]
    "What it may do."
    role: str | None = None
    "The role that gives it its scopes; null: they were named."
    expires_at: datetime | None = None
    "When it stops to work by itself; null: never."
    last_used_at: datetime | None = None
    "As it was written before; to the minute."


class LocationRef(Model):
    """A location, as other things name it."""

    id: str
    "The location's id."
    code: str
    "The location's code."


class Movement(Model):
    """One change of one level, and the level as it then was."""

    id: str
    "Its id."
    line: int
    "The line of the request that it comes from, from 0."
    item: ItemRef
    "The item."
    location: LocationRef
    "The location."
    lot: str | None
    "The lot; null where stock is kept without lots."
    quantity: Decimal
    "What was added; negative when taken."
    on_hand_after: Decimal
    "What was on the shelf then."
    reserved_after: Decimal
    "What was promised then."
    version_after: int
    "The level's version then."
    occurred_at: datetime | None = None
    "When it happened, where that is not the time of its entry."
    counted_in: str | None = None
    "The movement of a count that contained already what this entry tells; this movement takes it back at the time of the count. Left out elsewhere."


class NewApiKey(Model):
    """An API key just made, with its secret. It is shown this once."""

    id: str
    "The key's id."
    name: str
    "What it is for."
    role: str | None
    "The role it was given: its scopes are what the role means."
    scopes: list[str]
    "What it may do."
    created_at: datetime
    "When it was created."
    expires_at: datetime | None
    "When it stops to work by itself."
    revoked_at: datetime | None
    "When it was ended by hand."
    last_used_at: datetime | None
    "When it was used last, to the minute. It makes no new version."
    successor: str | None
    "The key that takes its place, once it is rotated."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included."
    secret: str
    "The key itself. Shown once."


class NewEndpoint(Model):
    """An endpoint with the secret that was just made to sign its deliveries. It is shown this once."""

    id: str
    "The endpoint's id."
    url: str
    "Where events are posted to."
    kinds: list[str]
    "The kinds of events that are sent, `item.*` for all of one noun; empty: all."
    items: list[str] = []
    "Only what concerns one of these items is sent; empty: all."
    locations: list[str] = []
    "Only what concerns one of these locations is sent; empty: all."
    attributes: dict[str, Any] = {}
    "Only what concerns an item with all of these is sent."
    description: str
    "A note for people."
    payload: Literal["full", "thin"] | str = "full"
    "`full`: events whole; `thin`: what happened to what, and where to read the rest."
    form: Literal["cloudevents", "standard"] | str = "standard"
    "`standard`: the event as the feed has it; `cloudevents`: as CloudEvents 1.0, in structured mode."
    ordering: Literal["endpoint", "item", "none"] | str = "none"
    "`none`: each delivery by itself; `item`, `endpoint`: one waits until those before it that are about the same item, or all before it, have arrived or were given up."
    rate_per_second: int | None = None
    "How many attempts may begin in a second; null: as many as there are."
    concurrency: int | None = None
    "How many attempts may be under way at once; null: what the server has set."
    enabled: bool
    "While false, deliveries wait; they are sent once it is true again."
    disabled_because: Literal["failing", "gone"] | str | None = None
    "Why we disabled it: `failing`, nothing has arrived for days; `gone`, it answered 410. Null when we did not; enabling it clears this."
    previous_secret_until: datetime | None = None
    "Until then, deliveries are signed with the secret before this one, too."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version; quotes included."
    created_at: datetime
    "When it was created."
    updated_at: datetime
    "When it was changed last."
    secret: str
    "Verifies signatures. Shown once."


class NewKey(Model):
    """A key just made. Its secret is nowhere else: whoever loses it makes another key."""

    id: str
    "The key's id."
    name: str
    "The key's name."
    secret: str
    "The secret. It is shown this once."
    scopes: list[str]
    "What the key may do."


class Pack(Model):
    """So many of an item that are handled as one: a case of twelve."""

    name: str
    "Its name, unique in the item."
    quantity: Decimal
    "How much of the item one of it is."
    barcode: str | None = None
    "The barcode on the pack."


class Reference(Model):
    """What an entry belongs to in your own books: an order, a purchase, a ticket."""

    type: str
    "Which sort of document."
    id: str
    "Its id there."


class Replay(Model):
    """Deliveries that are made once more, with the same `webhook-id`."""

    id: str
    "The replay's id."
    state: Literal["cancelled", "finished", "running"] | str
    "`running` until everything was queued and nothing of it is pending, then `finished`; `cancelled` queues nothing more."
    which: Literal["all", "failed", "unacknowledged"] | str
    "Which deliveries of the stretch."
    endpoint: str | None
    "The endpoint's id; null for every endpoint."
    types: list[str]
    "Only these kinds of events; empty: all."
    deliveries: list[str] | None
    "The deliveries that were named; null where a stretch of the feed was."
    first_sequence: int
    "The number of the first event of the stretch."
    last_sequence: int
    "The number of the last event of the stretch."
    rate_per_second: int | None
    "So many are queued in a second; null: as many as go."
    position: int
    "Up to this event, all is queued."
    total: int
    "How many deliveries it was about when it was started."
    queued: int
    "How many it has begun anew."
    delivered: int
    "How many of them have left the queue again as delivered."
    failed: int
    "How many of them were given up."
    created_at: datetime
    "When it was created."
    finished_at: datetime | None
    "When it was finished."


class ReplayPlan(Model):
    """What a replay would be about."""

    total: int
    "How many deliveries would be made once more."
    first_sequence: int
    "The number of the first event of the stretch."
    last_sequence: int
    "The number of the last event of the stretch."


class Settings(Model):
    """A tenant's settings: its own choices, and the defaults for the rest."""

    occurred_at_back_days: int | None = 7
    "How many days back `occurred_at` may lie; null for any past time."
    occurred_at_ahead_minutes: int = 5
    "How many minutes ahead `occurred_at` may lie, for clocks that differ."
    oversell: bool = False
    "Whether stock that is promised may be taken all the same. The shelf never goes below zero."
    adjustment_reasons: list[str] = []
    "The reasons that an adjustment may have; empty: any."
    reason_required: list[str] = []
    "The kinds of entries that need a reason, besides adjustments."
    idempotency_key_days: int = 7
    "For how many days answers are kept for their keys; those of entries for ever."
    event_days: int | None = None
    "For how many days events are kept, with their deliveries; null, the default: for ever."
    version: int
    "Grows by one with each change; 0 when nothing was ever chosen."
    etag: str
    "The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included."
    updated_at: datetime | None
    "When it was changed last."


class Tenant(Model):
    """A customer of TWH: `live`, or a `sandbox` to try things in."""

    id: str
    "The tenant's id."
    name: str
    "What it is called."
    kind: Literal["live", "sandbox"] | str
    "`live`, or a `sandbox` to try things in."
    created_at: datetime
    "When it was created."
    state: Literal["active", "closed", "suspended"] | str = "active"
    "`active`: its keys work; `suspended`: they read only; `closed`: nobody is let in."
    state_changed_at: datetime | None = None
    "Since when it is in that state; null since it was created."


class Verification(Model):
    """What was verified, and the fault when there is one. The digest is the hash of the newest block."""

    ok: bool
    "Whether everything follows from what came before it."
    events_from: int = 1
    "From which event on the bytes were verified. Of older ones, which were dropped, the blocks were."
    blocks: int
    "How many blocks were verified."
    events: int
    "How many events."
    entries: int
    "How many entries."
    movements: int
    "How many movements."
    levels: int
    "How many levels."
    last_sequence: int
    "The newest event's number."
    digest: str | None
    "The hash of the newest block; null when there is none."
    fault: Fault | None
    "The first thing that does not follow; null when everything does."


class Whose(Model):
    """The tenant and the key that a request was made with."""

    tenant: Tenant
    "The tenant."
    key: KeyRef
    "The API key."


class Item(Model):
    """Something that is stocked, known by its SKU."""

    id: str
    "The item's id."
    sku: str
    "Its SKU: unique in the tenant, for ever."
    name: str
    "What people call it."
    barcodes: list[str]
    "The barcodes on one of it, each of one item only: GTINs of 8, 12, 13 or 14 digits with their check digit, or any other text of 1 to 64 printable characters."
    packs: list[Pack] = []
    "The packs in which it is handled, with their own barcodes."
    tags: list[str] = []
    "Words of your own to find it by: 1 to 64 printable characters each."
    unit: str
    "What one of it is called."
    scale: int
    "How many decimals its quantities may have."
    reorder_point: Decimal | None
    "When available stock at a location falls to this, `stock.low` tells."
    attributes: dict[str, Any]
    "Whatever you want to keep with it."
    archived_at: datetime | None
    "When it was archived; null while it is in use."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included."
    created_at: datetime
    "When it was created."
    updated_at: datetime
    "When it was changed last."


class Level(Model):
    """The stock of an item at a location: what is on the shelf, what is promised, what is left to promise."""

    item: ItemRef
    "The item."
    location: LocationRef
    "The location."
    lot: str | None
    "The lot; null where stock is kept without lots."
    on_hand: Decimal
    "What is on the shelf."
    reserved: Decimal
    "What is promised."
    available: Decimal
    "on_hand - reserved."
    version: int
    "Grows by one with each movement; 0 when there was none."
    etag: str
    "The entity tag of this version; quotes included."
    updated_at: datetime | None
    "When it was changed last."


class Location(Model):
    """A place where stock is, known by its code."""

    id: str
    "The location's id."
    code: str
    "Its code: unique in the tenant, for ever."
    name: str
    "A name for people."
    kind: str
    "One of warehouse, store, bin, transit, quarantine."
    parent: LocationRef | None = None
    "The location that it is part of."
    sellable: bool = True
    "Whether what is there can be sold from there."
    archived_at: datetime | None
    "When it was archived; null while it is in use."
    version: int
    "Grows by one with each change."
    etag: str
    "The entity tag of this version; quotes included."
    created_at: datetime
    "When it was created."
    updated_at: datetime
    "When it was changed last."


class MovementRow(Model):
    """One change of one level, with what its entry says."""

    id: str
    "The movement's id."
    entry: str
    "The entry's id."
    sequence: int
    "The number of its event in the tenant's feed."
    kind: str
    "The kind of its entry."
    reason: str | None
    "Why."
    reference: Reference | None
    "What it belongs to in your own books."
    line: int
    "The line of the request that it comes from, from 0."
    item: ItemRef
    "The item."
    location: LocationRef
    "The location."
    lot: str | None
    "The lot; null where stock is kept without lots."
    quantity: Decimal
    "What was added; negative when taken."
    on_hand_after: Decimal
    "What was on the shelf then."
    reserved_after: Decimal
    "What was promised then."
    version_after: int
    "The level's version then."
    occurred_at: datetime
    "When it happened, as the client says."
    recorded_at: datetime
    "When it was recorded, as the server says."
    counted_in: str | None
    "The movement of the count that it is offset against; null elsewhere."


class Sandbox(Model):
    """A tenant to try things in, and the key to it. The secret is shown this once."""

    tenant: Tenant
    "The tenant."
    key: NewKey
    "The API key."


class BatchRow(Model):
    """What became of one row: its status, and the item as it is now or the problem."""

    status: int
    "As a PUT of it alone would have been answered."
    item: Item | None = None
    "The item."
    problem: dict[str, Any] | None = None
    "As `application/problem+json`; its pointers lead into the row."


class Entry(Model):
    """One thing that happened to stock: 1 to 1,000 movements, all or nothing, never edited."""

    id: str
    "Its id."
    sequence: int
    "The number of its event in the tenant's feed."
    kind: str
    "receipt, issue, return, adjustment, transfer, count or reversal."
    reason: str | None
    "Why."
    reference: Reference | None
    "What it belongs to in your own books."
    forced: bool
    "Whether it was allowed to take stock below zero."
    actor: Actor
    "Who made it happen."
    occurred_at: datetime
    "When it happened, as the client says."
    recorded_at: datetime
    "When it was recorded, as the server says."
    reverses: str | None
    "The entry that this one is the mirror image of."
    reversed_by: str | None
    "The entry that is the mirror image of this one."
    movements: list[Movement]
    "Each single change, in the order of the lines."
    levels: list[Level]
    "Each level that it touched, as it left it."


class EntryResult(Model):
    """What became of one row: as a `POST /v1/movements` of it alone would have been answered."""

    status: int
    "201: recorded. 204: a count that found what the ledger says."
    idempotency_key: str
    "The row's key."
    replayed: bool
    "Whether this is what the key was answered before: nothing happened now."
    entry: Entry | None = None
    "The entry; left out when none was recorded."
    problem: dict[str, Any] | None = None
    "As `application/problem+json`; its pointers lead into the entry."


class EntryResults(Model):
    """What became of each row, in their order, and how many came to what."""

    results: list[EntryResult]
    recorded: int
    "How many are in the ledger, whether by this request or by one before."
    unchanged: int
    "How many counts found what the ledger says."
    refused: int
    "How many were refused."
    failed: int
    "At how many the server failed (500 and above): send them again with the same keys."
    replayed: int
    "How many of all had been answered before."


class BatchAnswer(Model):
    """What became of each row, in their order, and how many came to what."""

    results: list[BatchRow]
    created: int
    "How many are new."
    updated: int
    "How many were replaced."
    unchanged: int
    "How many were so already."
    refused: int
    "How many have a problem."
