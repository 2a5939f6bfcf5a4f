"""API keys: a secret that is shown once and stored as its digest, with a name, scopes, and an end.

A found key is believed for two seconds, so a revoked key stops working within two seconds everywhere.
"""

import asyncio
import hashlib
import re
import secrets
import string
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from twh_server.access.scopes import SCOPES, Scope
from twh_server.access.tenants import Tenant, TenantKind
from twh_server.database.engine import Connection, Database
from twh_server.database.identifiers import KEY, TENANT, KeyId, TenantId, fresh

BELIEVED_SECONDS = 2.0
CACHED_KEYS_MAX = 10_000
SECRET_LENGTH = 32

_LETTERS = string.ascii_letters + string.digits
_STARTS: dict[TenantKind, str] = {"live": "twh_live_", "sandbox": "twh_test_"}
_SECRET = re.compile(r"twh_(live|test)_[0-9A-Za-z]{28,64}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What a valid key gives: whose data, under which name, and what may be done."""

    tenant: TenantId
    tenant_kind: TenantKind
    key: KeyId
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. Its secret is nowhere else: whoever loses it makes another key."""

    id: str
    name: str
    secret: str
    scopes: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyInfo:
    """What can be told about a key once it is made."""

    id: str
    tenant: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Keys:
    """The keys as one server process knows them: looked up by digest, each answer believed for some seconds."""

    def __init__(
        self,
        database: Database,
        seconds: float = BELIEVED_SECONDS,
        *,
        cached_max: int = CACHED_KEYS_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._cached_max = cached_max
        self._clock = clock
        self._known: dict[bytes, tuple[float, asyncio.Task[Access | None]]] = {}

    async def find(self, secret: str) -> Access | None:
        """What the key gives; None when it is no key, revoked or expired. Raises one of `Transient`."""
        if not _SECRET.fullmatch(secret):
            return None
        digest = digest_of(secret)
        believed_until, looking = self._known.get(digest, (0.0, None))
        if looking is None or believed_until <= self._clock():
            looking = self._look(digest)
        # Shielded: others wait for the same answer, and one who goes away does not take it from them.
        access = looking.result() if looking.done() else await asyncio.shield(looking)
        if access and access.expires_at and access.expires_at <= datetime.now(UTC):
            return None
        return access

    def _look(self, digest: bytes) -> "asyncio.Task[Access | None]":
        self._known.pop(digest, None)
        if len(self._known) >= self._cached_max:
            del self._known[next(iter(self._known))]
        looking = asyncio.create_task(self._look_up(digest))
        # Counted from before the question, so that nothing older than `seconds` is ever believed.
        self._known[digest] = (self._clock() + self._seconds, looking)
        return looking

    async def _look_up(self, digest: bytes) -> Access | None:
        try:
            rows = await self._database.anywhere(FIND_KEY, {"digest": digest})
        except BaseException:
            self._known.pop(digest, None)
            raise
        if not rows:
            return None
        tenant, kind, key, name, scopes, expires_at = rows[0]
        return Access(
            tenant=tenant, tenant_kind=kind, key=key, name=name, scopes=frozenset(scopes), expires_at=expires_at
        )


async def create_key(
    tx: Connection, tenant: Tenant, *, name: str, scopes: Collection[Scope], expires_at: datetime | None = None
) -> NewKey:
    """Make a key of a tenant. Raises ValueError for a scope that does not exist."""
    if unknown := sorted(set(scopes) - SCOPES.keys()):
        raise ValueError(f"no such scope: {', '.join(unknown)}")
    key_id, secret = KeyId(fresh()), new_secret(tenant.kind)
    chosen = [scope for scope in SCOPES if scope in scopes]
    row = {
        "tenant": TENANT.parse(tenant.id),
        "id": key_id,
        "name": name,
        "digest": digest_of(secret),
        "scopes": chosen,
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
    }
    await tx.execute(ADD_KEY, row)
    return NewKey(id=KEY.text(key_id), name=name, secret=secret, scopes=list(chosen))


async def revoke_key(tx: Connection, key: KeyId) -> bool:
    """End a key now; whether there was such a key that still worked."""
    return (await tx.execute(REVOKE_KEY, {"id": key, "now": datetime.now(UTC)})).rowcount > 0


async def list_keys(database: Database, tenant: TenantId) -> list[KeyInfo]:
    """The keys of a tenant, oldest first, the ended ones too."""
    return [
        KeyInfo(
            id=KEY.text(key_id),
            tenant=TENANT.text(tenant),
            name=name,
            scopes=scopes,
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=revoked_at,
        )
        for key_id, name, scopes, created_at, expires_at, revoked_at in await database.anywhere(
            LIST_KEYS, {"tenant": tenant}
        )
    ]


def new_secret(kind: TenantKind) -> str:
    """A secret that nobody can guess; its beginning says whether it works on live data."""
    return _STARTS[kind] + "".join(secrets.choice(_LETTERS) for _ in range(SECRET_LENGTH))


def digest_of(secret: str) -> bytes:
    """What is stored of a secret. It has 190 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


FIND_KEY = """
select k.tenant_id, t.kind, k.id, k.name, k.scopes, k.expires_at
from api_keys as k
join tenants as t on t.id = k.tenant_id
where k.digest = %(digest)s and k.revoked_at is null
"""

ADD_KEY = """
insert into api_keys (tenant_id, id, name, digest, scopes, created_at, expires_at)
values (%(tenant)s, %(id)s, %(name)s, %(digest)s, %(scopes)s, %(created_at)s, %(expires_at)s)
"""

REVOKE_KEY = """
update api_keys
set revoked_at = %(now)s
where id = %(id)s and revoked_at is null
"""

LIST_KEYS = """
select id, name, scopes, created_at, expires_at, revoked_at
from api_keys
where tenant_id = %(tenant)s
order by id
"""
