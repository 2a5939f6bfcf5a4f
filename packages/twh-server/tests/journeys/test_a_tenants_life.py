"""A tenant's life: used, suspended, resumed, closed, exported and purged by hand, while servers and the worker go on."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twh import AsyncClient, errors

PATIENCE_SECONDS = 15


@pytest.fixture
def operate(address):
    """Runs `twh-server tenant …` beside the servers; answers what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TWH_")}

    async def operate(*words):
        command = [sys.executable, "-m", "twh_server", "tenant", *words]
        ran = await asyncio.to_thread(
            subprocess.run,
            command,
            env=kept | {"TWH_DATABASE_URL": address.conninfo},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    return operate


async def becomes(refusal, ask):
    """Wait until a server refuses so."""
    with pytest.raises(refusal):
        await again_and_again(ask)


async def again_and_again(ask):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await ask()
            await asyncio.sleep(0.1)


def forgiving(ask):
    """Ask, whether or not a server believes for a moment longer what it knew of the key."""

    async def asked():
        with contextlib.suppress(errors.TenantClosed):
            await ask()

    return asked


def read_lines(file):
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


async def works(ask):
    """Wait until a server does it again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(errors.TenantSuspended):
                return await ask()
            await asyncio.sleep(0.1)


async def test_a_tenant_from_its_first_entry_to_the_last_of_its_rows(
    shop, other_shelf, servers, worker, operate, superuser, tmp_path
):
    await other_shelf.has(7)
    first, second = (AsyncClient(api_key=shop.secret, base_url=url, deadline=60) for url in servers)
    async with first, second:
        tenant = (await first.tenant.get()).tenant.id
        await first.locations.create(code="MAIN", name="Main")
        await first.items.create(sku="APPLES", name="Apples")
        await second.webhooks.create(url="http://127.0.0.1:9999/nobody-listens")
        await first.movements.receive(item="APPLES", location="MAIN", quantity=5)

        await operate("suspend", tenant)
        await becomes(errors.TenantSuspended, lambda: first.settings.update(oversell=True))
        await becomes(errors.TenantSuspended, lambda: second.settings.update(oversell=True))
        assert (await second.stock.get("APPLES", at="MAIN")).on_hand == 5

        await operate("resume", tenant)
        await works(lambda: second.movements.issue(item="APPLES", location="MAIN", quantity=2))
        changes = await first.audit_log.list(subject=tenant).to_list()
        states = [change for change in changes if change.type.startswith("tenant.")]
        assert [change.type for change in states] == ["tenant.resumed", "tenant.suspended"]
        assert {change.actor for change in states} == {None}
        assert (await first.ledger.verify()).ok

        await operate("close", tenant)
        await becomes(errors.TenantClosed, first.tenant.get)
        await becomes(errors.TenantClosed, second.tenant.get)

        file = await operate("export", tenant, "--to", str(tmp_path))
        header, *lines, end = await asyncio.to_thread(read_lines, file)
        assert (header["tenant"]["state"], end["rows"]) == ("closed", len(lines))
        told = [line["row"]["kind"] for line in lines if line["part"] == "events"]
        assert told[-3:] == ["tenant.resumed", "entry.recorded", "tenant.closed"]

        await operate("purge", tenant, "--yes-purge", header["tenant"]["name"])
        await becomes(errors.Unauthenticated, forgiving(first.tenant.get))
        cursor = await superuser.execute("select count(*) from events where tenant_id = %s", (shop.tenant,))
        assert await cursor.fetchone() == (0,)

    assert await other_shelf.on_hand() == 7
    await other_shelf.client.movements.receive(item="APPLES", location="MAIN", quantity=1)
    assert worker.poll() is None
