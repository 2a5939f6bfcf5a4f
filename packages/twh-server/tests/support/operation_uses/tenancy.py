"""The ledger as a whole, sandboxes and tenants, used."""

from operation_uses import Desk, uses


@uses("ledger.verify")
async def verify(desk: Desk):
    await desk.shelf()

    verification = await desk.client.ledger.verify()

    assert (verification.ok, verification.entries, verification.levels) == (True, 1, 1)


@uses("ledger.blocks")
async def list_blocks(desk: Desk):
    await desk.shelf()

    newest, *older = await desk.client.ledger.blocks().to_list()

    assert newest.hash == (await desk.client.ledger.verify()).digest
    assert newest.previous_hash == older[0].hash


@uses("sandboxes.create")
async def create_sandbox(desk: Desk):
    sandbox = await desk.client.sandboxes.create(name="Ann's")

    assert (await desk.with_key(sandbox.key.secret).tenant.get()).tenant.name == "Ann's"
    assert await desk.with_key(sandbox.key.secret).items.list().first()


@uses("tenant.get")
async def get_tenant(desk: Desk):
    whose = await desk.client.tenant.get()

    assert (whose.tenant.name, whose.key.name) == ("Shop", "tests")
