"""A tenant begins with an empty ledger of its own."""

import asyncio

from twh_server.access.tenants import FIRST_HASH, create_tenant, find_tenant, list_tenants
from twh_server.database.identifiers import TENANT, TenantId, fresh
from twh_server.ledger.verify import verify


async def test_a_new_tenant_has_an_empty_ledger_that_verifies(database):
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name="Ann's shop", kind="live")

    tenant_id = TENANT.parse(tenant.id)
    head = await database.read(
        tenant_id, "select sequence, last_id, hash from ledger_heads where tenant_id = %s", (tenant_id,)
    )

    assert head == [(0, None, FIRST_HASH)]
    assert bytes(32) == FIRST_HASH
    assert (await verify(database, tenant_id)).ok
    assert await find_tenant(database, tenant_id) == tenant


async def test_nothing_is_left_of_a_tenant_whose_creation_failed(database):
    class Trouble(Exception):
        pass

    before = len(await list_tenants(database))
    try:
        async with database.transaction() as tx:
            await create_tenant(tx, name="Nobody", kind="sandbox")
            raise Trouble
    except Trouble:
        pass

    assert len(await list_tenants(database)) == before


async def test_an_unknown_tenant_is_none(database):
    assert await find_tenant(database, TenantId(fresh())) is None


async def test_tenants_are_listed_oldest_first(database, shop, new_shop):
    await asyncio.sleep(0.002)  # tenants of one millisecond have no order
    later = await new_shop(database)
    listed = [tenant.id for tenant in await list_tenants(database)]

    assert listed.index(TENANT.text(shop.tenant)) < listed.index(TENANT.text(later.tenant))
