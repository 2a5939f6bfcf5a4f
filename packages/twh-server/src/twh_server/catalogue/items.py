"""Items: what is stocked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.catalogue import barcodes, names
from twh_server.catalogue.quantities import Quantity, plain
from twh_server.database.engine import Row
from twh_server.database.identifiers import ITEM, ItemId
from twh_server.journal.commands import Facts, Index, Read
from twh_server.journal.versions import etag

TAG = "it"


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """So many of an item that are handled as one: a case of twelve."""

    name: Annotated[str, Meta(description="Its name, unique in the item.", examples=["case"])]
    quantity: Annotated[Quantity, Meta(description="How much of the item one of it is.")]
    barcode: Annotated[str | None, Meta(description="The barcode on the pack.")] = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is stocked, known by its SKU."""

    id: Annotated[str, Meta(description="The item's id.", examples=["itm_01kaqgn4dzev7b2yptc4m5c3qr"])]
    sku: Annotated[str, Meta(description="Its SKU: unique in the tenant, for ever.", examples=["TSHIRT-M"])]
    name: Annotated[str, Meta(examples=["T-shirt, medium"])]
    barcodes: list[str]
    # What has a default came with revision 0002: the events of before are read without it, by us and by the SDK.
    packs: Annotated[
        list[Pack],
        Meta(
            description="The packs in which it is handled, with their own barcodes.",
            examples=[[{"name": "case", "quantity": "12", "barcode": None}]],
        ),
    ] = []
    tags: list[str] = []
    unit: Annotated[str, Meta(description="What one of it is called.", examples=["each"])]
    scale: Annotated[int, Meta(description="How many decimals its quantities may have.", ge=0, le=9)]
    reorder_point: Annotated[
        Quantity | None, Meta(description="When available stock at a location falls to this, `stock.low` tells.")
    ]
    attributes: Annotated[dict[str, Any], Meta(description="Whatever you want to keep with it.")]
    archived_at: datetime | None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class ItemRef(msgspec.Struct, frozen=True):
    """An item, as other things name it."""

    id: str
    sku: str


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the database has it."""

    id: ItemId
    sku: str
    name: str
    barcodes: list[str]
    packs: list[Pack] = []
    tags: list[str] = []
    unit: str
    scale: int
    reorder_point: Decimal | None
    attributes: Mapping[str, Any]
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    def labels(self) -> list[tuple[str, str | None]]:
        """Its barcodes, each with the name of its pack; None for the barcodes of the item itself."""
        packed = [(pack.barcode, pack.name) for pack in self.packs if pack.barcode is not None]
        return [*((barcode, None) for barcode in self.barcodes), *packed]

    def pack(self, name: str) -> Pack | None:
        """The pack of a name."""
        return next((pack for pack in self.packs if pack.name == name), None)

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return etag(TAG, self.version)

    @property
    def ref(self) -> ItemRef:
        """How other things name it."""
        return ItemRef(ITEM.text(self.id), self.sku)

    def shown(self) -> Item:
        """The item as the outside sees it."""
        return Item(
            id=ITEM.text(self.id),
            sku=self.sku,
            name=self.name,
            barcodes=self.barcodes,
            packs=self.packs,
            tags=self.tags,
            unit=self.unit,
            scale=self.scale,
            reorder_point=None if self.reorder_point is None else plain(self.reorder_point),
            attributes=dict(self.attributes),
            archived_at=self.archived_at,
            version=self.version,
            etag=self.etag,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


COLUMNS = (
    "id, sku, name, barcodes, packs, tags, unit, scale, reorder_point, attributes, archived_at, version, created_at,"
    " updated_at"
)
_PACKS = ItemRow.__struct_fields__.index("packs")

ITEM_BY_ID: Index[UUID, ItemRow] = Index("items by id")
ITEM_BY_SKU: Index[str, ItemRow] = Index("items by SKU")
BARCODE_OWNERS: Index[str, tuple[UUID, ...]] = Index("items by what a barcode is known by")
"""More than one only where that was recorded before a GTIN was one number in all its forms."""
STOCKED_ITEM: Index[UUID, int] = Index("levels with stock, by item")


def item_of(row: Row) -> ItemRow:
    """An item from a row of `COLUMNS`."""
    item = ItemRow(**dict(zip(ItemRow.__struct_fields__, row, strict=True)))
    return msgspec.structs.replace(item, packs=[Pack(**pack) for pack in row[_PACKS]]) if row[_PACKS] else item


def known(item: ItemRow) -> list[tuple[Index[Any, Any], Any, Any]]:
    """What later commands of a batch must know of a new or changed item."""
    return [(ITEM_BY_ID, item.id, item), (ITEM_BY_SKU, item.sku, item)]


def find(facts: Facts, text: str) -> ItemRow | None:
    """The item that an id or a SKU refers to."""
    identifier, sku = names.reference(text, ITEM)
    if identifier is not None:
        return facts.of(ITEM_BY_ID).get(identifier)
    return facts.of(ITEM_BY_SKU).get(sku or "")


def asked(text: str) -> tuple[Read, Row]:
    """The look-up of one item by id or SKU."""
    return ITEMS, names.reference(text, ITEM)


def enter(facts: Facts, rows: Sequence[Row]) -> None:
    """Put found items into the facts."""
    for row in rows:
        item = item_of(row)
        for index, key, value in known(item):
            facts.of(index)[key] = value


def called(text: str) -> dict[str, Any]:
    """The values of `THE_ITEM`: an item by its id or SKU."""
    identifier, sku = names.reference(text, ITEM)
    return {"item": identifier, "sku": sku}


THE_ITEM = names.by_id_or_name("items", "id", id_is="%(item)s", name="sku", name_is="%(sku)s")
"""SQL for a `from`: the id of one item."""


def _wanted(columns: str) -> str:
    return names.by_id_or_name("items", columns, id_is="wanted.id", name="sku", name_is="wanted.sku")


ITEMS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, sku text)
cross join lateral {_wanted(COLUMNS)} as found
""",
    enter=enter,
)


def asked_owner(barcode: str) -> tuple[Read, Row]:
    """The look-up of the items that have a barcode, in whatever form of its number."""
    number = barcodes.gtin(barcode)
    return BARCODES, (number, None if number else barcode)


def _enter_owners(facts: Facts, rows: Sequence[Row]) -> None:
    owners = facts.of(BARCODE_OWNERS)
    for known_by, item_id in rows:
        if item_id not in owners.get(known_by, ()):
            owners[known_by] = (*owners.get(known_by, ()), item_id)


BARCODES = Read(
    sql="""
select coalesce(wanted.gtin, wanted.barcode), found.item_id
from json_to_recordset(%(wanted)s::json) as wanted (gtin text, barcode text)
cross join lateral (
    (
        select item_id
        from item_barcodes
        where tenant_id = %(tenant)s and gtin = wanted.gtin
        limit 8
    )
    union all
    (
        select item_id
        from item_barcodes
        where tenant_id = %(tenant)s and barcode = wanted.barcode
        limit 1
    )
) as found
""",
    enter=_enter_owners,
)


def _enter_stocked(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(STOCKED_ITEM).update(rows)


STOCKED_ITEMS = Read(
    sql=f"""
select i.id, l.stocked
from json_to_recordset(%(wanted)s::json) as wanted (id uuid, sku text)
cross join lateral {_wanted("id")} as i
cross join lateral (
    select count(*) as stocked
    from stock_levels
    where tenant_id = %(tenant)s and item_id = i.id and (on_hand <> 0 or reserved <> 0)
) as l
""",
    enter=_enter_stocked,
)
