"""Shops: tenants with items in stock, written by the journal as everything is."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.tenants import create_tenant
from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TenantId
from twh_server.events.bell import Bell
from twh_server.journal import batch
from twh_server.journal.commands import Actor, Answer, Command, Submission
from twh_server.journal.writer import Writer
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry
from twh_server.refusals import Refusal

LOCATION = "MAIN"
STOCKED_AT_ONCE = 500
STOCKED_QUANTITY = 1_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shop:
    """A tenant with `skus` items, all of them in stock at one location, and its key."""

    tenant: TenantId
    secret: str
    actor: Actor
    skus: Sequence[str]


def skus(items: int) -> list[str]:
    """The SKUs of a shop of so many items."""
    return [f"SKU-{number}" for number in range(items)]


def stock_shops(address: Address, tenants: int, items: int, *, at: datetime | None = None) -> list[Shop]:
    """So many tenants, each with so many items in stock: since now, or since a time that has passed."""

    async def stock() -> list[Shop]:
        async with Database(address) as database:
            writer = Writer(database, Bell(), clock=lambda: at or batch.now())
            shops = [await _stocked(database, writer, items, at) for _ in range(tenants)]
            await writer.close()
            return shops

    return asyncio.run(stock())


def open_shop(address: Address) -> Shop:
    """A tenant with nothing in it."""

    async def open_() -> Shop:
        async with Database(address) as database:
            return await _opened(database, [], None)

    return asyncio.run(open_())


async def _stocked(database: Database, writer: Writer, items: int, at: datetime | None) -> Shop:
    shop = await _opened(database, skus(items), at)
    await _carry_out(writer, shop, [CreateLocation(code=LOCATION, name="Main")])
    for some in _parted(shop.skus, STOCKED_AT_ONCE):
        await _carry_out(writer, shop, [CreateItem(sku=sku, name=f"Item {sku}") for sku in some])
        lines = [Line(item=sku, location=LOCATION, quantity=str(STOCKED_QUANTITY)) for sku in some]
        await _carry_out(writer, shop, [RecordEntry(kind="receipt", lines=lines, actor=shop.actor)])
    return shop


async def _opened(database: Database, wanted: Sequence[str], at: datetime | None) -> Shop:
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name="Bench", kind="live")
        key = await create_key(tx, tenant, name="bench", scopes=ALL_SCOPES)
        if at:
            # No ledger goes back in time; this one has nothing in it yet.
            await tx.execute("update ledger_heads set recorded_at = %s where tenant_id = %s", (at, tenant.identifier))
    key_id = KEY.parse(key.id)
    assert key_id is not None
    return Shop(tenant=tenant.identifier, secret=key.secret, actor=Actor(key=key_id, name=key.name), skus=wanted)


async def _carry_out(writer: Writer, shop: Shop, commands: Iterable[Command[Any]]) -> None:
    """Submit everything at once: the journal takes it in order, in few batches."""
    submissions = [
        Submission(tenant=shop.tenant, command=command, answer=_answer, refuse=_refuse, actor=shop.actor)
        for command in commands
    ]
    await asyncio.gather(*(writer.submit(submission) for submission in submissions))


def _answer(_: object) -> Answer:
    """Nobody reads it."""
    return Answer(status=201)


def _refuse(refusal: Refusal) -> Answer:
    """Nothing of a shop may be refused."""
    raise refusal


def _parted(skus: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (skus[first : first + size] for first in range(0, len(skus), size))
