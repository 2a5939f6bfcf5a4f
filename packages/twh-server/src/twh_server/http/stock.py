"""`/v1/stock`: what is where now."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import PageQuery, Query, Ref, Time
from twh_server.journal.commands import Answer
from twh_server.ledger import stock, totals
from twh_server.ledger.entries import Level
from twh_server.ledger.stock import StockFilter
from twh_server.ledger.totals import ItemTotal, TotalFilter


class StockQuery(PageQuery):
    """Which levels."""

    item: Ref | None = Field(None, description="The item's id or SKU.")
    location: Ref | None = Field(None, description="The location's id or code.")
    within: bool = Field(default=False, description="With `location`: also what lies within it, at whatever depth.")
    below_reorder_point: bool = Field(
        default=False, description="Only where the available stock is at the item's reorder point or below."
    )
    changed_since: Time | None = Field(None, description="Only levels that changed at this time or later.")


class TotalQuery(PageQuery):
    """Which totals."""

    item: Ref | None = Field(None, description="The item's id or SKU.")
    location: Ref | None = Field(
        None, description="The location's id or code: it and what lies within it are summed up, and nothing else."
    )
    below_reorder_point: bool = Field(
        default=False, description="Only items of which, in total, is available their reorder point or less."
    )


class TotalList(msgspec.Struct, frozen=True):
    """A page of totals."""

    data: list[ItemTotal]
    next_cursor: str | None


class LevelList(msgspec.Struct, frozen=True):
    """A page of stock levels."""

    data: list[Level]
    next_cursor: str | None


@operation(
    id="stock.list",
    method="GET",
    path="/v1/stock",
    scope="stock:read",
    query=StockQuery,
    answers={200: LevelList},
)
async def list_(call: Call[Any, StockQuery]) -> Answer:
    """List stock levels."""
    query = call.query
    wanted = StockFilter(
        item=query.item,
        location=query.location,
        within=query.within,
        below_reorder_point=query.below_reorder_point,
        changed_since=query.changed_since,
    )
    after = key_of(query.cursor, tuple[UUID, UUID, str])
    found = await stock.list_levels(call.rooms.database, call.tenant, wanted, after=after, limit=query.limit + 1)
    page, cursor = paged(found, query.limit, lambda row: row[1])
    return shown(LevelList([level for level, _ in page], cursor))


@operation(
    id="stock.totals",
    method="GET",
    path="/v1/stock/totals",
    scope="stock:read",
    query=TotalQuery,
    answers={200: TotalList},
)
async def list_totals(call: Call[Any, TotalQuery]) -> Answer:
    """List what there is of each item in total: over all locations, or over one and what lies within it.

    An item is told when anything of it ever moved there.
    """
    query = call.query
    wanted = TotalFilter(item=query.item, location=query.location, below_reorder_point=query.below_reorder_point)
    after = key_of(query.cursor, UUID)
    found = await totals.list_totals(call.rooms.database, call.tenant, wanted, after=after, limit=query.limit + 1)
    page, cursor = paged(found, query.limit, lambda row: row[1])
    return shown(TotalList([total for total, _ in page], cursor))


@operation(
    id="stock.get",
    method="GET",
    path="/v1/stock/{item}/{location}",
    scope="stock:read",
    answers={200: Level},
    conditional=True,
    refusals=(ItemNotFound, LocationNotFound),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read the stock of an item at a location; zero when nothing ever moved there."""
    level = await stock.get_level(call.rooms.database, call.tenant, call.path["item"], call.path["location"])
    return shown(level, tag=level.etag)
