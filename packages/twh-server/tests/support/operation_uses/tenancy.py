"""The ledger as a whole, settings, the audit log, sandboxes and tenants, used."""

import pytest

from operation_uses import Desk, uses
from twh import errors


@uses("ledger.verify")
async def verify(desk: Desk):
    await desk.shelf()

    verification = await desk.client.ledger.verify()

    assert (verification.ok, verification.entries, verification.levels) == (True, 1, 1)
    newest = await desk.client.ledger.blocks(page_size=1).first()
    assert (await desk.client.ledger.verify(against=newest)).ok


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


@uses("settings.get")
async def get_settings(desk: Desk):
    settings = await desk.client.settings.get()

    assert (settings.occurred_at_back_days, settings.idempotency_key_days, settings.version) == (None, 7, 0)


@uses("settings.update")
async def update_settings(desk: Desk):
    await desk.shelf()
    before = await desk.client.settings.get()
    await desk.client.settings.update(adjustment_reasons=["damaged"], if_match=before.etag)

    with pytest.raises(errors.ReasonUnknown):
        await desk.client.movements.adjust(item="APPLES", location="MAIN", quantity=-1, reason="eaten")
    with pytest.raises(errors.StaleVersion):
        await desk.client.settings.update(adjustment_reasons=None, if_match=before.etag)
    await desk.client.settings.update(adjustment_reasons=None)
    assert await desk.client.movements.adjust(item="APPLES", location="MAIN", quantity=-1, reason="eaten")


@uses("audit_log.list")
async def list_changes(desk: Desk):
    entry = await desk.shelf()
    await desk.client.settings.update(oversell=True)
    await desk.client.entries.reverse(entry.id, reason="never came")

    reversal, change = await desk.client.audit_log.list(page_size=1).to_list(limit=2)

    assert (reversal.actor.name, reversal.subject, reversal.data.reverses) == ("tests", reversal.data.id, entry.id)
    assert (change.type, change.previous) == ("settings.updated", {"oversell": False})
    assert await desk.client.audit_log.list(subject=change.subject).to_list() == [change]
