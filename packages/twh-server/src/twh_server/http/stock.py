"""`/v1/stock`: what is where, now or at a time."""

from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.refusals import InvalidParameter
from twh_server.http.shapes import PageQuery, Query, Ref, Time
from twh_server.journal.commands import Answer
from twh_server.ledger import stock, totals
from twh_server.ledger.as_of import Clock, Then
from twh_server.ledger.entries import Level
from twh_server.ledger.stock import StockFilter
from twh_server.ledger.totals import ItemTotal, TotalFilter
from twh_server.refusals import Problem

AS_OF = "As it was at this time; now, when left out."
CLOCK = (
    "With `as_of`: as it had been `recorded` then, which never changes again (the default), or as it had `occurred` then,"
    " as far as is known today: what was recorded later and happened before is in it."
)


class LevelQuery(Query):
    """When."""

    as_of: Time | None = Field(None, description=AS_OF)
    clock: Clock | None = Field(None, description=CLOCK)


class StockQuery(PageQuery):
    """Which levels, and when."""

    item: Ref | None = Field(None, description="The item's id or SKU.")
    location: Ref | None = Field(None, description="The location's id or code.")
    within: bool = Field(default=False, description="With `location`: also what lies within it, at whatever depth.")
    below_reorder_point: bool = Field(
        default=False, description="Only where the available stock is at the item's reorder point or below."
    )
    changed_since: Time | None = Field(None, description="Only levels that changed at this time or later.")
    as_of: Time | None = Field(None, description=AS_OF)
    clock: Clock | None = Field(None, description=CLOCK)


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
    """List stock levels, as they are or as they were.

    With `as_of`, what nothing had moved then is left out, and the reorder point is today's.
    """
    query = call.query
    then = _then(query)
    if then and query.changed_since:
        problem = Problem(pointer="changed_since", code="not_with_as_of", message="It is about now, and as_of is not.")
        raise InvalidParameter([problem])
    wanted = StockFilter(
        item=query.item,
        location=query.location,
        within=query.within,
        below_reorder_point=query.below_reorder_point,
        changed_since=query.changed_since,
        then=then,
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
    query=LevelQuery,
    answers={200: Level},
    conditional=True,
    refusals=(ItemNotFound, LocationNotFound),
)
async def get(call: Call[Any, LevelQuery]) -> Answer:
    """Read the stock of an item at a location, as it is or as it was; zero when nothing had moved there.

    By `recorded`, version and entity tag are those of then. By `occurred`, they are today's: the answer is what this
    version of the level knows of then. What is promised has one clock only, that of its recording.
    """
    item, location = call.path["item"], call.path["location"]
    level = await stock.get_level(call.rooms.database, call.tenant, item, location, _then(call.query))
    return shown(level, tag=level.etag)


def _then(query: StockQuery | LevelQuery) -> Then | None:
    if query.as_of is None and query.clock is not None:
        problem = Problem(pointer="clock", code="without_as_of", message="It says by which clock as_of is meant.")
        raise InvalidParameter([problem])
    return Then(query.as_of, query.clock or "recorded") if query.as_of else None
