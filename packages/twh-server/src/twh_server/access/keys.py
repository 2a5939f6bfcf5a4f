"""API keys: a secret that is shown once and stored as its digest, with a name, a role or scopes, and an end.

A found key is believed for two seconds, so a revoked key stops working within two seconds everywhere.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import msgspec

from twh_server.access.attempts import Attempts, source_of
from twh_server.access.key_form import check_form, digest_of, new_secret
from twh_server.access.last_use import LastUse
from twh_server.access.refusals import ApiKeyExpired, ApiKeyRevoked, ApiKeyUnknown
from twh_server.access.scopes import ROLES, SCOPES, Scope
from twh_server.access.tenants import Tenant, TenantKind, TenantState
from twh_server.database.engine import Connection, Database
from twh_server.database.identifiers import KEY, KeyId, TenantId, fresh

BELIEVED_SECONDS = 2.0
CACHED_KEYS_MAX = 10_000
PROVEN_KEYS_MAX = 50_000
"""Of so many keys is remembered that they exist: they are looked up even for an address from which others guess."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What a valid key gives: whose data, under which name, and what may be done."""

    tenant: TenantId
    tenant_kind: TenantKind
    tenant_state: TenantState = "active"
    key: KeyId
    name: str
    scopes: frozenset[str]
    role: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    """As it was written when the key was looked up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A key as it was looked up, whether it still opens anything or not."""

    access: Access
    revoked_at: datetime | None
    successor: KeyId | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. Its secret is nowhere else: whoever loses it makes another key."""

    id: str
    name: str
    secret: str
    scopes: list[str]


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
        self.last_use = LastUse(database)
        self._database = database
        self._seconds = seconds
        self._cached_max = cached_max
        self._clock = clock
        self._attempts = Attempts(clock=clock)
        self._known: dict[bytes, tuple[float, asyncio.Task[_Found | None]]] = {}
        self._proven: OrderedDict[bytes, None] = OrderedDict()

    async def find(self, secret: str, *, source: str = "") -> Access:
        """What the key gives to a client at the address `source`.

        Raises ApiKeyMistyped, ApiKeyUnknown, ApiKeyRevoked, ApiKeyExpired, TooManyAttempts, or one of `Transient`.
        """
        digest = digest_of(secret)
        believed_until, looking = self._known.get(digest, (0.0, None))
        if looking is None or believed_until <= self._clock():
            check_form(secret)
            looking = self._look(digest, source_of(source))
        # Shielded: others wait for the same answer, and one who goes away does not take it from them.
        found = looking.result() if looking.done() else await asyncio.shield(looking)
        if found is None:
            raise ApiKeyUnknown
        access = found.access
        if found.revoked_at:
            raise ApiKeyRevoked(KEY.text(access.key), found.revoked_at)
        if access.expires_at and access.expires_at <= datetime.now(UTC):
            successor = KEY.text(found.successor) if found.successor else None
            raise ApiKeyExpired(KEY.text(access.key), access.expires_at, successor)
        self.last_use.note(access.tenant, access.key)
        return access

    def _look(self, digest: bytes, source: str) -> "asyncio.Task[_Found | None]":
        self._known.pop(digest, None)
        is_new = digest not in self._proven
        if is_new:
            # Taken before the question, and given back when there is such a key: a thousand guesses at once are a thousand.
            self._attempts.take(source)
        if len(self._known) >= self._cached_max:
            del self._known[next(iter(self._known))]
        looking = asyncio.create_task(self._look_up(digest, source if is_new else None))
        # Counted from before the question, so that nothing older than `seconds` is ever believed.
        self._known[digest] = (self._clock() + self._seconds, looking)
        return looking

    async def _look_up(self, digest: bytes, attempt_of: str | None) -> _Found | None:
        try:
            rows = await self._database.anywhere(FIND_KEY, {"digest": digest})
        except BaseException:
            self._known.pop(digest, None)
            if attempt_of is not None:
                self._attempts.give_back(attempt_of)
            raise
        if not rows:
            return None
        if attempt_of is not None:
            self._attempts.give_back(attempt_of)
        self._prove(digest)
        tenant, kind, state, key, name, role, scopes, expires_at, revoked_at, last_used_at, successor = rows[0]
        access = Access(
            tenant=tenant,
            tenant_kind=kind,
            tenant_state=state,
            key=key,
            name=name,
            scopes=scopes_of(role, scopes),
            role=role,
            expires_at=expires_at,
            last_used_at=last_used_at,
        )
        return _Found(access=access, revoked_at=revoked_at, successor=successor)

    def _prove(self, digest: bytes) -> None:
        self._proven[digest] = None
        self._proven.move_to_end(digest)
        if len(self._proven) > PROVEN_KEYS_MAX:
            self._proven.popitem(last=False)


def scopes_of(role: str | None, scopes: Collection[str]) -> frozenset[str]:
    """What a key may do: what its role means now, or the scopes that it was given."""
    roles = cast("Mapping[str, frozenset[str]]", ROLES)
    return roles.get(role, frozenset(scopes)) if role else frozenset(scopes)


async def create_key(
    tx: Connection, tenant: Tenant, *, name: str, scopes: Collection[Scope], expires_at: datetime | None = None
) -> NewKey:
    """Make the first key of a tenant, before its ledger has a head to hold. Raises ValueError for an unknown scope."""
    if unknown := sorted(set(scopes) - SCOPES.keys()):
        raise ValueError(f"no such scope: {', '.join(unknown)}")
    key_id, secret = KeyId(fresh()), new_secret(tenant.kind)
    chosen = [scope for scope in SCOPES if scope in scopes]
    row = {
        "tenant": tenant.identifier,
        "id": key_id,
        "name": name,
        "digest": digest_of(secret),
        "scopes": chosen,
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
    }
    await tx.execute(ADD_KEY, row)
    return NewKey(id=KEY.text(key_id), name=name, secret=secret, scopes=list(chosen))


FIND_KEY = """
select k.tenant_id, t.kind, t.state, k.id, k.name, k.role, k.scopes, k.expires_at, k.revoked_at, k.last_used_at,
       k.successor
from api_keys as k
cross join lateral (
    select kind, state
    from tenants
    where id = k.tenant_id
    limit 1
) as t
where k.digest = %(digest)s
"""

ADD_KEY = """
insert into api_keys (tenant_id, id, name, digest, scopes, created_at, expires_at)
values (%(tenant)s, %(id)s, %(name)s, %(digest)s, %(scopes)s, %(created_at)s, %(expires_at)s)
"""
