"""A tenant's settings: defaults until something is chosen, and every change a fact with the values before it."""

import asyncio

import msgspec
import pytest

from twh_server.events.kinds import decode
from twh_server.journal.versions import StaleVersion
from twh_server.tenancy.settings import Choices, UpdateSettings, get_settings


async def change(stockroom, **changes):
    return await stockroom.do(UpdateSettings(changes=changes))


async def told(stockroom):
    rows = await stockroom.rows(
        "select body from events where tenant_id = %(tenant)s and kind = 'settings.updated' order by sequence"
    )
    return [decode(body) for (body,) in rows]


async def chosen(stockroom):
    return [row for (row,) in await stockroom.rows("select chosen from tenant_settings where tenant_id = %(tenant)s")]


@pytest.mark.parametrize(("kind", "days"), [("live", 7), ("sandbox", None)])
async def test_a_tenant_that_has_chosen_nothing_has_the_defaults(database, open_stockroom, kind, days):
    room = await open_stockroom(kind)
    row = await get_settings(database, room.shop.tenant)

    assert row.choices == Choices(occurred_at_back_days=days)
    assert (row.version, row.etag, row.updated_at) == (0, '"se0"', None)


async def test_what_is_chosen_holds_and_the_rest_stays(database, stockroom, shop):
    changed = await change(stockroom, oversell=True)
    changed = await change(stockroom, idempotency_key_days=30)

    assert changed.choices == Choices(occurred_at_back_days=None, oversell=True, idempotency_key_days=30)
    assert await get_settings(database, shop.tenant) == changed
    assert changed.version == 2


async def test_a_change_is_told_with_the_values_before_it(stockroom):
    await change(stockroom, oversell=True, occurred_at_ahead_minutes=9, idempotency_key_days=7)
    (event,) = await told(stockroom)
    data = msgspec.json.decode(event.data)

    assert msgspec.json.decode(event.previous) == {"oversell": False, "occurred_at_ahead_minutes": 5}
    assert (data["oversell"], data["occurred_at_ahead_minutes"], data["version"]) == (True, 9, 1)
    assert event.subject.startswith("ten_")


async def test_what_changes_nothing_is_not_told(stockroom):
    await change(stockroom, oversell=False, occurred_at_ahead_minutes=5)
    unchanged = await change(stockroom)

    assert (await told(stockroom), await chosen(stockroom), unchanged.version) == ([], [], 0)


async def test_null_restores_a_default(stockroom):
    await change(stockroom, adjustment_reasons=["damaged"], occurred_at_ahead_minutes=9)
    restored = await change(stockroom, adjustment_reasons=None, occurred_at_ahead_minutes=None)

    assert restored.choices == Choices(occurred_at_back_days=None)
    assert await chosen(stockroom) == [{}]


async def test_for_the_days_back_null_is_a_choice_and_the_default_goes_by_its_value(open_stockroom):
    live = await open_stockroom("live")
    any_time, restored = await change(live, occurred_at_back_days=None), await change(live, occurred_at_back_days=7)

    assert (any_time.choices.occurred_at_back_days, restored.choices.occurred_at_back_days) == (None, 7)
    assert (any_time.chosen, restored.chosen) == ({"occurred_at_back_days": None}, {})


async def test_a_reason_stands_once(stockroom):
    changed = await change(stockroom, adjustment_reasons=["lost", "damaged", "lost"])

    assert changed.choices.adjustment_reasons == ["lost", "damaged"]


async def test_a_change_of_another_version_is_refused(stockroom):
    await change(stockroom, oversell=True)

    with pytest.raises(StaleVersion) as refusal:
        await stockroom.do(UpdateSettings(changes={"oversell": False}, if_match=['"se0"']))
    assert refusal.value.facts == {"version": 1, "etag": '"se1"'}


async def test_many_changes_at_once_follow_each_other(database, stockroom, shop):
    await asyncio.gather(*(change(stockroom, idempotency_key_days=days) for days in range(1, 31)))
    before = [msgspec.json.decode(event.previous)["idempotency_key_days"] for event in await told(stockroom)]
    after = [msgspec.json.decode(event.data)["idempotency_key_days"] for event in await told(stockroom)]
    row = await get_settings(database, shop.tenant)

    assert before == [7, *after[:-1]]
    assert (row.version, row.choices.idempotency_key_days) == (len(after), after[-1])


async def test_what_newer_code_let_a_tenant_choose_is_kept(database, stockroom, superuser, shop):
    await change(stockroom, oversell=True)
    await superuser.execute(
        "update tenant_settings set chosen = chosen || '{\"later\": 1}' where tenant_id = %s", (shop.tenant,)
    )
    await change(stockroom, idempotency_key_days=3)

    assert await chosen(stockroom) == [{"oversell": True, "later": 1, "idempotency_key_days": 3}]
    assert (await get_settings(database, shop.tenant)).choices.oversell is True


async def test_settings_are_each_tenants_own(database, stockroom, other_shop):
    await change(stockroom, oversell=True)

    assert (await get_settings(database, other_shop.tenant)).choices.oversell is False
