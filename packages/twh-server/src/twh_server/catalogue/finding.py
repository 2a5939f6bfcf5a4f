"""Finding items: by barcode, by the beginning of a SKU, by words, tags and attributes, by the time of their change.

What is looked for is made into searches, each of which an index answers. One of them leads to the items, the others are
held against each id that it leads to, before its item is read. When few items have what is looked for, they are gathered
and put in order; when many have, the order is walked instead until the page is full. Nothing is left to the planner:
it knows nothing of a table that is new, and too little of the words of one tenant among many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from twh_server.catalogue import barcodes, items, terms
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.listing import Archived
from twh_server.catalogue.terms import Range
from twh_server.database.engine import Database
from twh_server.database.identifiers import FIRST, TenantId
from twh_server.database.select import Select, named

FEW = 500
"""Fewer items than this are gathered and sorted for one page."""

Place = UUID | tuple[str] | tuple[datetime, UUID]
"""Where a page ends: an id, a SKU, or a time of change with an id, as the order is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemFilter:
    """Which items are wanted; each condition narrows down the others."""

    sku_prefix: str | None = None
    barcode: str | None = None
    search: str | None = None
    tag: str | None = None
    attribute: tuple[str, str] | None = None
    changed_since: datetime | None = None
    archived: Archived = "false"

    def ranges(self) -> list[Range] | None:
        """The terms that an item has to have; None when nothing can have them."""
        words = terms.named(self.search) if self.search is not None else []
        if words is None:
            return None
        tags = [terms.tagged(self.tag)] if self.tag is not None else []
        pairs = [terms.with_attribute(*self.attribute)] if self.attribute is not None else []
        return [*words, *tags, *pairs]

    @property
    def order(self) -> "Order":
        """In which order they are told."""
        if self.changed_since is not None:
            return BY_CHANGE
        return BY_ID if self.sku_prefix is None else BY_SKU


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order that an index has: how to sort by it, how to go on behind a place, and which place an item has."""

    by: str
    behind: str
    shape: Any
    place: Callable[[ItemRow], Place]


def _id(item: ItemRow) -> Place:
    return item.id


def _sku(item: ItemRow) -> Place:
    return (item.sku,)


def _change(item: ItemRow) -> Place:
    return item.updated_at, item.id


BY_ID = Order(by="i.id", behind="i.id > %(after)s::uuid", shape=UUID, place=_id)
BY_ID_OF_TERM = Order(by="found.item_id", behind="found.item_id > %(after)s::uuid", shape=UUID, place=_id)
BY_SKU = Order(by='i.sku collate "C"', behind='i.sku collate "C" > %(after)s::text', shape=tuple[str], place=_sku)
BY_CHANGE = Order(
    by="i.updated_at, i.id",
    behind="(i.updated_at, i.id) > (%(after)s::timestamptz, %(after_id)s::uuid)",
    shape=tuple[datetime, UUID],
    place=_change,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """What leads to the items, in which order, and the terms that are still to be held against each."""

    select: Select
    order: Order
    others: Sequence[Range] = ()
    id: str = "found.item_id"
    """The id of an item, by what is read of it first."""


async def list_items(
    database: Database, tenant: TenantId, wanted: ItemFilter, *, after: Place | None, limit: int
) -> Sequence[ItemRow]:
    """A page of items behind the place `after`, in the order that the filter has."""
    ranges = wanted.ranges()
    if ranges is None:
        return []
    if wanted.barcode is not None:
        lead = Lead(select=_of_barcode(wanted.barcode, tenant), order=wanted.order, others=ranges)
    else:
        lead = await _led(database, tenant, wanted.order, ranges)
    select = lead.select
    for number, one in enumerate(lead.others):
        bounds = {f"low{number}": one.low, f"high{number}": one.high}
        select.where(HAS_TERM.format(id=lead.id, number=number), **bounds)
    _narrow(select, wanted)
    if after is None and wanted.order is BY_ID:
        after = FIRST
    if after is not None:
        parts = after if isinstance(after, tuple) else (after,)
        select.where(lead.order.behind, **dict(zip(("after", "after_id"), parts, strict=False)))
    elif wanted.changed_since is not None:  # a place is later than that: beside it, this would only mislead the index
        select.where("i.updated_at >= %(changed_since)s", changed_since=wanted.changed_since)
    rows = await select.rows(database, f"order by {lead.order.by}\nlimit %(limit)s", limit=limit)
    return [items.item_of(row) for row in rows]


async def _led(database: Database, tenant: TenantId, order: Order, ranges: Sequence[Range]) -> Lead:
    """The rarest term gathers the items; where even that is common, the order is walked."""
    if not ranges:
        return Lead(select=Select(WALKED, tenant), order=order, id="i.id")
    by_id = BY_ID_OF_TERM if order is BY_ID else order
    if len(ranges) > 1 or not ranges[0].exact or order is not BY_ID:
        ranges, fewest, rarest = await _counted(database, tenant, ranges)
        if fewest < FEW:
            select = Select(GATHERED_BY_TERM, tenant).knowing(low=ranges[rarest].low, high=ranges[rarest].high)
            return Lead(select=select, order=by_id, others=[*ranges[:rarest], *ranges[rarest + 1 :]])
    exact = next((one for one in ranges if one.exact), None)
    if exact is None or order is not BY_ID:
        return Lead(select=Select(WALKED, tenant), order=order, others=ranges, id="i.id")
    select = Select(WALKED_BY_TERM, tenant).knowing(term=exact.low)
    return Lead(select=select, order=by_id, others=[one for one in ranges if one is not exact])


async def _counted(database: Database, tenant: TenantId, ranges: Sequence[Range]) -> tuple[list[Range], int, int]:
    """The ranges, how many items the rarest of them finds (at most FEW), and which it is.

    A beginning that only one term has is that term.
    """
    bounds = {"lows": [one.low for one in ranges], "highs": [one.high for one in ranges]}
    counted = await database.read(tenant, COUNT_TERMS, {"tenant": tenant, "few": FEW, **bounds})
    narrowed = list(ranges)
    for number, _, first, last in counted:
        if first is not None and first == last:
            narrowed[number] = Range(low=first, high=last)
    fewest, rarest = min((count, number) for number, count, *_ in counted)
    return narrowed, fewest, rarest


def _of_barcode(barcode: str, tenant: TenantId) -> Select:
    number = barcodes.gtin(barcode)
    return Select(GATHERED_BY_BARCODE, tenant).knowing(gtin=number, barcode=None if number else barcode)


def _narrow(select: Select, wanted: ItemFilter) -> None:
    conditions = {"true": "i.archived_at is not null", "false": "i.archived_at is null", "any": "true"}
    select.where(conditions[wanted.archived])
    if wanted.sku_prefix is not None:
        # Not `like`, which may use no index under row security; a text and its end are two comparisons, which may.
        skus = terms.beginning(wanted.sku_prefix)
        select.where('i.sku collate "C" between %(sku_low)s and %(sku_high)s', sku_low=skus.low, sku_high=skus.high)


WALKED = f"""
select {named("i", items.COLUMNS)}
from items as i
where i.tenant_id = %(tenant)s
"""

WALKED_BY_TERM = f"""
select {named("i", items.COLUMNS)}
from item_terms as found
cross join lateral (
    select *
    from items
    where tenant_id = %(tenant)s and id = found.item_id
    limit 1
) as i
where found.tenant_id = %(tenant)s and found.term = %(term)s
"""


def _gathered(found: str) -> str:
    return f"""
select {named("i", items.COLUMNS)}
from (
{found}
) as found
cross join lateral (
    select *
    from items
    where tenant_id = %(tenant)s and id = found.item_id
    limit 1
) as i
where i.tenant_id = %(tenant)s
"""


GATHERED_BY_TERM = _gathered("""\
    select distinct item_id
    from item_terms
    where tenant_id = %(tenant)s and term between %(low)s and %(high)s""")

GATHERED_BY_BARCODE = _gathered("""\
    select item_id
    from item_barcodes
    where tenant_id = %(tenant)s and gtin = %(gtin)s
    union
    select item_id
    from item_barcodes
    where tenant_id = %(tenant)s and barcode = %(barcode)s""")

# `offset 0` keeps it a look-up for each item: as a join, it could become a walk through all that have the term.
HAS_TERM = """exists (
    select
    from item_terms as t
    where t.tenant_id = %(tenant)s and t.item_id = {id} and t.term between %(low{number})s and %(high{number})s
    offset 0
)"""

# In the order of the index, so that it stops at so many; unordered, a bitmap of all that have the term might come first.
COUNT_TERMS = """
select (wanted.number - 1)::integer, counted.items::integer, first.term, last.term
from unnest(%(lows)s::text[], %(highs)s::text[]) with ordinality as wanted (low, high, number)
cross join lateral (
    select count(*) as items
    from (
        select
        from item_terms
        where tenant_id = %(tenant)s and term between wanted.low and wanted.high
        order by term, item_id
        limit %(few)s
    ) as found
) as counted
left join lateral (
    select term
    from item_terms
    where tenant_id = %(tenant)s and term between wanted.low and wanted.high
    order by term
    limit 1
) as first on true
left join lateral (
    select term
    from item_terms
    where tenant_id = %(tenant)s and term between wanted.low and wanted.high
    order by term desc
    limit 1
) as last on true
"""
