"""What whoever runs a server does by hand: migrate, make tenants, make and end keys."""

import sys
from typing import cast

import psycopg
from sqlalchemy.exc import DBAPIError

from twh_server.access import keys, tenants
from twh_server.access.scopes import SANDBOX_SCOPES, SCOPES, Scope
from twh_server.access.tenants import Tenant, TenantKind
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TENANT
from twh_server.database.migrate import migrate
from twh_server.database.revisions import REVISION, standing_of
from twh_server.processes.listening import CannotStart, say
from twh_server.processes.starting import address_of, answered, migrated, sealer_of
from twh_server.settings import Settings
from twh_server.webhooks.reseal import reseal


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


async def add_key(settings: Settings, tenant_id: str, name: str, scopes: list[str] | None) -> None:
    """Create a key of a tenant and print its secret, this once."""
    if unknown := sorted(set(scopes or ()) - set(SCOPES)):
        raise CannotStart(f"There is no scope {', '.join(unknown)}. There are {', '.join(SCOPES)}.")
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, tenant_id)
        async with database.transaction() as tx:
            wanted = cast("list[Scope]", scopes) if scopes else SANDBOX_SCOPES
            key = await keys.create_key(tx, tenant, name=name, scopes=wanted)
    say(f"{key.id} is made. Keep its secret: it is not shown again.")
    show(key.secret)


async def show_keys(settings: Settings, tenant_id: str) -> None:
    """Print a tenant's keys, one a line."""
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, tenant_id)
        identifier = TENANT.parse(tenant.id)
        assert identifier is not None
        for key in await keys.list_keys(database, identifier):
            show(f"{key.id}  {'revoked' if key.revoked_at else 'valid':8}  {key.name}  {' '.join(key.scopes)}")


async def end_key(settings: Settings, key_id: str) -> None:
    """Revoke a key."""
    identifier = KEY.parse(key_id)
    async with Database(migrated(settings)) as database, database.transaction() as tx:
        if identifier is None or not await keys.revoke_key(tx, identifier):
            raise CannotStart(f"No valid key has the id {key_id}. `twh-server key list TENANT` shows a tenant's.")
    show(f"{key_id} is revoked; every server stops to believe it within two seconds.")


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


def show(line: str) -> None:
    """Print a line: data goes to stdout, talk to stderr."""
    sys.stdout.write(f"{line}\n")
