"""Movements, entries and stock, used."""

from operation_uses import Desk, uses
from twh.errors import InsufficientStock


@uses("movements.record")
async def record(desk: Desk):
    await desk.shelf(on_hand="5")

    entry = await desk.client.movements.issue(item="APPLES", location="MAIN", quantity="2", reference="SO-1")

    assert [(str(one.quantity), str(one.on_hand_after)) for one in entry.movements] == [("-2", "3")]
    assert str((await desk.client.stock.get("APPLES", at="MAIN")).on_hand) == "3"


@uses("movements.batch")
async def record_many(desk: Desk):
    await desk.shelf(on_hand="5")
    line = {"item": "APPLES", "location": "MAIN"}

    answer = await desk.client.movements.batch(
        [
            {"kind": "issue", "lines": [{**line, "quantity": 2}], "idempotency_key": "so-1"},
            {"kind": "issue", "lines": [{**line, "quantity": 9}]},
            {"kind": "count", "lines": [{**line, "quantity": 3}]},
        ]
    )

    sold, refused, counted = answer.results
    assert sold.entry
    assert (await desk.client.entries.get(sold.entry.id)) == sold.entry
    assert isinstance(refused.error, InsufficientStock)
    assert (refused.error.available, counted.status) == (3, 204)
    again = await desk.client.movements.issue(**line, quantity=2, options={"idempotency_key": "so-1"})
    assert again == sold.entry


@uses("movements.list")
async def list_movements(desk: Desk):
    await desk.shelf(on_hand="5")
    await desk.client.movements.adjust(item="APPLES", location="MAIN", quantity="-1", reason="damaged")

    found = await desk.client.movements.list(item="APPLES", order="asc", page_size=1).to_list()

    assert [(one.kind, str(one.on_hand_after)) for one in found] == [("receipt", "5"), ("adjustment", "4")]


@uses("movements.get")
async def get_movement(desk: Desk):
    entry = await desk.shelf()

    movement = await desk.client.movements.get(entry.movements[0].id)

    assert (movement.entry, movement.quantity) == (entry.id, entry.movements[0].quantity)


@uses("entries.list")
async def list_entries(desk: Desk):
    entry = await desk.shelf()

    assert [one.id for one in await desk.client.entries.list(kind="receipt").to_list()] == [entry.id]


@uses("entries.get")
async def get_entry(desk: Desk):
    entry = await desk.shelf()

    assert await desk.client.entries.get(entry.id) == entry


@uses("entries.reverse")
async def reverse(desk: Desk):
    entry = await desk.shelf(on_hand="5")

    mirrored = await desk.client.entries.reverse(entry.id, reason="wrong bin")

    assert (mirrored.reverses, str(mirrored.movements[0].quantity)) == (entry.id, "-5")
    assert (await desk.client.entries.get(entry.id)).reversed_by == mirrored.id


@uses("stock.list")
async def list_stock(desk: Desk):
    await desk.shelf("APPLES", "5")
    await desk.shelf("PEARS", "2")

    found = await desk.client.stock.list(location="MAIN", page_size=1).to_list()

    assert {level.item.sku: str(level.on_hand) for level in found} == {"APPLES": "5", "PEARS": "2"}


@uses("stock.totals")
async def list_totals(desk: Desk):
    await desk.shelf("APPLES", "5")
    await desk.client.locations.create(code="SHOP", name="Shop", kind="store")
    await desk.client.movements.receive(item="APPLES", location="SHOP", quantity="2")

    (total,) = await desk.client.stock.totals().to_list()

    assert (total.item.sku, str(total.on_hand), str(total.sellable), total.locations) == ("APPLES", "7", "7", 2)


@uses("stock.get")
async def get_stock(desk: Desk):
    await desk.shelf(on_hand="5")

    level = await desk.client.stock.get("APPLES", at="MAIN")

    assert (str(level.on_hand), str(level.available), level.version) == ("5", "5", 1)
