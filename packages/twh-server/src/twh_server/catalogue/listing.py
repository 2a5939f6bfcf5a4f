"""Reading the catalogue: one item or location, or a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from twh_server.catalogue import items, locations
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.database.engine import Database
from twh_server.database.identifiers import ITEM, LOCATION, TenantId
from twh_server.database.select import Select

Archived = Literal["false", "true", "any"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemFilter:
    """Which items are wanted."""

    sku_prefix: str | None = None
    barcode: str | None = None
    archived: Archived = "false"


async def get_item(database: Database, tenant: TenantId, text: str) -> ItemRow:
    """The item with an id or a SKU. Raises ItemNotFound."""
    identifier = ITEM.parse(text)
    select = Select(ITEMS, tenant)
    select = (
        select.where("sku = %(sku)s", sku=text) if identifier is None else select.where("id = %(id)s", id=identifier)
    )
    found = await select.rows(database, "limit 1")
    if not found:
        raise ItemNotFound(text)
    return items.item_of(found[0])


async def list_items(
    database: Database, tenant: TenantId, wanted: ItemFilter, *, after: UUID | None, limit: int
) -> Sequence[ItemRow]:
    """A page of items, oldest first, behind the item `after`."""
    select = _archived(Select(ITEMS, tenant).given("id > %(after)s", after=after), wanted.archived)
    # `^@` (starts with) may use an index under row security; `like` may not.
    select.given("sku ^@ %(sku_prefix)s", sku_prefix=wanted.sku_prefix)
    select.given(OF_BARCODE, barcode=wanted.barcode)
    return [items.item_of(row) for row in await select.rows(database, PAGE, limit=limit)]


async def get_location(database: Database, tenant: TenantId, text: str) -> LocationRow:
    """The location with an id or a code. Raises LocationNotFound."""
    identifier = LOCATION.parse(text)
    select = Select(LOCATIONS, tenant)
    select = (
        select.where("code = %(code)s", code=text) if identifier is None else select.where("id = %(id)s", id=identifier)
    )
    found = await select.rows(database, "limit 1")
    if not found:
        raise LocationNotFound(text)
    return locations.location_of(found[0])


async def list_locations(
    database: Database, tenant: TenantId, *, kind: str | None, archived: Archived, after: UUID | None, limit: int
) -> Sequence[LocationRow]:
    """A page of locations, oldest first, behind the location `after`."""
    select = _archived(Select(LOCATIONS, tenant).given("id > %(after)s", after=after), archived)
    select.given("kind = %(kind)s", kind=kind)
    return [locations.location_of(row) for row in await select.rows(database, PAGE, limit=limit)]


def _archived(select: Select, archived: Archived) -> Select:
    conditions = {"true": "archived_at is not null", "false": "archived_at is null", "any": "true"}
    return select.where(conditions[archived])


ITEMS = f"""
select {items.COLUMNS}
from items
where tenant_id = %(tenant)s
"""

LOCATIONS = f"""
select {locations.COLUMNS}
from locations
where tenant_id = %(tenant)s
"""

OF_BARCODE = """id in (
    select item_id
    from item_barcodes
    where tenant_id = %(tenant)s and barcode = %(barcode)s
)"""

PAGE = """
order by id
limit %(limit)s
"""
