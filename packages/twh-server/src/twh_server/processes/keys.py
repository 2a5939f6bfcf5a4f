"""What whoever runs a server does with a tenant's API keys, as facts of its ledger: create, list, rotate, revoke."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from twh_server.access.key_form import new_secret
from twh_server.access.scopes import ROLES, SCOPES
from twh_server.access.tenants import find_tenant
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TenantId
from twh_server.journal.commands import Command
from twh_server.processes.administration import carry_out, show, tenant_named
from twh_server.processes.listening import CannotStart, say
from twh_server.processes.starting import migrated
from twh_server.refusals import Refusal
from twh_server.settings import Settings
from twh_server.tenancy import api_keys
from twh_server.tenancy.api_keys import ApiKeyRow, NewApiKey
from twh_server.tenancy.key_commands import OVERLAP_SECONDS_MAX, CreateKey, RevokeKey, RotateKey

ROLE_DEFAULT = "owner"
KEYS_A_LOOK = 500

T = TypeVar("T")


async def add_key(settings: Settings, text: str, *, name: str, role: str | None, scopes: list[str] | None) -> None:
    """Create a key of a tenant and print its secret, this once. Without a role and scopes, it is an owner's."""
    if role and scopes:
        raise CannotStart("Give --role or --scope: one of the two.")
    if role and role not in ROLES:
        raise CannotStart(f"There is no role {role}. There are {', '.join(ROLES)}.")
    if unknown := sorted(set(scopes or ()) - set(SCOPES)):
        raise CannotStart(f"There is no scope {', '.join(unknown)}. There are {', '.join(SCOPES)}.")
    async with Database(migrated(settings)) as database:
        tenant = await tenant_named(database, text)
        command = CreateKey(
            name=name,
            role=role or (None if scopes else ROLE_DEFAULT),
            scopes=scopes,
            secret=new_secret(tenant.kind),
        )
        key = await _carry_out(database, tenant.identifier, command)
    _tell(key, f"{key.id} is made.")


async def show_keys(settings: Settings, text: str) -> None:
    """Print a tenant's keys, one a line."""
    async with Database(migrated(settings)) as database:
        tenant = (await tenant_named(database, text)).identifier
        page = await api_keys.list_keys(database, tenant, after=None, limit=KEYS_A_LOOK)
        while page:
            for key in page:
                show(_line(key))
            page = await api_keys.list_keys(database, tenant, after=page[-1].id, limit=KEYS_A_LOOK)


async def rotate_key(settings: Settings, text: str, *, overlap_seconds: int) -> None:
    """Put a new key in the place of one, and print its secret, this once; the old one goes on for the overlap."""
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise CannotStart(f"--overlap takes 0 to {OVERLAP_SECONDS_MAX} seconds.")
    async with Database(migrated(settings)) as database:
        owner = await _owner_of(database, text)
        tenant = await find_tenant(database, owner)
        assert tenant is not None
        overlap = timedelta(seconds=overlap_seconds)
        key = await _carry_out(database, owner, RotateKey(key=text, overlap=overlap, secret=new_secret(tenant.kind)))
    _tell(key, f"{key.id} takes the place of {text}, which ends in {overlap_seconds} seconds.")


async def end_key(settings: Settings, text: str) -> None:
    """Revoke a key."""
    async with Database(migrated(settings)) as database:
        await _carry_out(database, await _owner_of(database, text), RevokeKey(key=text))
    show(f"{text} is revoked; every server stops to believe it within two seconds.")


async def _owner_of(database: Database, text: str) -> TenantId:
    key = KEY.parse(text)
    tenant = await api_keys.tenant_of(database, key) if key else None
    if tenant is None:
        raise CannotStart(f"No key has the id {text}. `twh-server key list TENANT` shows a tenant's.")
    return tenant


async def _carry_out(database: Database, tenant: TenantId, command: Command[T]) -> T:
    try:
        return await carry_out(database, tenant, command)
    except Refusal as refusal:
        raise CannotStart(refusal.detail) from None


def _tell(key: NewApiKey, what: str) -> None:
    say(f"{what} Keep its secret: it is not shown again.")
    show(key.secret)


def _line(key: ApiKeyRow) -> str:
    ended = "revoked" if key.revoked_at else "expired" if key.ended_at(datetime.now(UTC)) else "valid"
    used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    return f"{KEY.text(key.id)}  {ended:8}  {used:16}  {key.name}  {key.role or ' '.join(key.scopes)}"
