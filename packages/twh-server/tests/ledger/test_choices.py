"""Entries obey the tenant's settings: those that hold at the moment of the decision, in the very batch of a change."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from twh_server.ledger.entries import EntryKind
from twh_server.ledger.lines import SIGNS, Line
from twh_server.ledger.refusals import InsufficientStock, InvalidEntry
from twh_server.tenancy.settings import UpdateSettings

APPLE = Line(item="apples", quantity="1", location="MAIN")
LESS = Line(item="apples", quantity="-1", location="MAIN")


async def choose(stockroom, **changes):
    await stockroom.do(UpdateSettings(changes=changes))


async def problems(asked):
    with pytest.raises(InvalidEntry) as refusal:
        await asked
    return [(error.pointer, error.code) for error in refusal.value.errors]


def ago(**time):
    return datetime.now(UTC) - timedelta(**time)


OUT_OF_RANGE = [("/occurred_at", "occurred_at_out_of_range")]


@pytest.mark.parametrize(("days", "taken", "refused"), [(30, 29, 31), (1, 0.9, 1.1), (3650, 3649, 3651)])
async def test_an_entry_may_be_as_old_as_was_chosen(stockroom, days, taken, refused):
    await choose(stockroom, occurred_at_back_days=days)

    assert await stockroom.record("receipt", APPLE, occurred_at=ago(days=taken))
    assert await problems(stockroom.record("receipt", APPLE, occurred_at=ago(days=refused))) == OUT_OF_RANGE


async def test_with_no_days_back_an_entry_happens_when_it_is_recorded(stockroom):
    await choose(stockroom, occurred_at_back_days=0)

    assert await stockroom.record("receipt", APPLE)
    assert await problems(stockroom.record("receipt", APPLE, occurred_at=ago(seconds=1))) == OUT_OF_RANGE


async def test_a_live_tenant_may_choose_any_past_time(open_stockroom):
    live = await open_stockroom("live")
    await choose(live, occurred_at_back_days=None)

    assert await live.record("receipt", APPLE, occurred_at=datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize(("minutes", "taken", "refused"), [(0, 0, 1), (1440, 1439, 1441)])
async def test_an_entry_may_be_as_early_as_was_chosen(stockroom, minutes, taken, refused):
    await choose(stockroom, occurred_at_ahead_minutes=minutes)

    assert await stockroom.record("receipt", APPLE, occurred_at=ago(minutes=-taken))
    assert await problems(stockroom.record("receipt", APPLE, occurred_at=ago(minutes=-refused))) == OUT_OF_RANGE


async def test_a_reversal_obeys_too(stockroom):
    receipt = await stockroom.receive("apples", 5)
    await choose(stockroom, occurred_at_back_days=1, reason_required=["reversal"])
    late = stockroom.reverse(receipt, occurred_at=ago(days=2))

    assert await problems(late) == [("/reason", "reason_required"), *OUT_OF_RANGE]
    assert (await stockroom.reverse(receipt, reason="wrong bin")).reason == "wrong bin"


async def test_an_adjustment_has_one_of_the_reasons_that_there_are(stockroom):
    await stockroom.receive("apples", 5)
    await choose(stockroom, adjustment_reasons=["damaged", "lost in transit"])

    assert (await stockroom.record("adjustment", LESS, reason="damaged")).reason == "damaged"
    with pytest.raises(InvalidEntry) as refusal:
        await stockroom.record("adjustment", LESS, reason="because")
    (error,) = refusal.value.errors
    assert (refusal.value.code, error.pointer) == ("reason_unknown", "/reason")
    assert error.message.endswith("damaged, lost in transit.")


async def test_the_reasons_are_those_of_adjustments_only(stockroom):
    await choose(stockroom, adjustment_reasons=["damaged"])

    assert (await stockroom.record("receipt", APPLE, reason="a present")).reason == "a present"


async def test_an_adjustment_without_a_reason_is_told_which_there_are(stockroom):
    await choose(stockroom, adjustment_reasons=["damaged", "stolen"])

    with pytest.raises(InvalidEntry) as refusal:
        await stockroom.record("adjustment", APPLE)
    assert refusal.value.code == "reason_required"
    assert "damaged, stolen" in refusal.value.detail


async def test_what_was_chosen_needs_a_reason(stockroom):
    await choose(stockroom, reason_required=["receipt", "count"])

    for kind in ("receipt", "count"):
        assert await problems(stockroom.record(kind, APPLE)) == [("/reason", "reason_required")]
    assert await stockroom.record("return", APPLE)
    assert await stockroom.record("receipt", APPLE, reason="weekly")


def test_a_reason_can_be_asked_of_every_kind_of_entry():
    assert set(get_args(EntryKind)) == {*SIGNS, "reversal"}


async def promised(superuser, stockroom, quantity):
    """So much of the apples at MAIN is promised to somebody."""
    await superuser.execute(
        "update stock_levels set reserved = %s where tenant_id = %s", (quantity, stockroom.shop.tenant)
    )


async def test_what_is_promised_is_taken_only_where_overselling_was_chosen(stockroom, superuser):
    await stockroom.receive("apples", 5)
    await promised(superuser, stockroom, 4)

    with pytest.raises(InsufficientStock):
        await stockroom.issue("apples", 2)
    await choose(stockroom, oversell=True)
    level = (await stockroom.issue("apples", 5)).levels[0]
    assert (level.on_hand, level.reserved, level.available) == ("0", "4", "-4")
    with pytest.raises(InsufficientStock) as refusal:
        await stockroom.issue("apples", 1)
    assert (refusal.value.facts["on_hand"], refusal.value.facts["available"]) == ("0", "-4")


async def test_an_entry_decided_after_a_change_follows_it_in_the_same_batch(stockroom):
    old = stockroom.entry("receipt", APPLE, occurred_at=ago(days=100))
    strict, lenient = (UpdateSettings(changes={"occurred_at_back_days": days}) for days in (7, 365))
    await choose(stockroom, oversell=True)
    outcomes = await asyncio.gather(
        *(stockroom.do(command) for command in (old, strict, old, lenient, old)), return_exceptions=True
    )
    blocks = await stockroom.rows("select count(*) from blocks where tenant_id = %(tenant)s")

    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Entry",
        "SettingsRow",
        "InvalidEntry",
        "SettingsRow",
        "Entry",
    ]
    assert blocks[0][0] < 9  # some of them shared a batch
