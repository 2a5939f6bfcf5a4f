"""Entries, movements and levels, as the outside sees them: in answers, in lists and in events."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.catalogue.quantities import Quantity

Moved = Annotated[Quantity, Meta(description="What was added; negative when taken.")]
OnHandAfter = Annotated[Quantity, Meta(description="What was on the shelf then.")]
ReservedAfter = Annotated[Quantity, Meta(description="What was promised then.")]

EntryKind = Literal["receipt", "issue", "return", "adjustment", "transfer", "count", "reversal"]


class Reference(msgspec.Struct, frozen=True):
    """What an entry belongs to in your own books: an order, a purchase, a ticket."""

    type: Annotated[str, Meta(min_length=1, max_length=64, examples=["order"])]
    id: Annotated[str, Meta(min_length=1, max_length=255, examples=["PO-77"])]


class Actor(msgspec.Struct, frozen=True):
    """Who recorded it: an API key."""

    key: str
    name: str


class Movement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of one level, and the level as it then was."""

    id: Annotated[str, Meta(examples=["mov_01kaqgn4ed1z4bw7cq1wmhpsvy"])]
    line: Annotated[int, Meta(description="The line of the request that it comes from, from 0.")]
    item: ItemRef
    location: LocationRef
    lot: str | None
    quantity: Moved
    on_hand_after: OnHandAfter
    reserved_after: ReservedAfter
    version_after: int
    occurred_at: Annotated[
        datetime | None, Meta(description="When it happened, where that is not the time of its entry.")
    ] = None
    counted_in: Annotated[
        str | None,
        Meta(
            description="The movement of a count that contained already what this entry tells; this movement takes it"
            " back at the time of the count. Left out elsewhere."
        ),
    ] = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of an item at a location: what is on the shelf, what is promised, what is left to promise."""

    item: ItemRef
    location: LocationRef
    lot: str | None
    on_hand: Annotated[Quantity, Meta(description="What is on the shelf.")]
    reserved: Annotated[Quantity, Meta(description="What is promised.")]
    available: Annotated[Quantity, Meta(description="on_hand - reserved.")]
    version: Annotated[int, Meta(description="Grows by one with each movement; 0 when there was none.")]
    etag: str
    updated_at: datetime | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to stock: 1 to 1,000 movements, all or nothing, never edited."""

    id: Annotated[str, Meta(examples=["ent_01kaqgn4eaf1vs8x4x4nyxbkrf"])]
    sequence: Annotated[int, Meta(description="The number of its event in the tenant's feed.")]
    kind: Annotated[str, Meta(description="receipt, issue, return, adjustment, transfer, count or reversal.")]
    reason: str | None
    reference: Reference | None
    forced: Annotated[bool, Meta(description="Whether it was allowed to take stock below zero.")]
    actor: Actor
    occurred_at: Annotated[datetime, Meta(description="When it happened, as the client says.")]
    recorded_at: Annotated[datetime, Meta(description="When it was recorded, as the server says.")]
    reverses: Annotated[str | None, Meta(description="The entry that this one is the mirror image of.")]
    reversed_by: Annotated[str | None, Meta(description="The entry that is the mirror image of this one.")]
    movements: list[Movement]
    levels: Annotated[list[Level], Meta(description="Each level that it touched, as it left it.")]


class MovementRow(msgspec.Struct, frozen=True, kw_only=True):
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
    quantity: Moved
    on_hand_after: OnHandAfter
    reserved_after: ReservedAfter
    version_after: int
    occurred_at: datetime
    recorded_at: datetime
    counted_in: Annotated[
        str | None, Meta(description="The movement of the count that it is offset against; null elsewhere.")
    ]


class LowStock(msgspec.Struct, frozen=True, kw_only=True):
    """The available stock of an item at a location has fallen to its reorder point or below."""

    item: ItemRef
    location: LocationRef
    on_hand: Annotated[Quantity, Meta(description="What is on the shelf.")]
    available: Annotated[Quantity, Meta(description="What is on the shelf and not promised.")]
    reorder_point: Annotated[Quantity, Meta(description="The item's reorder point.")]
    entry: str
