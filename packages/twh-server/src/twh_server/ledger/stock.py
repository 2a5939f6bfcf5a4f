"""Reading stock: what is where now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from twh_server.catalogue import listing, location_tree, names
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import ITEM, LOCATION, TenantId
from twh_server.database.select import Select, named
from twh_server.ledger import levels
from twh_server.ledger.entries import Level
from twh_server.ledger.levels import LevelRow

LevelPlace = tuple[UUID, UUID, str]
"""Where a page of levels ends: (item, location, lot)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StockFilter:
    """Which levels are wanted; items and locations by id or name."""

    item: str | None = None
    location: str | None = None
    within: bool = False
    """Whether what lies within the location is wanted, too."""
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
        # Both are there now: the one that was missing has just been created.
        return await get_level(database, tenant, item, location)
    return _level(found[0])


async def list_levels(
    database: Database, tenant: TenantId, wanted: StockFilter, *, after: LevelPlace | None, limit: int
) -> Sequence[tuple[Level, LevelPlace]]:
    """A page of levels in the order of item, location and lot, each with its place. Unknown names find nothing."""
    if wanted.location is not None and wanted.within:
        select, page = _within(wanted, wanted.location, tenant), PAGE_WITHIN
    else:
        select, page = _at(wanted, tenant), PAGE
    select.given("s.updated_at >= %(changed_since)s", changed_since=wanted.changed_since)
    if after is not None:
        place = dict(zip(("after_item", "after_location", "after_lot"), after, strict=True))
        select.where(BEHIND, **place)
    found = await select.rows(database, page, limit=limit)
    return [(_level(row), LevelRow(*row[4:]).key) for row in found]


def _at(wanted: StockFilter, tenant: TenantId) -> Select:
    item = None if wanted.item is None else ITEM.parse(wanted.item)
    location = None if wanted.location is None else LOCATION.parse(wanted.location)
    select = Select(LEVELS, tenant).given("s.item_id = %(item)s", item=item)
    select.given("s.location_id = %(location)s", location=location)
    select.given("i.sku = %(sku)s", sku=wanted.item if item is None else None)
    select.given("l.code = %(code)s", code=wanted.location if location is None else None)
    return select.where("s.on_hand - s.reserved <= i.reorder_point") if wanted.below_reorder_point else select


def _within(wanted: StockFilter, location: str, tenant: TenantId) -> Select:
    select = Select(LEVELS_WITHIN, tenant).knowing(**location_tree.place(location))
    if wanted.item is not None:
        item, sku = names.reference(wanted.item, ITEM)
        select.where(OF_ITEM, item=item, sku=sku)
    return select.where(BELOW) if wanted.below_reorder_point else select


def _level(row: Row) -> Level:
    item_id, sku, location_id, code, *rest = row
    level = LevelRow(*rest)
    item, location = ItemRef(ITEM.text(item_id), sku), LocationRef(LOCATION.text(location_id), code)
    return levels.shown(level if level.version else None, item, location)


ONE_LEVEL = f"""
select i.id, i.sku, l.id, l.code,
       coalesce(s.item_id, i.id), coalesce(s.location_id, l.id), coalesce(s.lot, ''), coalesce(s.on_hand, 0),
       coalesce(s.reserved, 0), coalesce(s.version, 0), s.counted_at, s.last_occurred_at, s.updated_at
from {names.by_id_or_name("items", "id, sku", id_is="%(item)s", name="sku", name_is="%(sku)s")} as i
cross join {names.by_id_or_name("locations", "id, code", id_is="%(location)s", name="code", name_is="%(code)s")} as l
left join lateral (
    select *
    from stock_levels
    where tenant_id = %(tenant)s and item_id = i.id and location_id = l.id and lot = ''
    limit 1
) as s on true
"""

_ITEM = names.by_id_or_name("items", "id", id_is="%(item)s", name="sku", name_is="%(sku)s")
_REFS = "i.id as ref_item, i.sku as ref_sku, l.id as ref_location, l.code as ref_code"

LEVELS = f"""
select {_REFS}, {named("s", levels.COLUMNS)}
from stock_levels as s
join items as i on i.tenant_id = s.tenant_id and i.id = s.item_id
join locations as l on l.tenant_id = s.tenant_id and l.id = s.location_id
where s.tenant_id = %(tenant)s
"""

# Of each place no more than a page: the first of all are among the first of each.
LEVELS_WITHIN = f"""
select i.id, i.sku, l.id, l.code, {named("found", levels.COLUMNS)}
from (
    select s.*
    from ({location_tree.PLACES_WITHIN}) as place
    cross join lateral (
        select *
        from stock_levels as s
        where s.tenant_id = %(tenant)s and s.location_id = place.id
"""

OF_ITEM = f"s.item_id = (select id from {_ITEM} as one)"

BELOW = """s.on_hand - s.reserved <= (
    select reorder_point
    from items
    where tenant_id = %(tenant)s and id = s.item_id
)"""

BEHIND = """\
(s.item_id, s.location_id, s.lot) > (%(after_item)s::uuid, %(after_location)s::uuid, %(after_lot)s::text)"""

PAGE = """
order by s.item_id, s.location_id, s.lot
limit %(limit)s
"""

PAGE_WITHIN = f"""{PAGE}
    ) as s{PAGE}
) as found
cross join lateral (
    select id, sku
    from items
    where tenant_id = %(tenant)s and id = found.item_id
    limit 1
) as i
cross join lateral (
    select id, code
    from locations
    where tenant_id = %(tenant)s and id = found.location_id
    limit 1
) as l
order by found.item_id, found.location_id, found.lot
"""
