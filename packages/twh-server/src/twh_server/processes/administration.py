"""What whoever runs a server does by hand: migrate, make tenants, seal again."""

import sys
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from twh_server.access import tenants
from twh_server.access.tenants import Tenant, TenantKind
from twh_server.database.engine import Database
from twh_server.database.identifiers import TENANT, TenantId
from twh_server.database.migrate import migrate
from twh_server.database.revisions import REVISION, standing_of
from twh_server.events.bell import Bell
from twh_server.journal.commands import Command
from twh_server.journal.writer import Writer
from twh_server.processes.listening import CannotStart
from twh_server.processes.starting import address_of, answered, migrated, sealer_of
from twh_server.settings import Settings
from twh_server.webhooks.reseal import reseal

T = TypeVar("T")


def bring_up_to_date(settings: Settings) -> None:
    """Migrate the database; one that a newer server migrated is left as it is. Raises CannotStart."""
    address = address_of(settings)
    standing = answered(lambda: standing_of(address))
    if standing.fits_as_promised:
        show(f"The database is at revision {standing.revision}, which is newer than this server and works with it.")
        return
    if not standing.is_known:
        raise CannotStart(standing.is_newer())
    try:
        migrate(address)
    except (DBAPIError, psycopg.Error) as fault:
        reason = str(fault.orig if isinstance(fault, DBAPIError) else fault).strip().splitlines()[0]
        raise CannotStart(
            f"The database cannot be migrated: {reason}. The login has to create roles and tables."
        ) from None
    show(f"The database is at revision {REVISION}.")


async def add_tenant(settings: Settings, name: str, kind: TenantKind) -> None:
    """Create a tenant and print its id."""
    async with Database(migrated(settings)) as database, database.transaction() as tx:
        tenant = await tenants.create_tenant(tx, name=name, kind=kind)
    show(tenant.id)


async def show_tenants(settings: Settings) -> None:
    """Print the tenants, one a line."""
    async with Database(migrated(settings)) as database:
        for tenant in await tenants.list_tenants(database):
            show(f"{tenant.id}  {tenant.kind:8}  {tenant.state:9}  {tenant.name}")


async def seal_again(settings: Settings) -> None:
    """Seal what lies under older keys under the newest, and say whether older ones are needed any more."""
    sealer = sealer_of(settings)
    async with Database(migrated(settings)) as database:
        told = await reseal(database, sealer)
    show(f"{told.endpoints} webhook endpoints were sealed again; the key's name is {sealer.name.hex()}.")
    if told.closed:
        show(f"{told.closed} endpoints have a secret that no key here opens: add its key to TWH_SECRETS_KEYS_OLD.")
    if told.newest_answer:
        show(
            f"{told.answers} answers are still kept under older keys, the newest since {told.newest_answer:%Y-%m-%d %H:%M}"
            " UTC. They are forgotten when they are old enough: keep TWH_SECRETS_KEYS_OLD, and run this again then."
        )
    if told.done:
        show("Nothing needs TWH_SECRETS_KEYS_OLD any more.")


async def tenant_named(database: Database, text: str) -> Tenant:
    """The tenant with an id. Raises CannotStart."""
    identifier = TENANT.parse(text)
    tenant = await tenants.find_tenant(database, identifier) if identifier else None
    if tenant is None:
        raise CannotStart(f"No tenant has the id {text}. `twh-server tenant list` shows them.")
    return tenant


async def carry_out(database: Database, tenant: TenantId, command: Command[T]) -> T:
    """Carry out one command for a tenant. Raises what `Writer.do` raises."""
    writer = Writer(database, Bell())
    try:
        return await writer.do(tenant, command)
    finally:
        await writer.close()


def show(line: str) -> None:
    """Print a line: data goes to stdout, talk to stderr."""
    sys.stdout.write(f"{line}\n")
