"""Reading the catalogue: one item or location, or a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from twh_server.catalogue import items, locations
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.database import tables
from twh_server.database.engine import Database
from twh_server.database.identifiers import ITEM, LOCATION, TenantId
from twh_server.database.select import Select, rows_of

Archived = Literal["false", "true", "any"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemFilter:
    """Which items are wanted."""

    sku_prefix: str | None = None
    barcode: str | None = None
    archived: Archived = "false"


async def get_item(database: Database, tenant: TenantId, text: str) -> ItemRow:
    """The item with an id or a SKU. Raises ItemNotFound."""
    table = tables.items
    identifier = ITEM.parse(text)
    one = table.c.sku == text if identifier is None else table.c.id == identifier
    found = await rows_of(database, tenant, _items(tenant).where(one))
    if not found:
        raise ItemNotFound(text)
    return items.item_of(found[0])


async def list_items(
    database: Database, tenant: TenantId, wanted: ItemFilter, *, after: UUID | None, limit: int
) -> Sequence[ItemRow]:
    """A page of items, oldest first, behind the item `after`."""
    table = tables.items
    select = _page(_items(tenant), table, after, limit, wanted.archived)
    if wanted.sku_prefix is not None:
        # `^@` (starts with) may use an index under row security; `like` may not.
        select = select.where(table.c.sku.op("^@")(wanted.sku_prefix))
    if wanted.barcode is not None:
        owner = tables.item_barcodes
        ids = sa.select(owner.c.item_id).where(owner.c.tenant_id == tenant, owner.c.barcode == wanted.barcode)
        select = select.where(table.c.id.in_(ids))
    return [items.item_of(row) for row in await rows_of(database, tenant, select)]


async def get_location(database: Database, tenant: TenantId, text: str) -> LocationRow:
    """The location with an id or a code. Raises LocationNotFound."""
    table = tables.locations
    identifier = LOCATION.parse(text)
    one = table.c.code == text if identifier is None else table.c.id == identifier
    found = await rows_of(database, tenant, _locations(tenant).where(one))
    if not found:
        raise LocationNotFound(text)
    return locations.location_of(found[0])


async def list_locations(
    database: Database, tenant: TenantId, *, archived: Archived, after: UUID | None, limit: int
) -> Sequence[LocationRow]:
    """A page of locations, oldest first, behind the location `after`."""
    select = _page(_locations(tenant), tables.locations, after, limit, archived)
    return [locations.location_of(row) for row in await rows_of(database, tenant, select)]


def _items(tenant: TenantId) -> Select:
    table = tables.items
    return sa.select(*(table.c[name] for name in items.COLUMNS.split(", "))).where(table.c.tenant_id == tenant)


def _locations(tenant: TenantId) -> Select:
    table = tables.locations
    return sa.select(*(table.c[name] for name in locations.COLUMNS.split(", "))).where(table.c.tenant_id == tenant)


def _page(select: Select, table: sa.Table, after: UUID | None, limit: int, archived: Archived) -> Select:
    if after is not None:
        select = select.where(table.c.id > after)
    if archived != "any":
        is_archived = table.c.archived_at.is_not(None)
        select = select.where(is_archived if archived == "true" else ~is_archived)
    return select.order_by(table.c.id).limit(limit)
