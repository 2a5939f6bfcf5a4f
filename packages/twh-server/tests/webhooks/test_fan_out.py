"""Each event becomes one delivery for each endpoint that wants it, once, whatever happens to the endpoint meanwhile."""

import time
from datetime import timedelta

from twh_server.catalogue.item_commands import CreateItem, UpdateItem
from twh_server.database.identifiers import ENDPOINT
from twh_server.events.follow import Run
from twh_server.webhooks.fan_out import fan_out


async def test_an_endpoint_is_sent_the_kinds_that_it_names(webhooks, receiver):
    choosy = await webhooks.create(receiver.url, kinds=["endpoint.created"])
    curious = await webhooks.create(receiver.url)
    await webhooks.happen("A")

    await webhooks.fan_out()

    assert [delivery.event_type for delivery in await webhooks.deliveries(endpoint=choosy.id)] == ["endpoint.created"]
    assert [delivery.event_type for delivery in await webhooks.deliveries(endpoint=curious.id)] == ["location.created"]


async def test_an_endpoint_is_sent_what_concerns_its_items_and_locations(webhooks, receiver, shop):
    await webhooks.submit(CreateItem(sku="tea", name="Tea", attributes={"vegan": True}))
    await webhooks.submit(CreateItem(sku="jam", name="Jam"))
    await webhooks.happen("MAIN", "STORE")
    of_tea = await webhooks.create(receiver.url, items=["tea"])
    of_store = await webhooks.create(receiver.url, locations=["STORE"], kinds=["entry.*", "stock.low"])
    of_vegans = await webhooks.create(receiver.url, attributes={"vegan": True})
    await webhooks.submit(UpdateItem(item="tea", changes={"name": "Green tea"}))
    await webhooks.receive("jam", "MAIN")
    await webhooks.receive("tea", "STORE")
    await webhooks.submit(UpdateItem(item="jam", changes={"name": "Plum jam"}))

    await webhooks.fan_out()

    async def told(endpoint):
        return [delivery.sequence for delivery in reversed(await webhooks.deliveries(endpoint=endpoint.id))]

    assert await told(of_tea) == [8, 10]
    assert await told(of_store) == [10]
    assert await told(of_vegans) == [8, 10]


async def test_attributes_are_those_that_the_item_has_when_it_is_told(webhooks, receiver):
    await webhooks.submit(CreateItem(sku="tea", name="Tea"))
    await webhooks.happen("MAIN")
    vegan = await webhooks.create(receiver.url, attributes={"vegan": True})
    await webhooks.receive("tea", "MAIN")
    await webhooks.submit(UpdateItem(item="tea", changes={"attributes": {"vegan": True}}))

    await webhooks.fan_out()

    assert [one.event_type for one in await webhooks.deliveries(endpoint=vegan.id)] == [
        "item.updated",
        "entry.recorded",
    ]


async def test_what_is_filtered_is_written_once_and_is_due(webhooks, receiver, database, shop):
    await webhooks.submit(CreateItem(sku="tea", name="Tea"))
    endpoint = await webhooks.create(receiver.url, items=["tea"])
    await webhooks.submit(UpdateItem(item="tea", changes={"name": "Green tea"}))
    await webhooks.fan_out()
    async with database.workers.connection() as connection, connection.transaction():
        await fan_out(connection, Run(tenant=shop.tenant, first=1, last=3))

    await webhooks.attempt_all()

    assert [one.state for one in await webhooks.deliveries(endpoint=endpoint.id)] == ["delivered"]
    assert len(receiver.requests) == 1


async def test_a_delivery_knows_what_its_order_is_kept_within(webhooks, receiver, database, shop):
    item = await webhooks.submit(CreateItem(sku="tea", name="Tea"))
    loose = await webhooks.create(receiver.url, kinds=["item.updated"])
    by_item = await webhooks.create(receiver.url, ordering="item", kinds=["item.updated"])
    whole = await webhooks.create(receiver.url, ordering="endpoint", kinds=["item.updated"])
    await webhooks.submit(UpdateItem(item="tea", changes={"name": "Green tea"}))

    await webhooks.fan_out()

    sql = "select endpoint_id, lanes from deliveries where tenant_id = %(tenant)s"
    lanes = dict(await database.read(shop.tenant, sql, {"tenant": shop.tenant}))
    ids = [ENDPOINT.parse(one.id) for one in (loose, by_item, whole)]
    assert [lanes[one] for one in ids] == [[], [item.id], [ids[2]]]


async def test_an_endpoint_is_sent_nothing_from_before_it_was_created(webhooks, receiver):
    await webhooks.happen("A", "B")
    endpoint = await webhooks.create(receiver.url)
    await webhooks.happen("C")

    await webhooks.fan_out()

    assert [delivery.sequence for delivery in await webhooks.deliveries(endpoint=endpoint.id)] == [4]


async def test_a_run_that_is_fanned_out_again_changes_nothing(webhooks, receiver, database, shop):
    await webhooks.create(receiver.url)
    await webhooks.happen("A", "B")
    await webhooks.fan_out()
    before = await webhooks.deliveries()

    async with database.workers.connection() as connection, connection.transaction():
        await fan_out(connection, Run(tenant=shop.tenant, first=1, last=3))

    assert await webhooks.deliveries() == before
    assert len(before) == 2


async def test_a_paused_endpoint_holds_its_deliveries_and_sends_them_on_resume(webhooks, receiver):
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.update(endpoint, enabled=False)
    await webhooks.happen("B")
    await webhooks.fan_out()

    async with webhooks.delivering() as courier:
        await webhooks.settled(courier)
    held = [delivery.state for delivery in await webhooks.deliveries()]
    await webhooks.update(endpoint, enabled=True)
    await webhooks.fan_out()
    await webhooks.attempt_all()

    assert held == ["pending", "pending"]
    assert [delivery.state for delivery in await webhooks.deliveries()] == ["delivered", "delivered"]
    assert len(receiver.requests) == 2


async def test_a_retry_of_an_endpoint_that_was_paused_and_resumed_keeps_its_time(webhooks, receiver):
    receiver.answer = receiver.say(500)
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    await webhooks.update(endpoint, enabled=False)
    await webhooks.update(endpoint, enabled=True)
    await webhooks.fan_out()

    await webhooks.attempt_all()
    too_early = len(receiver.requests)
    webhooks.ahead = timedelta(seconds=6)
    await webhooks.attempt_all()

    assert too_early == 1
    assert len(receiver.requests) == 2


async def test_what_was_pending_for_a_deleted_endpoint_has_failed_and_nothing_new_comes(webhooks, receiver):
    endpoint = await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.delete(endpoint)
    await webhooks.happen("B")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    deliveries = await webhooks.deliveries(endpoint=endpoint.id)
    assert [(delivery.sequence, delivery.state) for delivery in deliveries] == [(2, "failed")]
    assert receiver.requests == []


async def test_another_tenants_events_go_nowhere(webhooks, receiver, database, writer, other_shop):
    await webhooks.create(receiver.url)
    stranger = type(webhooks)(database, writer, other_shop)
    await stranger.happen("A")

    await webhooks.fan_out()

    assert await webhooks.deliveries() == []
    assert await stranger.deliveries() == []


async def test_ten_thousand_deliveries_are_written_in_a_moment(webhooks, receiver, database, shop):
    for _ in range(50):
        await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen(*[f"L{number}" for number in range(200)])

    begun = time.perf_counter()
    await webhooks.fan_out()
    took = time.perf_counter() - begun

    rows = await database.read(
        shop.tenant, "select count(*) from deliveries where tenant_id = %(tenant)s", {"tenant": shop.tenant}
    )
    assert rows == [(10_000,)]
    assert took < 10  # it takes under a second; joined row by row with itself, it would take twenty
