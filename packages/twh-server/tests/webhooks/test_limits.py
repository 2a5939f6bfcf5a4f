"""What an endpoint allows holds, however many couriers there are; an order is kept; nobody waits for what others do."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from uuid import uuid4

from aiohttp import web

from twh_server.database.identifiers import ENDPOINT, EVENT
from twh_server.webhooks import claims, queues
from twh_server.webhooks.places import Places


class Slow:
    """A receiver's answer that takes a while, and how many it has had under way at once."""

    def __init__(self, seconds, status=204):
        self.seconds, self.status = seconds, status
        self.under_way = self.most = 0

    async def __call__(self, _request):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.seconds)
        self.under_way -= 1
        return web.Response(status=self.status)


async def proven(webhooks, receiver, **allowed):
    """An endpoint that has taken a delivery; it allows what is said."""
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("first")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    await webhooks.allow(endpoint, **allowed)
    receiver.requests.clear()
    return endpoint


async def happened(webhooks, count):
    await webhooks.happen(*[f"L-{uuid4()}" for _ in range(count)])
    await webhooks.fan_out()


async def test_no_more_are_under_way_than_an_endpoint_allows_over_all_couriers(webhooks, receiver):
    await proven(webhooks, receiver, concurrency=3)
    receiver.answer = slow = Slow(0.05)
    await happened(webhooks, 20)

    async with webhooks.delivering(couriers=3) as courier:
        await webhooks.settled(courier)
        await receiver.hear(20)

    assert slow.most == 3
    assert len(set(receiver.ids)) == len(receiver.ids) == 20


async def test_what_was_never_tried_is_tried_with_one_delivery_first(webhooks, receiver):
    await webhooks.create(receiver.url, kinds=["location.created"])
    receiver.answer = slow = Slow(0.1)
    await happened(webhooks, 10)

    async with webhooks.delivering(couriers=2):
        await receiver.hear(1)
        await asyncio.sleep(0.05)
        at_first = len(receiver.requests)
        await receiver.hear(10)

    assert at_first == 1
    assert slow.most > 1


async def test_no_more_are_sent_in_a_second_than_an_endpoint_allows_over_all_couriers(webhooks, receiver):
    await proven(webhooks, receiver, rate_per_second=20)
    await happened(webhooks, 60)

    begun = time.monotonic()
    async with webhooks.delivering(couriers=3):
        await receiver.hear(30)
        took = time.monotonic() - begun
    sent = len(receiver.requests)

    # A second's worth at once, and then one every twentieth of a second.
    assert took >= 0.4
    assert sent <= 20 + 20 * (time.monotonic() - begun) + 1


async def test_tokens_come_back_with_time(webhooks, receiver):
    endpoint = await proven(webhooks, receiver, rate_per_second=2)
    await happened(webhooks, 5)

    async with webhooks.delivering():
        await receiver.hear(2)
        webhooks.ahead = timedelta(seconds=10)
        await receiver.hear(4)
    tokens = await webhooks.queue(endpoint, "tokens")

    assert tokens < 1


async def in_lanes(webhooks, superuser, lanes):
    """Give the pending deliveries, in the order of sequences, these lanes; answers their events in that order."""
    pending = sorted(await webhooks.deliveries(state="pending"), key=lambda one: one.sequence)
    for delivery, its in zip(pending, lanes, strict=True):
        await superuser.execute(
            "update deliveries set lanes = %s where tenant_id = %s and sequence = %s",
            (list(its), webhooks.shop.tenant, delivery.sequence),
        )
    return [delivery.event for delivery in pending]


async def test_an_endpoint_that_wants_its_events_in_order_has_them_one_after_the_other(webhooks, receiver):
    await proven(webhooks, receiver, ordering="endpoint")
    receiver.answer = slow = Slow(0.005)
    await happened(webhooks, 20)

    async with webhooks.delivering(couriers=3):
        await receiver.hear(20)

    assert slow.most == 1
    assert [event["sequence"] for event in receiver.events] == sorted(event["sequence"] for event in receiver.events)


async def test_within_an_item_deliveries_come_in_order_and_beside_other_items(webhooks, receiver, superuser):
    await proven(webhooks, receiver, ordering="item")
    apples, pears = uuid4(), uuid4()
    await happened(webhooks, 20)
    events = await in_lanes(webhooks, superuser, [[apples], [pears]] * 10)
    receiver.answer = slow = Slow(0.01)

    async with webhooks.delivering(couriers=3):
        await receiver.hear(20)

    assert slow.most == 2
    for its in (events[::2], events[1::2]):
        assert [event for event in receiver.ids if event in set(its)] == its


async def test_what_waits_for_its_retry_holds_up_its_lane_alone_until_it_is_given_up(webhooks, receiver, superuser):
    endpoint = await proven(webhooks, receiver, ordering="item")
    apples, pears = uuid4(), uuid4()
    await happened(webhooks, 3)
    first, second, other = await in_lanes(webhooks, superuser, [[apples], [apples], [pears]])

    async def refuse_the_first(request):
        return web.Response(status=500 if request.headers["webhook-id"] == first else 204)

    receiver.answer = refuse_the_first
    async with webhooks.delivering():
        await receiver.hear(2)
        await webhooks.looked()
        before = list(receiver.ids)
    await superuser.execute(
        "update deliveries set tries = 9, next_attempt_at = now() where tenant_id = %s and event_id = %s",
        (webhooks.shop.tenant, EVENT.parse(first)),
    )
    await superuser.execute("update endpoint_queues set due_at = now() where tenant_id = %s", (webhooks.shop.tenant,))
    async with webhooks.delivering():
        await receiver.hear(4)

    assert sorted(before) == sorted([first, other])
    assert receiver.ids[2:] == [first, second]
    assert [one.event for one in await webhooks.deliveries(endpoint=endpoint.id, state="failed")] == [first]


class Hanging:
    """A receiver's answer that never comes as long as the path is one of those that hang."""

    def __init__(self):
        self.paths = set()
        self.over = asyncio.Event()

    async def __call__(self, request):
        if request.path in self.paths:
            await self.over.wait()
        return web.Response(status=204)


async def beside_others(webhooks, receiver, new_shop, *, tenants, endpoints):
    """A tenant whose one endpoint is good, and others with many endpoints at /others; all have taken a delivery."""
    others = [
        type(webhooks)(webhooks.database, webhooks.writer, await new_shop(webhooks.database)) for _ in range(tenants)
    ]
    for other in others:
        other.sealer = webhooks.sealer
        for _ in range(endpoints):
            await other.create(f"http://127.0.0.1:{receiver.port}/others", kinds=["location.created"])
    await webhooks.create(f"http://127.0.0.1:{receiver.port}/good", kinds=["location.created"])
    return others


async def served(webhooks, receiver, courier, count):
    """So many things happen, and the good endpoint hears of all of them."""
    before = paths(receiver)["/good"]
    await happened(webhooks, count)
    courier.wake()
    async with asyncio.timeout(5):
        while paths(receiver)["/good"] < before + count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def paths(receiver):
    return Counter(request.path for request, _ in receiver.requests)


async def test_endpoints_that_hang_keep_nobody_waiting_who_answers(webhooks, receiver, new_shop):
    receiver.answer = hanging = Hanging()
    hanging.paths.add("/others")
    others = await beside_others(webhooks, receiver, new_shop, tenants=3, endpoints=10)
    await happened(webhooks, 1)
    await webhooks.attempt_all()
    for other in others:
        await happened(other, 3)

    async with webhooks.delivering(places=Places(prompt=8, patient=24)) as courier:
        await receiver.hear(1 + 24)
        full = courier.under_way
        await served(webhooks, receiver, courier, 20)
        hanging.over.set()

    assert full == 24


async def test_endpoints_that_begin_to_hang_move_out_of_the_way(webhooks, receiver, new_shop):
    receiver.answer = hanging = Hanging()
    others = await beside_others(webhooks, receiver, new_shop, tenants=3, endpoints=10)
    for one in (webhooks, *others):
        await happened(one, 1)
    await webhooks.attempt_all()
    await others[-1].attempt_all()
    hanging.paths.add("/others")
    for other in others:
        await happened(other, 1)

    async with webhooks.delivering(places=Places(prompt=8, patient=100), prompt_seconds=0.05) as courier:
        await receiver.hear(31 + 8)
        await served(webhooks, receiver, courier, 20)
        hung = paths(receiver)["/others"]
        hanging.over.set()

    assert hung > 30


async def test_a_claim_that_comes_too_late_to_be_sent_within_its_lease_is_left_to_others(webhooks, receiver):
    await webhooks.create(receiver.url, kinds=["location.created"])
    await happened(webhooks, 1)
    moments = iter([timedelta(), timedelta(seconds=claims.LEASE_SECONDS)])

    def stopped_after_the_claim():
        webhooks.ahead = next(moments, webhooks.ahead)
        return type(webhooks).clock(webhooks)

    courier = webhooks.courier(clock=stopped_after_the_claim)
    running = asyncio.create_task(courier.run())
    async with asyncio.timeout(5):
        while not receiver.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    courier.stop()
    await running

    (delivery,) = await webhooks.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    assert webhooks.ahead == timedelta(seconds=claims.LEASE_SECONDS)


async def test_claims_reach_what_is_due_by_index_only(webhooks, receiver, database, superuser):
    endpoint = await proven(webhooks, receiver)
    await happened(webhooks, 500)
    await superuser.execute("analyze deliveries")
    whose = {"tenants": [webhooks.shop.tenant], "endpoints": [ENDPOINT.parse(endpoint.id)]}
    moments = {"now": webhooks.clock(), "lease": webhooks.clock(), "fence": uuid4(), "concurrency": 1}
    numbers = {"rooms": [32], "windows": [1_000], "prompt": 100, "patient": 100}
    asked = {**whose, **moments, **numbers, "tenants_chosen": [], "chosen": []}

    plans = {}
    async with database.workers.connection() as connection:
        for statement in (claims.TAKE, claims.PENDING, queues.LOCK_QUEUES, queues.READ_ENDPOINTS):
            rows = await connection.execute("explain " + statement, asked, prepare=False)
            plans[statement] = "\n".join(line for (line,) in await rows.fetchall())

    assert "deliveries_due" in plans[claims.TAKE]
    assert "deliveries_in_order" in plans[claims.PENDING]
    assert "endpoint_queues_due" in plans[queues.LOCK_QUEUES]
    assert "deliveries_under_way" in plans[queues.READ_ENDPOINTS]
    assert not [plan for plan in plans.values() if "Seq Scan" in plan]
