"""What whoever runs a server does with a whole tenant: show, suspend, resume, close, export, purge."""

import asyncio
import contextlib
import os
import shlex
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import BinaryIO

import psycopg

from twh_server.access.refusals import TenantClosed
from twh_server.access.tenants import Tenant, TenantState
from twh_server.database.engine import Database
from twh_server.database.guards import OWNER
from twh_server.processes.administration import carry_out, show, tenant_named
from twh_server.processes.listening import CannotStart, say
from twh_server.processes.starting import address_of, migrated
from twh_server.settings import Settings
from twh_server.tenancy import lifecycle
from twh_server.tenancy.export import export
from twh_server.tenancy.lifecycle import ChangeState

STANDING = """
select h.sequence, (select count(*) from api_keys as k where k.tenant_id = h.tenant_id and k.revoked_at is null)
from ledger_heads as h
where h.tenant_id = %(tenant)s
"""


async def show_tenant(settings: Settings, text: str) -> None:
    """Print what there is to know of a tenant."""
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, text)
        tenant_id = tenant.identifier
        ((events, keys),) = await database.read(tenant_id, STANDING, {"tenant": tenant_id})
    since = f" since {tenant.state_changed_at:%Y-%m-%d %H:%M} UTC" if tenant.state_changed_at else ""
    show(f"id       {tenant.id}")
    show(f"name     {tenant.name}")
    show(f"kind     {tenant.kind}")
    show(f"state    {tenant.state}{since}")
    show(f"created  {tenant.created_at:%Y-%m-%d %H:%M} UTC")
    show(f"keys     {keys} not revoked")
    show(f"events   {events}")


ACTIONS: Mapping[str, TenantState] = {"suspend": "suspended", "resume": "active", "close": "closed"}


async def change_state(settings: Settings, text: str, action: str) -> None:
    """Suspend, resume or close a tenant (one of `ACTIONS`), as a fact of its ledger."""
    state = ACTIONS[action]
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, text)
        try:
            await carry_out(database, tenant.identifier, ChangeState(to=state))
        except TenantClosed:
            raise CannotStart(f"{tenant.id} ({tenant.name}) is closed, and stays closed.") from None
    show(f"{tenant.id} ({tenant.name}) is {state}; every server knows within two seconds.")


async def export_tenant(settings: Settings, text: str, to: Path) -> None:
    """Write everything that is a tenant's own into a new file, as it is at this moment."""
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, text)
        with whole_file(to, f"{tenant.id}.jsonl") as (file, target):
            async for line in export(database, tenant.identifier):
                file.write(line)
    show(str(target))


@contextlib.contextmanager
def whole_file(to: Path, name: str) -> Generator[tuple[BinaryIO, Path]]:
    """A new file, `to` or of a name in that folder: only its owner may read it, and it has its name once it is whole.

    Raises CannotStart when it is there already, or cannot be written.
    """
    target = to / name if to.is_dir() else to
    partial = target.with_name(f"{target.name}.partial")
    if target.exists():
        raise CannotStart(f"{target} is there already, and is not written over.")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CannotStart(
            f"{partial} is there: somebody is writing it, or was broken off. Remove it, and try again."
        ) from None
    except OSError as fault:
        raise CannotStart(f"{partial} cannot be written: {fault.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, target
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def purge_tenant(settings: Settings, text: str, name: str | None) -> None:
    """Delete a closed tenant whole, once its name was typed (or given as `name`)."""
    asyncio.run(_purge(settings, text, name))


async def _purge(settings: Settings, text: str, name: str | None) -> None:
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, text)
    if tenant.state != "closed":
        raise CannotStart(
            f"{tenant.id} ({tenant.name}) is {tenant.state}. Only a closed tenant is purged: `twh-server tenant close {tenant.id}`."
        )
    if (_typed(tenant) if name is None else name) != tenant.name:
        raise CannotStart(f"That is not its name ({tenant.name}). Nothing was deleted.")
    try:
        async with await psycopg.AsyncConnection.connect(address_of(settings).as_role(OWNER)) as tx:
            events = await lifecycle.purge(tx, tenant.identifier)
    except psycopg.OperationalError as fault:
        reason = str(fault).strip().splitlines()[0]
        raise CannotStart(f"Nothing was deleted: {reason}. Purge with the login that migrates.") from None
    except psycopg.Error as fault:
        raise CannotStart(f"Nothing was deleted: {str(fault).splitlines()[0]}.") from None
    show(f"{tenant.id} ({tenant.name}) is purged: {events} events and all that belonged to them are gone.")


def _typed(tenant: Tenant) -> str:
    if not sys.stdin.isatty():
        raise CannotStart(
            f"Purging has to be confirmed. Where nobody can be asked: `--yes-purge {shlex.quote(tenant.name)}`."
        )
    say(f"Everything of {tenant.id} will be deleted, and nothing brings it back. An export of it: `twh-server tenant")
    say(f"export {tenant.id} --to FILE`. To purge it, type its name ({tenant.name}):")
    return sys.stdin.readline().rstrip("\n")
