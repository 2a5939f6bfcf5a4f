"""Reading the catalogue: one item, one location, or a page of locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from twh_server.catalogue import items, location_tree, locations, names
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.database.engine import Database
from twh_server.database.identifiers import FIRST, ITEM, LOCATION, TenantId
from twh_server.database.select import Select

Archived = Literal["false", "true", "any"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationFilter:
    """Which locations are wanted."""

    kind: str | None = None
    parent: str | None = None
    """The id or code of what they are part of."""
    within: str | None = None
    """The id or code of what they lie within, at whatever depth."""
    changed_since: datetime | None = None
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


Place = UUID | tuple[datetime, UUID]
"""Where a page ends: an id, or with `changed_since` a time of change and an id."""


async def list_locations(
    database: Database, tenant: TenantId, wanted: LocationFilter, *, after: Place | None, limit: int
) -> Sequence[LocationRow]:
    """A page of locations behind the place `after`: oldest first, or in the order of their changes."""
    select = Select(LOCATIONS if wanted.within is None else LOCATIONS_WITHIN, tenant)
    select.where(ARCHIVED[wanted.archived]).given("kind = %(kind)s", kind=wanted.kind)
    if wanted.parent is not None:
        identifier, code = names.reference(wanted.parent, LOCATION)
        select.where(PART_OF, parent=identifier, parent_code=code)
    if wanted.within is not None:
        select.knowing(**location_tree.place(wanted.within))
    if isinstance(after, tuple):
        select.where(BEHIND, **dict(zip(("after", "after_id"), after, strict=True)))
    else:
        select.given("updated_at >= %(changed_since)s", changed_since=wanted.changed_since)
        if after is not None or wanted.changed_since is None:
            select.where("id > %(after)s", after=after or FIRST)
    order = "id" if wanted.changed_since is None else "updated_at, id"
    rows = await select.rows(database, f"order by {order}\nlimit %(limit)s", limit=limit)
    return [locations.location_of(row) for row in rows]


ARCHIVED = {"true": "archived_at is not null", "false": "archived_at is null", "any": "true"}

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

LOCATIONS_WITHIN = f"""
select {locations.COLUMNS}
from ({location_tree.PLACES_WITHIN}) as whole (whole_id)
cross join lateral (
    select *
    from locations
    where tenant_id = %(tenant)s and parent_id = whole_id
    order by id
    offset 0
) as locations
where tenant_id = %(tenant)s
"""

_PARENT = names.by_id_or_name("locations", "id", id_is="%(parent)s", name="code", name_is="%(parent_code)s")

PART_OF = f"parent_id = (select id from {_PARENT} as whole)"

BEHIND = "(updated_at, id) > (%(after)s::timestamptz, %(after_id)s::uuid)"
