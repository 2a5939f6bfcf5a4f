"""Totals: every item once, over all locations or over one and what lies within it."""

from decimal import Decimal

import pytest

from twh_server.catalogue.item_commands import UpdateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.ledger import stock, totals
from twh_server.ledger.lines import Line
from twh_server.ledger.stock import StockFilter
from twh_server.ledger.totals import TotalFilter


@pytest.fixture
async def filled(stockroom):
    """MAIN with an aisle, its bin, and goods that are being checked; and a store beside it."""
    for code, parent, kind in (("AISLE", "MAIN", "bin"), ("BIN", "AISLE", "bin"), ("CHECK", "MAIN", "quarantine")):
        await stockroom.do(CreateLocation(code=code, name=code, parent=parent, kind=kind))
    for item, quantity, at in (
        *(("apples", 5, "MAIN"), ("apples", 3, "BIN"), ("apples", 2, "CHECK"), ("apples", 7, "STORE")),
        *(("flour", "0.5", "STORE"), ("flour", "1.25", "BIN")),
    ):
        await stockroom.receive(item, quantity, at)
    return stockroom


@pytest.fixture
def told(filled, database, shop):
    async def told(**wanted):
        """(SKU, on hand, sellable, locations) of every item, read page after page of one."""
        rows, after = [], None
        while page := await totals.list_totals(database, shop.tenant, TotalFilter(**wanted), after=after, limit=1):
            total, after = page[0]
            rows.append((total.item.sku, total.on_hand, total.sellable, total.locations))
            assert total.available == str(Decimal(total.on_hand) - Decimal(total.reserved))
        return rows

    return told


async def test_every_item_is_summed_up_over_all_locations(told):
    assert await told() == [("apples", "17", "15", 4), ("flour", "1.75", "1.75", 2)]


async def test_a_location_is_summed_up_with_what_lies_within_it(told):
    assert await told(location="MAIN") == [("apples", "10", "8", 3), ("flour", "1.25", "1.25", 1)]
    assert await told(location="AISLE") == [("apples", "3", "3", 1), ("flour", "1.25", "1.25", 1)]
    assert await told(location="CHECK") == [("apples", "2", "0", 1)]
    assert await told(location="NOWHERE") == []


async def test_one_item_is_summed_up(told):
    assert await told(item="flour") == [("flour", "1.75", "1.75", 2)]
    assert await told(item="apples", location="STORE") == [("apples", "7", "7", 1)]
    assert await told(item="unheard-of") == await told(item="flour", location="CHECK") == []


async def test_what_has_gone_counts_as_no_location(told, filled):
    await filled.issue("apples", 7, at="STORE")

    assert await told(item="apples") == [("apples", "10", "8", 3)]
    assert await told(location="STORE") == [("apples", "0", "0", 0), ("flour", "0.5", "0.5", 1)]


@pytest.mark.parametrize(
    ("point", "everywhere", "in_main"), [("9", [], []), ("10", [], ["apples"]), ("17", ["apples"], ["apples"])]
)
async def test_what_is_low_in_total_is_found(told, filled, point, everywhere, in_main):
    await filled.do(UpdateItem(item="apples", changes={"reorder_point": point}))

    assert [row[0] for row in await told(below_reorder_point=True)] == everywhere
    assert [row[0] for row in await told(below_reorder_point=True, location="MAIN")] == in_main


async def test_totals_are_the_sums_of_the_levels(told, filled, database, shop):
    levels = await stock.list_levels(database, shop.tenant, StockFilter(), after=None, limit=100)
    sums = {}
    for level, _ in levels:
        sums[level.item.sku] = sums.get(level.item.sku, Decimal(0)) + Decimal(level.on_hand)

    assert {sku: Decimal(on_hand) for sku, on_hand, *_ in await told()} == sums


async def test_levels_within_a_location_come_once_and_in_order(filled, database, shop):
    async def told(**more):
        rows, after = [], None
        wanted = StockFilter(location="MAIN", within=True, **more)
        while page := await stock.list_levels(database, shop.tenant, wanted, after=after, limit=1):
            level, after = page[0]
            rows.append((level.item.sku, level.location.code, level.on_hand))
        return rows

    await filled.do(UpdateItem(item="apples", changes={"reorder_point": "3"}))
    assert await told() == [
        *(("apples", "MAIN", "5"), ("apples", "BIN", "3"), ("apples", "CHECK", "2"), ("flour", "BIN", "1.25"))
    ]
    assert await told(item="flour") == [("flour", "BIN", "1.25")]
    assert await told(below_reorder_point=True) == [("apples", "BIN", "3"), ("apples", "CHECK", "2")]
    entry = await filled.record("receipt", Line(item="flour", quantity="1", location="BIN"))
    assert await told(changed_since=entry.recorded_at) == [("flour", "BIN", "2.25")]
