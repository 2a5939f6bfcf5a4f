"""A shop's catalogue as its programs use it: filled by many hands at once, scanned, moved in cases, followed and summed up."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from twh import errors

EAN, CASE = "4006381333931", "14006381333938"


def wares(begin, count):
    return [
        {"sku": f"SKU-{number}", "name": f"Ware {number}", "tags": ["new"]} for number in range(begin, begin + count)
    ]


async def test_two_servers_fill_one_shop_and_nothing_is_made_twice(shelf):
    came = await asyncio.gather(*(shelf.client.items.upsert_many(wares(0, 600), batch_size=100) for _ in range(4)))

    assert (sum(one.created for one in came), sum(one.refused for one in came)) == (600, 0)
    assert sum(one.unchanged for one in came) == 3 * 600
    assert len(await shelf.client.items.list(tag="new", page_size=200).to_list()) == 600


async def test_one_barcode_is_given_to_one_item_by_many_at_once(shelf):
    async def take(number):
        return await shelf.client.items.put(f"SKU-{number}", name="N", barcodes=[EAN if number % 2 else "0" + EAN])

    outcomes = await asyncio.gather(*map(take, range(20)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, errors.BarcodeTaken)]

    assert (len(outcomes), len(refused)) == (20, 19)


async def test_a_case_is_scanned_received_and_sold_by_the_piece(shelf):
    client = shelf.client
    await client.locations.create(code="MAIN", name="Main")
    await client.locations.create(code="SHELF", name="Shelf", kind="bin", parent="MAIN")
    await client.items.create(sku="PEN", name="Pen", packs=[{"name": "case", "quantity": 24, "barcode": CASE}])
    (item,) = await client.items.list(barcode=CASE).to_list()
    pack = next(pack for pack in item.packs if pack.barcode == CASE)
    await client.movements.receive(item=item, location="SHELF", quantity=2, pack=pack.name)
    await client.movements.issue(item=item, location="SHELF", quantity=5)
    (total,) = await client.stock.totals(location="MAIN").to_list()

    assert (total.on_hand, total.sellable, total.locations) == (Decimal(43), Decimal(43), 1)
    with pytest.raises(errors.PackNotFound):
        await client.movements.issue(item=item, location="SHELF", quantity=1, pack="pallet")


async def test_whoever_follows_the_changes_has_the_whole_catalogue_in_the_end(shelf):
    """A copy that only ever asks what changed since, while two servers go on changing."""
    copy, since = {}, datetime(2000, 1, 1, tzinfo=UTC)

    async def look():
        nonlocal since
        async for item in shelf.client.items.list(changed_since=since, page_size=7):
            copy[item.sku] = (item.version, item.name, item.archived_at is None)
            since = max(since, item.updated_at)

    async def change(number):
        sku = f"SKU-{number % 40}"
        await shelf.client.items.put(sku, name=f"Ware {number}")
        if number % 10 == 9:
            await shelf.client.items.archive(sku)
            await shelf.client.items.restore(sku)

    for begin in range(0, 200, 40):
        await asyncio.gather(look(), *(change(number) for number in range(begin, begin + 40)))
    await look()
    items = await shelf.client.items.list(archived="any", page_size=200).to_list()

    assert copy == {item.sku: (item.version, item.name, item.archived_at is None) for item in items}
