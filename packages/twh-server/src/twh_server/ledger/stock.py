"""Reading stock: what is where now, and what was where at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from twh_server.catalogue import items, listing, location_tree, locations, names
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import FIRST, ITEM, LOCATION, TenantId
from twh_server.database.select import Select, named
from twh_server.database.together import LookUp
from twh_server.ledger import as_of, levels
from twh_server.ledger.as_of import Then
from twh_server.ledger.entries import Level
from twh_server.ledger.levels import LevelRow

LevelPlace = tuple[UUID, UUID, str]
"""Where a page of levels ends: (item, location, lot)."""

BEFORE_ALL: LevelPlace = (FIRST, FIRST, "")
"""A page always says behind which, so that the index of that order is the one that fits best."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StockFilter:
    """Which levels are wanted; items and locations by id or name."""

    item: str | None = None
    location: str | None = None
    within: bool = False
    """Whether what lies within the location is wanted, too."""
    below_reorder_point: bool = False
    changed_since: datetime | None = None
    then: Then | None = None
    """When; now, when left out."""


async def get_level(database: Database, tenant: TenantId, item: str, location: str, then: Then | None = None) -> Level:
    """One level, now or then; zero when nothing had moved there. Raises ItemNotFound or LocationNotFound."""
    key = (*names.reference(item, ITEM), *names.reference(location, LOCATION))
    found = await _look_up(database, tenant, key, then)
    if found is None:
        await listing.get_item(database, tenant, item)
        await listing.get_location(database, tenant, location)
        # Both are there now: the one that was missing has just been created.
        return await get_level(database, tenant, item, location, then)
    return _level(found)


async def list_levels(
    database: Database, tenant: TenantId, wanted: StockFilter, *, after: LevelPlace | None, limit: int
) -> Sequence[tuple[Level, LevelPlace]]:
    """A page of levels in the order of item, location and lot, each with its place. Unknown names find nothing.

    What nothing had moved then is left out.
    """
    if wanted.location is not None and wanted.within:
        select, page = _within(wanted, wanted.location, tenant), PAGE_WITHIN
    else:
        select, page = _at(wanted, tenant), PAGE_ANYWHERE
    select.knowing(**as_of.moment(wanted.then))
    select.given("s.updated_at >= %(changed_since)s", changed_since=wanted.changed_since)
    select.where(BEHIND, **dict(zip(("after_item", "after_location", "after_lot"), after or BEFORE_ALL, strict=True)))
    found = await select.rows(database, page, limit=limit)
    return [(_level(row), LevelRow(*row[4:]).key) for row in found]


def _at(wanted: StockFilter, tenant: TenantId) -> Select:
    select = Select(levels_anywhere(wanted.then), tenant)
    if wanted.location is not None:
        select.where(AT_LOCATION, **locations.called(wanted.location))
    return _narrowed(select, wanted)


def _within(wanted: StockFilter, location: str, tenant: TenantId) -> Select:
    return _narrowed(Select(levels_within(wanted.then), tenant).knowing(**location_tree.place(location)), wanted)


def _narrowed(select: Select, wanted: StockFilter) -> Select:
    if wanted.item is not None:
        select.where(OF_ITEM, **items.called(wanted.item))
    return select.where(f"{_available(wanted.then)} <= {REORDER_POINT}") if wanted.below_reorder_point else select


async def _look_up(database: Database, tenant: TenantId, key: Row, then: Then | None) -> Row | None:
    if then is None:
        return await database.together.look_up(tenant, LEVEL_NOW, key)
    rows = await database.read(tenant, one_level(then), {**LEVEL_NOW.asked(tenant, [key]), **as_of.moment(then)})
    return rows[0][1:] if rows else None


def _level(row: Row) -> Level:
    item_id, sku, location_id, code, *rest = row
    level = LevelRow(*rest)
    item, location = ItemRef(ITEM.text(item_id), sku), LocationRef(LOCATION.text(location_id), code)
    return levels.shown(level if level.version else None, item, location)


_WANTED_ITEM = names.by_id_or_name("items", "id, sku", id_is="wanted.item_id", name="sku", name_is="wanted.sku")
_WANTED_LOCATION = names.by_id_or_name(
    "locations", "id, code", id_is="wanted.location_id", name="code", name_is="wanted.code"
)


def one_level(then: Then | None) -> str:
    """Levels, each of one item at one location, with their names."""
    held = _held(then)
    return f"""
select wanted.place, i.id, i.sku, l.id, l.code,
       i.id, l.id, coalesce(s.lot, ''), coalesce({held}.on_hand, 0), coalesce({held}.reserved, 0),
       coalesce({held}.version, 0), s.counted_at, s.last_occurred_at, {held}.updated_at
from json_to_recordset(%(wanted)s::json)
     as wanted (place bigint, item_id uuid, sku text, location_id uuid, code text)
cross join lateral {_WANTED_ITEM} as i
cross join lateral {_WANTED_LOCATION} as l
left join lateral (
    select *
    from stock_levels
    where tenant_id = %(tenant)s and item_id = i.id and location_id = l.id and lot = ''
    limit 1
) as s on true
{_then(then, "left join lateral", "on true")}
"""


def levels_anywhere(then: Then | None) -> str:
    """Levels with their names."""
    return f"""
select i.id, i.sku, l.id, l.code, {named("found", levels.COLUMNS)}
from (
    select {_columns(then)}
    from stock_levels as s
    {_then(then, "cross join lateral")}
    where s.tenant_id = %(tenant)s
"""


def levels_within(then: Then | None) -> str:
    """Levels of a location and of what lies within it. Of each place no more than a page: the first of all are among them."""
    return f"""
select i.id, i.sku, l.id, l.code, {named("found", levels.COLUMNS)}
from (
    select s.*
    from ({location_tree.PLACES_WITHIN}) as place
    cross join lateral (
        select {_columns(then)}
        from stock_levels as s
        {_then(then, "cross join lateral")}
        where s.tenant_id = %(tenant)s and s.location_id = place.id
"""


def _held(then: Then | None) -> str:
    """Which row says what a level holds."""
    return "held" if then else "s"


def _then(then: Then | None, join: str, on: str = "") -> str:
    return f"{join} ({as_of.held(then.clock, 's')}) as held {on}".rstrip() if then else ""


def _columns(then: Then | None) -> str:
    held = _held(then)
    return ", ".join(f"{held if name in as_of.HELD else 's'}.{name}" for name in levels.COLUMNS.split(", "))


def _available(then: Then | None) -> str:
    held = _held(then)
    return f"{held}.on_hand - {held}.reserved"


LEVEL_NOW = LookUp(sql=one_level(None))

OF_ITEM = f"s.item_id = (select id from {items.THE_ITEM} as one)"

AT_LOCATION = f"s.location_id = (select id from {locations.THE_LOCATION} as one)"

REORDER_POINT = """(
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

# What is on the page is told its names, and nothing else is.
PAGE_ANYWHERE = f"""{PAGE}
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

PAGE_WITHIN = f"""{PAGE}
    ) as s{PAGE_ANYWHERE}"""
