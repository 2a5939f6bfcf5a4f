"""A ledger to which everything has happened, and a hand that changes it behind the guards' back."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.catalogue.item_commands import UpdateItem
from twh_server.database.identifiers import KeyId, fresh
from twh_server.journal.commands import Actor
from twh_server.ledger.entries import Reference
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry

HISTORY = {"entries", "stock_movements", "events", "blocks"}


# By another key than everything else.
PURCHASE = RecordEntry(
    kind="receipt",
    lines=[Line(item="flour", quantity="1", location="STORE"), Line(item="flour", quantity="2", location="STORE")],
    actor=Actor(key=KeyId(fresh()), name="another"),
    reference=Reference("purchase", "PO-1"),
)


@pytest.fixture
async def busy(stockroom):
    """A tenant to whom everything has happened that can."""
    await stockroom.do(UpdateItem(item="apples", changes={"reorder_point": "8"}), actor=stockroom.shop.actor)
    receipt = await stockroom.receive("apples", 20)
    await stockroom.receive("flour", "2.5", at="STORE")
    await stockroom.do(PURCHASE, actor=PURCHASE.actor)
    await stockroom.record("transfer", Line(item="apples", quantity="5", source="MAIN", target="STORE"))
    await stockroom.record("adjustment", Line(item="flour", quantity="-0.125", location="STORE"), reason="spilled")
    await stockroom.record("count", Line(item="apples", quantity="4", location="STORE"))
    late = datetime.now(UTC) - timedelta(minutes=1)
    await stockroom.record("count", Line(item="apples", quantity="4", location="STORE"), record_unchanged=True)
    await stockroom.record("issue", Line(item="apples", quantity="1", location="STORE"), occurred_at=late)
    await stockroom.issue("apples", 20, force=True)
    await stockroom.reverse(receipt, force=True)
    await asyncio.gather(*(stockroom.receive("apples", quantity) for quantity in range(1, 6)))
    return stockroom


@pytest.fixture
async def tamper(superuser, busy):
    """Change one tenant's history, as someone who may change the schema can: the guards are off for that moment."""

    async def tamper(table, statement, **values):
        async with switched_off(superuser, table):
            cursor = await superuser.execute(statement, {"tenant": busy.shop.tenant, **values})
            assert cursor.rowcount > 0

    yield tamper
    # A head that was moved to nobody would be found by followers for as long as the tests run.
    await superuser.execute("delete from ledger_heads where tenant_id not in (select id from tenants)")


@contextlib.asynccontextmanager
async def switched_off(superuser, table):
    async with superuser.transaction():
        await superuser.execute(f"alter table {table} disable trigger all")
        yield
        await superuser.execute(f"alter table {table} enable trigger all")
        if table in HISTORY:
            for guard in ("history_is_not_edited", "history_is_not_truncated"):
                await superuser.execute(f"alter table {table} enable always trigger {guard}")
