"""An item's movements are read level by level, and told in one order."""

import pytest

from twh_server.database.identifiers import MOVEMENT
from twh_server.ledger import history
from twh_server.ledger.history import HistoryFilter


@pytest.fixture
async def moved(stockroom):
    """Apples came in here and there by turns, 1 to 8; flour lies between."""
    for quantity in range(1, 9):
        await stockroom.receive("apples", quantity, at="MAIN" if quantity % 2 else "STORE")
        await stockroom.receive("flour", quantity)
    await stockroom.issue("apples", 3, at="STORE")
    return stockroom


@pytest.fixture
def told(moved):
    """The quantities of a page of the apples' movements."""

    async def told(*, after=None, limit=100, item="apples", **wanted):
        database, tenant = moved.database, moved.shop.tenant
        found = await history.list_movements(
            database, tenant, HistoryFilter(item=item, **wanted), after=after, limit=limit
        )
        return [row.quantity for row in found], MOVEMENT.parse(found[-1].id) if found else None

    return told


@pytest.mark.parametrize("newest_first", [True, False])
async def test_movements_of_an_item_are_in_one_order_wherever_they_were(told, newest_first):
    order = ["1", "2", "3", "4", "5", "6", "7", "8", "-3"]

    quantities, _ = await told(newest_first=newest_first)

    assert quantities == (order[::-1] if newest_first else order)


async def test_pages_follow_each_other(told):
    first, last = await told(limit=4)
    second, last = await told(limit=4, after=last)
    third, _ = await told(limit=4, after=last)

    assert [first, second, third] == [["-3", "8", "7", "6"], ["5", "4", "3", "2"], ["1"]]


async def test_conditions_hold_before_a_page_is_full(told):
    assert (await told(limit=2, kind="receipt", location="STORE"))[0] == ["8", "6"]


async def test_an_item_is_told_by_its_id_too(told, moved):
    level = await moved.level("apples")

    assert (await told(item=level.item.id, limit=1))[0] == ["-3"]


async def test_nothing_is_told_of_what_is_not_there(told):
    assert await told(item="pears") == ([], None)
