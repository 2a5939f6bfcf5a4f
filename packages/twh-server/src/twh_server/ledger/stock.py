"""Reading stock: what is where now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from twh_server.catalogue import items, listing, locations
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.database import tables
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import ITEM, LOCATION, TenantId
from twh_server.database.select import rows_of
from twh_server.ledger import levels
from twh_server.ledger.entries import Level
from twh_server.ledger.levels import LevelRow

_ITEM_WIDTH = len(ItemRow.__struct_fields__)
_LOCATION_WIDTH = len(LocationRow.__struct_fields__)

LevelPlace = tuple[UUID, UUID, str]
"""Where a page of levels ends: (item, location, lot)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StockFilter:
    """Which levels are wanted; items and locations by id or name."""

    item: str | None = None
    location: str | None = None
    below_reorder_point: bool = False
    changed_since: datetime | None = None


async def get_level(database: Database, tenant: TenantId, item: str, location: str) -> Level:
    """One level; zero when nothing ever moved there. Raises ItemNotFound or LocationNotFound."""
    parameters = {"tenant": tenant, "sku": item, "code": location}
    parameters |= {"item": ITEM.parse(item), "location": LOCATION.parse(location)}
    found = await database.read(tenant, ONE_LEVEL, parameters)
    if not found:
        await listing.get_item(database, tenant, item)
        await listing.get_location(database, tenant, location)
    return _level(found[0])


async def list_levels(
    database: Database, tenant: TenantId, wanted: StockFilter, *, after: LevelPlace | None, limit: int
) -> Sequence[tuple[Level, LevelPlace]]:
    """A page of levels in the order of item, location and lot, each with its place. Unknown names find nothing."""
    level, item, location = tables.stock_levels, tables.items, tables.locations
    select = (
        sa.select(
            *(item.c[name] for name in items.COLUMNS.split(", ")),
            *(location.c[name] for name in locations.COLUMNS.split(", ")),
            *(level.c[name] for name in levels.COLUMNS.split(", ")),
        )
        .join(item, (item.c.tenant_id == level.c.tenant_id) & (item.c.id == level.c.item_id))
        .join(location, (location.c.tenant_id == level.c.tenant_id) & (location.c.id == level.c.location_id))
        .where(level.c.tenant_id == tenant)
        .order_by(level.c.item_id, level.c.location_id, level.c.lot)
        .limit(limit)
    )
    if after is not None:
        place = sa.tuple_(level.c.item_id, level.c.location_id, level.c.lot)
        select = select.where(place > sa.tuple_(*(sa.literal(part) for part in after)))
    if wanted.item is not None:
        identifier = ITEM.parse(wanted.item)
        select = select.where(item.c.sku == wanted.item if identifier is None else item.c.id == identifier)
    if wanted.location is not None:
        identifier_ = LOCATION.parse(wanted.location)
        one = location.c.code == wanted.location if identifier_ is None else location.c.id == identifier_
        select = select.where(one)
    if wanted.below_reorder_point:
        select = select.where(level.c.on_hand - level.c.reserved <= item.c.reorder_point)
    if wanted.changed_since is not None:
        select = select.where(level.c.updated_at >= wanted.changed_since)
    found = await rows_of(database, tenant, select)
    return [(_level(row), _row_of(row).key) for row in found]


def _row_of(row: Row) -> LevelRow:
    return LevelRow(*row[_ITEM_WIDTH + _LOCATION_WIDTH :])


def _level(row: Row) -> Level:
    item = items.item_of(row[:_ITEM_WIDTH])
    location = locations.location_of(row[_ITEM_WIDTH : _ITEM_WIDTH + _LOCATION_WIDTH])
    level = _row_of(row)
    return levels.shown(level if level.version else None, item, location)


def _named(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in columns.split(", "))


ONE_LEVEL = f"""
select {_named("i", items.COLUMNS)},
       {_named("l", locations.COLUMNS)},
       coalesce(s.item_id, i.id), coalesce(s.location_id, l.id), coalesce(s.lot, ''), coalesce(s.on_hand, 0),
       coalesce(s.reserved, 0), coalesce(s.version, 0), s.counted_at, s.last_occurred_at, s.updated_at
from items as i
join locations as l on l.tenant_id = %(tenant)s and (l.id = %(location)s or l.code = %(code)s)
left join stock_levels as s
     on s.tenant_id = %(tenant)s and s.item_id = i.id and s.location_id = l.id and s.lot = ''
where i.tenant_id = %(tenant)s and (i.id = %(item)s or i.sku = %(sku)s)
"""
