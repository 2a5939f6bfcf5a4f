"""Webhooks and what keys were answered, used. Deliveries go to a receiver in this process."""

import asyncio
import contextlib

from operation_uses import Desk, uses

PATIENCE_SECONDS = 30


@contextlib.asynccontextmanager
async def receiver():
    """An address on this machine that answers every webhook with 204."""

    async def answer(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


@contextlib.asynccontextmanager
async def delivered(desk: Desk):
    """An event that was delivered: its one delivery."""
    async with receiver() as url, asyncio.timeout(PATIENCE_SECONDS):
        endpoint = await desk.client.webhooks.create(url=url, kinds=["item.created"])
        await desk.client.items.create(sku="APPLES", name="Apples")
        while True:
            found = await desk.client.webhooks.deliveries(endpoint=endpoint.id, state="delivered").to_list()
            if found:
                break
            await asyncio.sleep(0.1)
        yield found[0]


@uses("webhooks.create")
async def create_endpoint(desk: Desk):
    endpoint = await desk.client.webhooks.create(url="https://example.com/hook", kinds=["stock.low"])

    assert endpoint.secret.startswith("whsec_")
    assert (endpoint.kinds, endpoint.enabled) == (["stock.low"], True)


@uses("webhooks.list")
async def list_endpoints(desk: Desk):
    made = [await desk.client.webhooks.create(url=f"https://example.com/{number}") for number in range(3)]

    assert [one.id for one in await desk.client.webhooks.list(page_size=2).to_list()] == [one.id for one in made]


@uses("webhooks.get")
async def get_endpoint(desk: Desk):
    made = await desk.client.webhooks.create(url="https://example.com/hook")

    assert (await desk.client.webhooks.get(made.id)).url == "https://example.com/hook"


@uses("webhooks.health")
async def read_health(desk: Desk):
    async with delivered(desk) as delivery:
        health = await desk.client.webhooks.health(delivery.endpoint)

        assert (health.endpoint, health.failing_since, health.pending) == (delivery.endpoint, None, 0)


@uses("webhooks.update")
async def update_endpoint(desk: Desk):
    made = await desk.client.webhooks.create(url="https://example.com/hook")

    changed = await desk.client.webhooks.update(made.id, enabled=False, if_match=made.etag)

    assert (changed.enabled, changed.version) == (False, 2)


@uses("webhooks.rotate_secret")
async def rotate_secret(desk: Desk):
    made = await desk.client.webhooks.create(url="https://example.com/hook")

    rotated = await desk.client.webhooks.rotate_secret(made.id, overlap_seconds=60)

    assert rotated.secret != made.secret
    assert rotated.previous_secret_until


@uses("webhooks.delete")
async def delete_endpoint(desk: Desk):
    made = await desk.client.webhooks.create(url="https://example.com/hook")

    await desk.client.webhooks.delete(made.id)

    assert await desk.client.webhooks.list().to_list() == []


@uses("webhooks.deliveries")
async def list_deliveries(desk: Desk):
    async with delivered(desk) as delivery:
        event = await desk.client.events.get(delivery.event)

        assert (event.type, event.data.sku) == ("item.created", "APPLES")


@uses("webhooks.delivery")
async def get_delivery(desk: Desk):
    async with delivered(desk) as delivery:
        assert (await desk.client.webhooks.delivery(delivery.id)).state == "delivered"


@uses("webhooks.attempts")
async def list_attempts(desk: Desk):
    async with delivered(desk) as delivery:
        attempts = await desk.client.webhooks.attempts(delivery.id).to_list()

        assert [(attempt.number, attempt.status) for attempt in attempts] == [(1, 204)]


@uses("webhooks.retry")
async def retry_delivery(desk: Desk):
    async with delivered(desk) as delivery:
        replay = await (await desk.client.webhooks.retry(delivery)).wait(timeout=PATIENCE_SECONDS)

        assert (replay.state, replay.delivered, replay.deliveries) == ("finished", 1, [delivery.id])
        assert (await desk.client.webhooks.delivery(delivery.id)).attempts == 2


@uses("webhooks.replay")
async def replay_window(desk: Desk):
    await desk.shelf()
    async with receiver() as url:
        endpoint = await desk.client.webhooks.create(url=url)
        wanted = {"endpoint": endpoint, "types": ["entry.recorded"], "first_sequence": 1}

        plan = await desk.client.webhooks.replay(which="all", dry_run=True, **wanted)
        missed = await desk.client.webhooks.replay(which="unacknowledged", dry_run=True, **wanted)
        replay = await (await desk.client.webhooks.replay(which="all", **wanted)).wait(timeout=PATIENCE_SECONDS)

    assert plan.total == missed.total == replay.total == replay.delivered == 1


@uses("replays.list")
async def list_replays(desk: Desk):
    job = await desk.client.webhooks.replay()

    assert [one.id for one in await desk.client.replays.list().to_list()] == [job.id]


@uses("replays.get")
async def get_replay(desk: Desk):
    job = await desk.client.webhooks.replay(since="2026-05-10T12:00:00Z")

    assert (await desk.client.replays.get(job)).total == 0


async def paused(desk: Desk):
    """A replay that waits for its endpoint."""
    await desk.shelf()
    endpoint = await desk.client.webhooks.create(url="https://example.com/hook")
    await desk.client.webhooks.update(endpoint, enabled=False)
    return await desk.client.webhooks.replay(which="all", endpoint=endpoint, first_sequence=1)


@uses("replays.cancel")
async def cancel_replay(desk: Desk):
    job = await paused(desk)

    assert (await desk.client.replays.cancel(job)).state == "cancelled"
    assert (await job.wait(timeout=PATIENCE_SECONDS)).state == "cancelled"


@uses("replays.resume")
async def resume_replay(desk: Desk):
    job = await paused(desk)
    await job.cancel()

    assert (await desk.client.replays.resume(job)).state == "running"


@uses("idempotency.get")
async def get_key(desk: Desk):
    made = await desk.client.items.create(sku="APPLES", name="Apples", options={"idempotency_key": "po-77"})

    record = await desk.client.idempotency.get("po-77")

    assert (record.status, record.body["id"]) == (201, made.id)
