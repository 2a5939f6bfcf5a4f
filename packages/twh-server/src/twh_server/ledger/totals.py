"""Totals: how much there is of each item, over all locations or over one and everything that lies within it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.catalogue import items, location_tree
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.quantities import EXACT, Quantity, plain
from twh_server.database.engine import Database
from twh_server.database.identifiers import FIRST, ITEM, TenantId
from twh_server.database.select import Select


class ItemTotal(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of an item, summed up over locations."""

    item: ItemRef
    on_hand: Annotated[Quantity, Meta(description="What is on all shelves.")]
    reserved: Annotated[Quantity, Meta(description="What is promised.")]
    available: Annotated[Quantity, Meta(description="on_hand - reserved.")]
    sellable: Annotated[Quantity, Meta(description="What is available at locations that are sellable.")]
    locations: Annotated[int, Meta(description="At how many locations there is any, on hand or reserved.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class TotalFilter:
    """Which items are wanted, and which locations count."""

    item: str | None = None
    location: str | None = None
    """Only this one and what lies within it."""
    below_reorder_point: bool = False


async def list_totals(
    database: Database, tenant: TenantId, wanted: TotalFilter, *, after: UUID | None, limit: int
) -> Sequence[tuple[ItemTotal, UUID]]:
    """A page of totals in the order of the items, each with its place. Unknown names find nothing.

    An item has a total when anything of it ever moved at one of the locations.
    """
    select = Select(_text(wanted), tenant).knowing(after=after or FIRST)
    if wanted.item is not None:
        select.knowing(**items.called(wanted.item))
    if wanted.location is not None:
        select.knowing(**location_tree.place(wanted.location))
    if wanted.below_reorder_point:
        select.where("total.on_hand - total.reserved <= i.reorder_point")
    found = await select.rows(database, PAGE, limit=limit)
    return [
        (
            ItemTotal(
                item=ItemRef(ITEM.text(item_id), sku),
                on_hand=plain(on_hand),
                reserved=plain(reserved),
                available=plain(EXACT.subtract(on_hand, reserved)),
                sellable=plain(sellable),
                locations=places,
            ),
            item_id,
        )
        for item_id, sku, on_hand, reserved, sellable, places in found
    ]


def _text(wanted: TotalFilter) -> str:
    within = wanted.location is not None
    if wanted.item is not None:
        chosen = ONE_ITEM
    else:
        # Where every item comes into the page, no place need tell more than a page of them.
        page = "" if wanted.below_reorder_point else "limit %(limit)s"
        chosen = (ITEMS_WITHIN if within else ITEMS_ANYWHERE).format(page=page)
    places = f"place (id) as materialized (\n{location_tree.PLACES_WITHIN})," if within else ""
    counts = "and s.location_id in (select id from place)" if within else ""
    return TOTALS.format(places=places, chosen=chosen, counts=counts)


ONE_ITEM = f"""
    select id as item_id
    from {items.THE_ITEM} as one
    where id > %(after)s::uuid
"""

ITEMS_ANYWHERE = """
    select distinct item_id
    from stock_levels
    where tenant_id = %(tenant)s and item_id > %(after)s::uuid
    order by item_id
    {page}
"""

ITEMS_WITHIN = """
    select distinct there.item_id
    from place
    cross join lateral (
        select distinct item_id
        from stock_levels
        where tenant_id = %(tenant)s and location_id = place.id and item_id > %(after)s::uuid
        order by item_id
        {page}
    ) as there
    order by item_id
    {page}
"""

TOTALS = """
with {places}
chosen as ({chosen})
select chosen.item_id, i.sku, total.on_hand, total.reserved, total.sellable, total.locations
from chosen
cross join lateral (
    select tenant_id, sku, reorder_point
    from items
    where tenant_id = %(tenant)s and id = chosen.item_id
    limit 1
) as i
cross join lateral (
    select sum(s.on_hand) as on_hand, sum(s.reserved) as reserved,
           coalesce(sum(s.on_hand - s.reserved) filter (where l.sellable), 0) as sellable,
           count(distinct s.location_id) filter (where s.on_hand <> 0 or s.reserved <> 0) as locations
    from stock_levels as s
    cross join lateral (
        select sellable
        from locations
        where tenant_id = %(tenant)s and id = s.location_id
        limit 1
    ) as l
    where s.tenant_id = %(tenant)s and s.item_id = chosen.item_id {counts}
    having count(*) > 0
) as total
where i.tenant_id = %(tenant)s
"""

PAGE = """
order by chosen.item_id
limit %(limit)s
"""
