"""Integrity: what somebody edits behind the ledger's back is named."""

import pytest

from twh import AsyncClient

MANIPULATIONS = {
    "a movement changed": (
        "stock_movements",
        "update stock_movements set quantity = 11, on_hand_after = 11 where tenant_id = %(tenant)s",
    ),
    "two rows swapped": (
        "stock_movements",
        "update stock_movements set line = 1 - line where tenant_id = %(tenant)s",
    ),
    "the tail cut": (
        "events",
        "delete from events where tenant_id = %(tenant)s and sequence = 3",
    ),
    "a level changed": (
        "stock_levels",
        "update stock_levels set on_hand = 11 where tenant_id = %(tenant)s",
    ),
}

GUARDS = dict.fromkeys(("stock_movements", "events"), ("history_is_not_edited", "history_is_not_truncated"))


@pytest.mark.parametrize("manipulation", MANIPULATIONS)
async def test_what_was_edited_with_the_guards_off_is_named(shop, servers, superuser, manipulation):
    table, statement = MANIPULATIONS[manipulation]
    async with AsyncClient(api_key=shop.secret, base_url=servers[0]) as client:
        await client.items.create(sku="APPLES", name="Apples")
        await client.locations.create(code="MAIN", name="Main")
        lines = [{"item": "APPLES", "location": "MAIN", "quantity": quantity} for quantity in ("4", "6")]
        await client.movements.receive(lines=lines)
        assert (await client.ledger.verify()).ok
        async with superuser.transaction():
            # What only a change of the schema can do: the guards are off for one statement, and on again.
            await superuser.execute(f"alter table {table} disable trigger user")
            await superuser.execute(statement, {"tenant": shop.tenant})
            for trigger in GUARDS.get(table, ()):
                await superuser.execute(f"alter table {table} enable always trigger {trigger}")

        verification = await client.ledger.verify()

    assert not verification.ok
    assert verification.fault.what
    assert verification.fault.where
