"""Keys and secrets change hands while everything goes on: no request is lost, and what was ended has ended everywhere."""

import asyncio
import contextlib
import time

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from twh import AsyncClient, errors

CLIENTS = 8
OVERLAP_SECONDS = 6
REVOKED_WITHIN_SECONDS = 2.0
ON_THE_WAY_SECONDS = 1.0  # for the requests themselves, on a busy machine
PATIENCE_SECONDS = 60


class Till:
    """A client that records receipts one after another, with whichever key it was given last."""

    def __init__(self, server, key):
        self.server, self.key = server, key
        self.recorded = 0
        self.statuses = []

    async def work(self, until):
        async with httpx.AsyncClient(event_hooks={"response": [self.write_down]}) as http:
            while not until.is_set():
                client = AsyncClient(api_key=self.key, base_url=self.server, http_client=http)
                await client.movements.receive(item="APPLES", location="MAIN", quantity=1)
                self.recorded += 1

    async def write_down(self, response):
        self.statuses.append(response.status_code)


async def test_a_key_is_rotated_under_load_and_no_request_is_refused(shelf, servers):
    await shelf.has(0)
    old = await shelf.client.api_keys.create(name="tills", scopes=["stock:write", "stock:read"])
    tills = [Till(servers[number % 2], old.secret) for number in range(CLIENTS)]
    closed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for till in tills:
            tasks.create_task(till.work(closed))
        await asyncio.sleep(0.5)
        new = await shelf.client.api_keys.rotate(old, overlap_seconds=OVERLAP_SECONDS)
        for till in tills:  # each is given the new key at its own time, all before the old one ends
            await asyncio.sleep(OVERLAP_SECONDS / 2 / CLIENTS)
            till.key = new.secret
        await asyncio.sleep(OVERLAP_SECONDS)
        closed.set()

    assert {status for till in tills for status in till.statuses} == {201}
    assert all(till.recorded for till in tills)
    assert await shelf.on_hand() == sum(till.recorded for till in tills)
    for server in servers:
        async with AsyncClient(api_key=old.secret, base_url=server) as late:
            with pytest.raises(errors.ApiKeyExpired) as refusal:
                await late.tenant.get()
        assert refusal.value.successor == new.id
    told = await shelf.client.audit_log.list(subject=old.id).to_list()
    assert [change.type for change in told] == ["key.rotated", "key.created"]


async def test_a_revoked_key_stops_on_every_server_within_two_seconds(shelf, servers):
    key = await shelf.client.api_keys.create(name="lost", scopes=["stock:read"])
    async with contextlib.AsyncExitStack() as stack:
        thieves = [
            await stack.enter_async_context(AsyncClient(api_key=key.secret, base_url=server)) for server in servers
        ]
        for thief in thieves:
            await thief.tenant.get()

        await shelf.client.api_keys.revoke(key)
        revoked = time.monotonic()
        for thief in thieves:
            with pytest.raises(errors.ApiKeyRevoked):
                await ask_until(revoked + REVOKED_WITHIN_SECONDS + ON_THE_WAY_SECONDS, thief)


async def ask_until(end, client):
    while time.monotonic() < end:
        await client.tenant.get()


async def test_a_server_that_stops_has_written_when_a_key_was_used(shelf, address, start_server):
    key = await shelf.client.api_keys.create(name="till", scopes=["stock:read"])
    with start_server(address.conninfo) as server:
        async with AsyncClient(api_key=key.secret, base_url=server) as till:
            await till.tenant.get()

    assert (await shelf.client.api_keys.get(key)).last_used_at >= key.created_at


def verified(secret, headers, body):
    """The event, when its signature is right."""
    with contextlib.suppress(WebhookVerificationError):
        return Webhook(secret).verify(body, headers)
    return None


async def test_a_webhooks_secret_is_rotated_under_load_and_every_delivery_verifies(shelf, receiver, worker):
    async def happen(first):
        for number in range(first, first + 20):
            await shelf.client.items.create(sku=f"I-{number}", name="Thing")

    first = await shelf.client.webhooks.create(url=receiver.url, kinds=["item.created"])
    loading = asyncio.create_task(happen(0))
    await receiver.hear(1)
    second = await shelf.client.webhooks.rotate_secret(first, overlap_seconds=3_600)
    await loading
    await happen(20)
    during = await receiver.hear(40)
    third = await shelf.client.webhooks.rotate_secret(first, overlap_seconds=0)
    await happen(40)
    after = (await receiver.hear(60))[40:]

    (rotated, _) = await shelf.client.events.list(types=["endpoint.secret_rotated"]).to_list()
    for headers, body in during:
        event = verified(first.secret, headers, body)
        assert event
        assert verified(second.secret, headers, body) or event["sequence"] < rotated.sequence
    for headers, body in after:
        assert verified(third.secret, headers, body)
        assert not any(verified(one.secret, headers, body) for one in (first, second))
