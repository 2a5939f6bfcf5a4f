"""A tenant's state is a fact of its ledger: it changes as it may, and the news of it are sealed with it."""

import asyncio

import msgspec
import pytest

from twh_server.access.refusals import TenantClosed
from twh_server.access.tenants import find_tenant
from twh_server.catalogue.item_commands import CreateItem
from twh_server.database.identifiers import TENANT, TenantId, fresh
from twh_server.events.kinds import decode
from twh_server.journal.commands import Answer, Submission
from twh_server.ledger.verify import verify
from twh_server.tenancy.lifecycle import ChangeState

ALLOWED = [("active", "suspended"), ("suspended", "active"), ("active", "closed"), ("suspended", "closed")]


async def bring(stockroom, state):
    return await stockroom.do(ChangeState(to=state))


async def told(stockroom):
    rows = await stockroom.rows(
        "select body from events where tenant_id = %(tenant)s and kind like 'tenant.%%' order by sequence"
    )
    return [decode(body) for (body,) in rows]


@pytest.mark.parametrize(("before", "after"), ALLOWED)
async def test_a_state_follows_another(database, stockroom, shop, before, after):
    await bring(stockroom, before)
    changed = await bring(stockroom, after)
    event = (await told(stockroom))[-1]

    assert (changed.state, await find_tenant(database, shop.tenant)) == (after, changed)
    assert changed.state_changed_at == event.timestamp
    assert msgspec.json.decode(event.previous) == {"state": before}
    assert event.type == {"suspended": "tenant.suspended", "active": "tenant.resumed", "closed": "tenant.closed"}[after]
    assert (event.actor, event.subject) == (None, TENANT.text(shop.tenant))
    assert (await verify(database, shop.tenant)).fault is None


@pytest.mark.parametrize("after", ["active", "suspended"])
async def test_what_is_closed_stays_closed(database, stockroom, shop, after):
    await bring(stockroom, "closed")

    with pytest.raises(TenantClosed):
        await bring(stockroom, after)
    assert (await find_tenant(database, shop.tenant)).state == "closed"


@pytest.mark.parametrize("state", ["active", "suspended", "closed"])
async def test_the_state_that_it_has_is_not_told_again(stockroom, state):
    await bring(stockroom, state)
    before = await told(stockroom)
    again = await bring(stockroom, state)

    assert (again.state, await told(stockroom)) == (state, before)


async def test_many_changes_at_once_follow_each_other(database, stockroom, shop):
    states = ["suspended", "active"] * 10
    await asyncio.gather(*(bring(stockroom, state) for state in states))
    befores = [msgspec.json.decode(event.previous)["state"] for event in await told(stockroom)]
    afters = [msgspec.json.decode(event.data)["state"] for event in await told(stockroom)]

    assert befores == ["active", *afters[:-1]]
    assert (await find_tenant(database, shop.tenant)).state == afters[-1] == "active"


async def test_the_state_of_another_tenant_is_its_own(database, stockroom, other_shop):
    await bring(stockroom, "closed")

    assert (await find_tenant(database, other_shop.tenant)).state == "active"


async def test_whoever_writes_for_a_tenant_that_is_gone_is_told_it_is_closed(writer):
    def refuse(refusal):
        raise refusal

    command = CreateItem(sku="apples", name="Apples")
    submission = Submission(
        tenant=TenantId(fresh()), command=command, answer=lambda _: Answer(status=200), refuse=refuse
    )
    outcomes = await asyncio.gather(*(writer.submit(submission) for _ in range(5)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {TenantClosed}
