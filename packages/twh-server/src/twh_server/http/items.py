"""`/v1/items`: what is stocked."""

from typing import Annotated, Any

import msgspec
from pydantic import Field

from twh_server.catalogue import finding, listing
from twh_server.catalogue.finding import ItemFilter
from twh_server.catalogue.item_commands import ArchiveItem, CreateItem, PutItem, RestoreItem, UpdateItem
from twh_server.catalogue.item_values import BARCODES_MAX, PACKS_MAX, TAGS_MAX
from twh_server.catalogue.items import Item, ItemRow, Pack
from twh_server.catalogue.listing import Archived
from twh_server.catalogue.putting import Put
from twh_server.catalogue.refusals import (
    BarcodeTaken,
    InvalidItem,
    ItemArchived,
    ItemHasStock,
    ItemNotFound,
    SkuTaken,
)
from twh_server.database.identifiers import ITEM
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Attributes, Body, DecimalText, Name, PageQuery, Query, Time, changes_of
from twh_server.journal.commands import Answer
from twh_server.journal.versions import AlreadyExists, StaleVersion

EXAMPLE = {
    "name": "T-shirt, medium",
    "barcodes": ["4006381333931"],
    "packs": [{"name": "case", "quantity": "12", "barcode": "14006381333938"}],
    "tags": ["summer"],
    "reorder_point": "20",
    "attributes": {"colour": "blue"},
}
SKU_DESCRIPTION = "Its SKU: 1 to 64 printable characters, unique in the tenant."


class NewPack(Body):
    """So many of an item that are handled as one."""

    name: str = Field(
        max_length=256, description="1 to 64 printable characters, unique in the item.", examples=["case"]
    )
    quantity: DecimalText = Field(description="How much of the item one of it is: above zero.")
    barcode: str | None = Field(None, max_length=256, description="The barcode on the pack.")


Barcodes = Annotated[list[str], Field(max_length=BARCODES_MAX)]
Packs = Annotated[list[NewPack], Field(max_length=PACKS_MAX, description="The packs in which it is handled.")]
Tags = Annotated[list[str], Field(max_length=TAGS_MAX)]


class ItemContent(Body):
    """All that can be said of an item besides its SKU; what is left out has its default."""

    name: Name
    barcodes: Barcodes = Field(default_factory=list)
    packs: Packs = Field(default_factory=list[NewPack])
    tags: Tags = Field(default_factory=list)
    unit: str = Field("each", min_length=1, max_length=16, description="What one of it is called.")
    scale: int | None = Field(
        None,
        ge=0,
        le=9,
        description="How many decimals its quantities may have: 0 when it is created without; it cannot change.",
    )
    reorder_point: DecimalText | None = None
    attributes: Attributes = Field(default_factory=dict)


class NewItem(ItemContent):
    """An item to be created."""

    sku: str = Field(max_length=256, description=SKU_DESCRIPTION)


class ItemChanges(Body):
    """What is to be changed of an item; what is left out stays."""

    name: Name = Field(default="")
    barcodes: Barcodes = Field(default_factory=list)
    packs: Packs = Field(default_factory=list[NewPack])
    tags: Tags = Field(default_factory=list)
    unit: str = Field("each", min_length=1, max_length=16)
    reorder_point: DecimalText | None = None
    attributes: Attributes = Field(default_factory=dict)


class ItemQuery(PageQuery):
    """Which items."""

    sku_prefix: str | None = Field(
        None, min_length=1, max_length=64, description="Items whose SKU begins so, in the order of their SKUs."
    )
    barcode: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="The item with this barcode, on itself or on a pack; a GTIN in any of its forms.",
    )
    search: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Items whose name has all these words, accents and case aside; `*` after the last: words that begin so.",
    )
    tag: str | None = Field(None, min_length=1, max_length=64, description="Items with this tag.")
    attribute: str | None = Field(
        None,
        max_length=256,
        pattern="^[^:=]+:",
        description="Items with this attribute, as `key:value`; a value that is no text as JSON.",
        examples=["colour:blue"],
    )
    changed_since: Time | None = Field(
        None, description="Items that changed at this time or later, archived ones too, in the order of their changes."
    )
    archived: Archived | None = Field(
        None, description="Whether archived items are wanted: false, unless `changed_since` is given."
    )

    def wanted(self) -> ItemFilter:
        """The filter that these parameters are."""
        key, _, value = (self.attribute or "").partition(":")
        return ItemFilter(
            sku_prefix=self.sku_prefix,
            barcode=self.barcode,
            search=self.search,
            tag=self.tag,
            attribute=(key, value) if self.attribute else None,
            changed_since=self.changed_since,
            archived=self.archived or ("any" if self.changed_since else "false"),
        )


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
    example={"sku": "TSHIRT-M", **EXAMPLE},
)
async def create(call: Call[NewItem, Query]) -> Answer:
    """Create an item."""
    return await call.submit(CreateItem(sku=call.body.sku, **values_of(call.body)), _created)


@operation(
    id="items.list",
    method="GET",
    path="/v1/items",
    scope="items:read",
    query=ItemQuery,
    answers={200: ItemList},
)
async def list_(call: Call[Any, ItemQuery]) -> Answer:
    """List items, oldest first unless a filter says otherwise.

    Filters narrow each other down. With `changed_since`, keep the greatest `updated_at` that you were shown and go on
    from it next time: nothing is missed, and what you have seen of that moment comes once more.
    """
    wanted, limit = call.query.wanted(), call.query.limit
    after = key_of(call.query.cursor, wanted.order.shape)
    found = await finding.list_items(call.rooms.database, call.tenant, wanted, after=after, limit=limit + 1)
    page, cursor = paged(found, limit, wanted.order.place)
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
    id="items.put",
    method="PUT",
    path="/v1/items/{item}",
    scope="items:write",
    body=ItemContent,
    answers={200: Item, 201: Item},
    key="honoured",
    conditional=True,
    refusals=(ItemNotFound, AlreadyExists, StaleVersion, ItemArchived, BarcodeTaken, InvalidItem),
    example=EXAMPLE,
)
async def put(call: Call[ItemContent, Query]) -> Answer:
    """Create the item of this SKU, or replace it.

    What is left out has its default, as in a new item; only the scale stays what it was. What changes nothing is no
    change: no new version, no event. With `If-None-Match: *`, it is created or nothing is done; with `If-Match`, it is
    replaced only at the version that you read.
    """
    command = PutItem(
        item=call.path["item"], if_match=call.if_match, create_only=call.create_only, **values_of(call.body)
    )
    return await call.submit(command, _put)


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

    Its SKU and scale are part of its history and stay. With `If-Match`, it is changed only at the version that you
    read.
    """
    changes = dict(changes_of(call.body))
    if "packs" in changes:
        changes["packs"] = packs_of(call.body.packs)
    command = UpdateItem(item=call.path["item"], changes=changes, if_match=call.if_match)
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

    It keeps its history, its SKU and its barcodes, and takes no further entries or changes until it is restored.
    """
    return await call.submit(ArchiveItem(item=call.path["item"], if_match=call.if_match), _shown)


@operation(
    id="items.restore",
    method="POST",
    path="/v1/items/{item}/restore",
    scope="items:write",
    answers={200: Item},
    key="honoured",
    conditional=True,
    refusals=(ItemNotFound, StaleVersion),
)
async def restore(call: Call[Any, Query]) -> Answer:
    """Take an archived item back into use."""
    return await call.submit(RestoreItem(item=call.path["item"], if_match=call.if_match), _shown)


def values_of(body: ItemContent) -> dict[str, Any]:
    """What a body says of an item besides its SKU, as commands take it."""
    return {
        "name": body.name,
        "barcodes": body.barcodes,
        "packs": packs_of(body.packs),
        "tags": body.tags,
        "unit": body.unit,
        "scale": body.scale,
        "reorder_point": body.reorder_point,
        "attributes": body.attributes,
    }


def packs_of(packs: list[NewPack]) -> list[Pack]:
    """Packs as commands take them."""
    return [Pack(name=pack.name, quantity=pack.quantity, barcode=pack.barcode) for pack in packs]


def _created(item: ItemRow) -> Answer:
    return created(f"/v1/items/{ITEM.text(item.id)}", tag=item.etag)


def _shown(item: ItemRow) -> Answer:
    return shown(item.shown(), tag=item.etag)


def _put(put: Put[ItemRow]) -> Answer:
    return _created(put.thing) if put.created else _shown(put.thing)
