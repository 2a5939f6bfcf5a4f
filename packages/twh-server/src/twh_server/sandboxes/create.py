"""Creating a sandbox: a tenant of its own with a key and three weeks of history, all through the journal."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from twh_server.access.keys import NewKey, create_key
from twh_server.access.scopes import SANDBOX_SCOPES
from twh_server.access.tenants import Tenant, create_tenant
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TenantId
from twh_server.journal.commands import Actor, Command
from twh_server.journal.writer import Writer
from twh_server.ledger.reverse import ReverseEntry
from twh_server.sandboxes.seed import story
from twh_server.sandboxes.shop import LOCATIONS, items

DEFAULT_NAME = "Sandbox"


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant to try things in, and the key to it. The secret is shown this once."""

    tenant: Tenant
    key: NewKey


async def create_sandbox(database: Database, writer: Writer, *, name: str = DEFAULT_NAME, seed: bool = True) -> Sandbox:
    """Create a tenant, seeded or empty. Raises what `Writer.submit` raises; of one that failed half-way, nobody has the key."""
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name=name, kind="sandbox")
        key = await create_key(tx, tenant, name="sandbox", scopes=SANDBOX_SCOPES)
    if seed:
        await _seed(writer, tenant, key)
    return Sandbox(tenant=tenant, key=key)


async def _seed(writer: Writer, tenant: Tenant, key: NewKey) -> None:
    tenant_id, key_id = tenant.identifier, KEY.parse(key.id)
    assert key_id is not None
    actor = Actor(key=key_id, name=key.name)
    await _do(writer, tenant_id, actor, [*LOCATIONS, *items()])
    told = await _do(writer, tenant_id, actor, story(actor, datetime.now(UTC)))
    await _do(writer, tenant_id, actor, [ReverseEntry(entry=told[-1].id, actor=actor, reason="booked twice")])


async def _do(writer: Writer, tenant: TenantId, actor: Actor, commands: Iterable[Command[Any]]) -> list[Any]:
    """Everything at once: the journal takes it in order, in few batches. Nothing of the story may be refused."""
    return await asyncio.gather(*(writer.do(tenant, command, actor=actor) for command in commands))
