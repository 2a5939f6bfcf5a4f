"""What runs beside HTTP: webhooks go out, old answers are forgotten, and at the end nothing is left half done."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.sealing import Sealer
from twh_server.events.bell import Bell
from twh_server.journal import sweep
from twh_server.journal.sweep import sweep_keys
from twh_server.tenancy.settings import UpdateSettings
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint
from twh_server.webhooks.endpoints import get_endpoint
from twh_server.worker import working

DAYS_8 = timedelta(days=8)
ADD_KEY = """
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, sequence, recorded_at)
values (%s, %s, '', 409, '{}', '{}', %s, %s)
"""


@pytest.fixture
def remember(superuser, shop):
    """Remembers answers of a key, some days old."""

    async def remember(key, *, age, sequence=None):
        await superuser.execute(ADD_KEY, (shop.tenant, key, sequence, datetime.now(UTC) - age))

    return remember


@pytest.fixture
def keys_of(superuser, shop):
    async def keys_of():
        rows = await superuser.execute("select key from idempotency_keys where tenant_id = %s", (shop.tenant,))
        return {key for (key,) in await rows.fetchall()}

    return keys_of


async def test_old_refusals_are_forgotten_and_the_keys_of_entries_are_kept(database, remember, keys_of):
    await remember("old refusal", age=DAYS_8)
    await remember("old entry", age=DAYS_8, sequence=1)
    await remember("new refusal", age=timedelta(days=6))

    await sweep_keys(database, now=datetime.now(UTC), days=7)

    assert await keys_of() == {"old entry", "new refusal"}


async def test_answers_are_kept_for_as_long_as_their_tenant_has_chosen(
    database, remember, keys_of, stockroom, superuser, other_shop
):
    await stockroom.do(UpdateSettings(changes={"idempotency_key_days": 2}))
    for days in (1, 3, 8):
        await remember(f"{days} days", age=timedelta(days=days))
        await superuser.execute(
            ADD_KEY, (other_shop.tenant, f"{days} days", None, datetime.now(UTC) - timedelta(days=days))
        )

    await sweep_keys(database, now=datetime.now(UTC), days=7)
    theirs = await superuser.execute("select key from idempotency_keys where tenant_id = %s", (other_shop.tenant,))

    assert await keys_of() == {"1 days"}
    assert {key for (key,) in await theirs.fetchall()} == {"1 days", "3 days"}


async def test_answers_are_kept_longer_where_that_was_chosen(database, remember, keys_of, stockroom):
    await stockroom.do(UpdateSettings(changes={"idempotency_key_days": 30}))
    await remember("29 days", age=timedelta(days=29))
    await remember("31 days", age=timedelta(days=31))

    await sweep_keys(database, now=datetime.now(UTC), days=7)

    assert await keys_of() == {"29 days"}


async def test_sweeping_goes_on_until_nothing_old_is_left(database, remember, keys_of, monkeypatch):
    monkeypatch.setattr(sweep, "SWEEP_ROWS_MAX", 2)
    for number in range(5):
        await remember(f"old {number}", age=DAYS_8)

    swept = await sweep_keys(database, now=datetime.now(UTC), days=7)

    assert swept >= 5
    assert await keys_of() == set()


async def test_the_worker_sweeps_and_follows_and_ends_when_it_is_told(
    database, remember, keys_of, superuser, stockroom
):
    await remember("old refusal", age=DAYS_8)
    bell = Bell()

    async with working(database, bell, Sealer(bytes(32))):
        await stockroom.receive("apples", 5)
        bell.ring(stockroom.shop.tenant)
        for _ in range(500):
            rows = await superuser.execute(
                """
                select c.sequence = h.sequence
                from cursors as c
                join ledger_heads as h using (tenant_id)
                where tenant_id = %s
                """,
                (stockroom.shop.tenant,),
            )
            if await rows.fetchone() == (True,) and not await keys_of():
                break
            await asyncio.sleep(0.02)

    assert await keys_of() == set()


async def test_the_worker_disables_an_endpoint_that_is_gone(database, stockroom):
    sealer, bell, disabled = Sealer(bytes(32)), Bell(), []

    async def be_gone(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(be_gone, "127.0.0.1", 0) as receiver,
        working(database, bell, sealer, disabled=disabled.append),
    ):
        url = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/"
        endpoint = await stockroom.do(CreateEndpoint(url=url, policy=targets.SANDBOX, sealer=sealer))
        await stockroom.receive("apples", 5)
        bell.ring(stockroom.shop.tenant)
        async with asyncio.timeout(20):
            while not disabled:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    now = await get_endpoint(database, stockroom.shop.tenant, endpoint.id)
    assert disabled == ["gone"]
    assert (now.enabled, now.disabled_because) == (False, "gone")
