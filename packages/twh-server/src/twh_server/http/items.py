"""`/v1/items`: what is stocked."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue import listing
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, UpdateItem
from twh_server.catalogue.items import Item, ItemRow
from twh_server.catalogue.listing import Archived, ItemFilter
from twh_server.catalogue.refusals import (
    BarcodeTaken,
    InvalidItem,
    ItemArchived,
    ItemHasStock,
    ItemNotFound,
    SkuTaken,
)
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Attributes, Body, DecimalText, Name, PageQuery, Query, changes_of
from twh_server.journal.commands import Answer
from twh_server.journal.versions import StaleVersion

BARCODES_MAX = 20

EXAMPLE = {"sku": "TSHIRT-M", "name": "T-shirt, medium", "barcodes": ["4006381333931"], "reorder_point": "20"}


class NewItem(Body):
    """An item to be created."""

    sku: str = Field(max_length=256, description="Its SKU: 1 to 64 printable characters, unique in the tenant.")
    name: Name
    barcodes: list[str] = Field(default_factory=list, max_length=BARCODES_MAX)
    unit: str = Field("each", min_length=1, max_length=16, description="What one of it is called.")
    scale: int = Field(0, ge=0, le=9, description="How many decimals its quantities may have.")
    reorder_point: DecimalText | None = None
    attributes: Attributes = Field(default_factory=dict)


class ItemChanges(Body):
    """What is to be changed of an item; what is left out stays."""

    name: Name = Field(default="")
    barcodes: list[str] = Field(default_factory=list, max_length=BARCODES_MAX)
    unit: str = Field("each", min_length=1, max_length=16)
    reorder_point: DecimalText | None = None
    attributes: Attributes = Field(default_factory=dict)


class ItemQuery(PageQuery):
    """Which items."""

    sku_prefix: str | None = Field(None, min_length=1, max_length=64, description="Items whose SKU begins so.")
    barcode: str | None = Field(None, min_length=1, max_length=64, description="The item with this barcode.")
    archived: Archived = Field("false", description="Whether archived items are wanted.")


class ItemList(msgspec.Struct, frozen=True):
    """A page of items."""

    data: list[Item]
    next_cursor: str | None


@operation(
    id="items.create",
    method="POST",
    path="/v1/items",
    scope="items:write",
    body=NewItem,
    answers={201: Item},
    key="honoured",
    refusals=(SkuTaken, BarcodeTaken, InvalidItem),
    example=EXAMPLE,
)
async def create(call: Call[NewItem, Query]) -> Answer:
    """Create an item."""
    return await call.submit(CreateItem(**call.body.model_dump()), _created)


@operation(
    id="items.list",
    method="GET",
    path="/v1/items",
    scope="items:read",
    query=ItemQuery,
    answers={200: ItemList},
)
async def list_(call: Call[Any, ItemQuery]) -> Answer:
    """List items, oldest first."""
    query = call.query
    wanted = ItemFilter(sku_prefix=query.sku_prefix, barcode=query.barcode, archived=query.archived)
    after = key_of(query.cursor, UUID)
    found = await listing.list_items(call.rooms.database, call.tenant, wanted, after=after, limit=query.limit + 1)
    page, cursor = paged(found, query.limit, lambda item: item.id)
    return shown(ItemList([item.shown() for item in page], cursor))


@operation(
    id="items.get",
    method="GET",
    path="/v1/items/{item}",
    scope="items:read",
    answers={200: Item},
    conditional=True,
    refusals=(ItemNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read an item, by its id or SKU."""
    return _shown(await listing.get_item(call.rooms.database, call.tenant, call.path["item"]))


@operation(
    id="items.update",
    method="PATCH",
    path="/v1/items/{item}",
    scope="items:write",
    body=ItemChanges,
    answers={200: Item},
    key="honoured",
    conditional=True,
    refusals=(ItemNotFound, StaleVersion, ItemArchived, BarcodeTaken, InvalidItem),
    example={"name": "T-shirt, medium, organic", "reorder_point": "25"},
)
async def update(call: Call[ItemChanges, Query]) -> Answer:
    """Change some values of an item.

    Its SKU, unit of account and scale are part of its history and stay. With `If-Match`, it is changed only at the
    version that you read.
    """
    command = UpdateItem(item=call.path["item"], changes=changes_of(call.body), if_match=call.if_match)
    return await call.submit(command, _shown)


@operation(
    id="items.archive",
    method="POST",
    path="/v1/items/{item}/archive",
    scope="items:write",
    answers={200: Item},
    key="honoured",
    conditional=True,
    refusals=(ItemNotFound, StaleVersion, ItemHasStock),
)
async def archive(call: Call[Any, Query]) -> Answer:
    """Retire an item that has no stock left.

    It keeps its history and its SKU, and takes no further entries.
    """
    return await call.submit(ArchiveItem(item=call.path["item"], if_match=call.if_match), _shown)


def _created(item: ItemRow) -> Answer:
    value = item.shown()
    return created(value, address=f"/v1/items/{value.id}", tag=item.etag)


def _shown(item: ItemRow) -> Answer:
    return shown(item.shown(), tag=item.etag)
