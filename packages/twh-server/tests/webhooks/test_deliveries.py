"""Deliveries can be read: newest events first, by endpoint, event and state, page by page."""

import pytest

from twh_server.webhooks.deliveries import DeliveryFilter, get_delivery, list_attempts, list_deliveries
from twh_server.webhooks.refusals import DeliveryNotFound


async def test_deliveries_are_listed_newest_first_page_by_page(webhooks, receiver, database, shop):
    await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A", "B", "C")
    await webhooks.fan_out()

    pages, after = [], None
    while page := await list_deliveries(database, shop.tenant, DeliveryFilter(), after=after, limit=4):
        pages.append([delivery for delivery, _ in page])
        after = page[-1][1]

    assert [len(page) for page in pages] == [4, 2]
    assert [delivery.sequence for page in pages for delivery in page] == [5, 5, 4, 4, 3, 3]
    assert len({delivery.id for page in pages for delivery in page}) == 6


async def test_deliveries_are_found_by_endpoint_event_and_state(webhooks, receiver):
    good = await webhooks.create(receiver.url, kinds=["location.created"])
    bad = await webhooks.create("http://127.0.0.1:9/", kinds=["location.created"])
    await webhooks.happen("A", "B")
    await webhooks.fan_out()
    await webhooks.attempt_all()

    event = (await webhooks.deliveries())[0].event
    assert {delivery.endpoint for delivery in await webhooks.deliveries(event=event)} == {good.id, bad.id}
    assert {delivery.endpoint for delivery in await webhooks.deliveries(state="delivered")} == {good.id}
    assert len(await webhooks.deliveries(endpoint=bad.id, state="pending", event=event)) == 1
    assert await webhooks.deliveries(endpoint="nonsense") == []
    assert await webhooks.deliveries(event="nonsense") == []


async def test_another_tenants_delivery_is_not_found(webhooks, receiver, database, shop, other_shop):
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()
    (delivery,) = await webhooks.deliveries()

    assert await get_delivery(database, shop.tenant, delivery.id) == delivery
    assert await list_attempts(database, shop.tenant, delivery.id) == []
    for read in (get_delivery, list_attempts):
        with pytest.raises(DeliveryNotFound):
            await read(database, other_shop.tenant, delivery.id)
        with pytest.raises(DeliveryNotFound):
            await read(database, shop.tenant, "nonsense")
