"""API keys as their tenant sees them: everything but the secret, which only the one who made it was ever shown.

Keys are looked up by digest before anyone knows whose they are, so their table is outside row security: every statement
here names the tenant.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.access.keys import scopes_of
from twh_server.access.scopes import SCOPES
from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import KEY, KeyId, TenantId
from twh_server.journal.commands import Facts, Index, Read
from twh_server.journal.versions import etag
from twh_server.tenancy.refusals import ApiKeyNotFound

TAG = "ak"

KEYS_MAX = 1_000
"""So many keys of a tenant may work at a time."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without its secret."""

    id: Annotated[str, Meta(description="The key's id.", examples=["key_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    name: Annotated[str, Meta(description="What it is for.", examples=["till 3"])]
    role: Annotated[
        str | None,
        Meta(description="The role it was given: its scopes are what the role means.", examples=["developer"]),
    ]
    scopes: Annotated[list[str], Meta(description="What it may do.", examples=[["stock:read", "stock:write"]])]
    created_at: datetime
    expires_at: Annotated[datetime | None, Meta(description="When it stops to work by itself.")]
    revoked_at: Annotated[datetime | None, Meta(description="When it was ended by hand.")]
    last_used_at: Annotated[
        datetime | None, Meta(description="When it was used last, to the minute. It makes no new version.")
    ]
    successor: Annotated[str | None, Meta(description="The key that takes its place, once it is rotated.")]
    version: int
    etag: str


class NewApiKey(ApiKey, frozen=True, kw_only=True):
    """An API key just made, with its secret. It is shown this once."""

    secret: Annotated[str, Meta(description="The key itself. Shown once.", examples=["twh_test_7kQmZ2…"])]


class ApiKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as the database has it."""

    id: KeyId
    name: str
    digest: bytes
    role: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    successor: KeyId | None
    version: int

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return etag(TAG, self.version)

    @property
    def allows(self) -> list[str]:
        """What it may do now, in the order of the scopes."""
        allowed = scopes_of(self.role, self.scopes)
        return [scope for scope in SCOPES if scope in allowed]

    def ended_at(self, now: datetime) -> datetime | None:
        """When it stopped to work; None as long as it works."""
        if self.revoked_at:
            return self.revoked_at
        return self.expires_at if self.expires_at and self.expires_at <= now else None

    def shown(self) -> ApiKey:
        """The key as the outside sees it."""
        return ApiKey(**self._public())

    def shown_once(self, secret: str) -> NewApiKey:
        """The key as the one who made it sees it, that once."""
        return NewApiKey(**self._public(), secret=secret)

    def _public(self) -> dict[str, Any]:
        return {
            "id": KEY.text(self.id),
            "name": self.name,
            "role": self.role,
            "scopes": self.allows,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "last_used_at": self.last_used_at,
            "successor": KEY.text(self.successor) if self.successor else None,
            "version": self.version,
            "etag": self.etag,
        }


async def get_key(database: Database, tenant: TenantId, text: str) -> ApiKeyRow:
    """The key with an id. Raises ApiKeyNotFound."""
    found = await database.anywhere(ONE_KEY, {"tenant": tenant, "id": KEY.parse(text)})
    if not found:
        raise ApiKeyNotFound(text)
    return key_of(found[0])


async def list_keys(database: Database, tenant: TenantId, *, after: UUID | None, limit: int) -> Sequence[ApiKeyRow]:
    """A page of keys, oldest first, the ended ones too, behind the key `after`."""
    rows = await database.anywhere(LIST_KEYS, {"tenant": tenant, "after": after, "limit": limit})
    return [key_of(row) for row in rows]


async def tenant_of(database: Database, key: KeyId) -> TenantId | None:
    """Whose key it is: for whoever operates the server. None when there is no such key."""
    found = await database.anywhere(TENANT_OF_KEY, {"id": key})
    return found[0][0] if found else None


COLUMNS = "id, name, digest, role, scopes, created_at, expires_at, revoked_at, last_used_at, successor, version"

KEY_BY_ID: Index[UUID, ApiKeyRow] = Index("api keys by id")
KEYS_COUNTED: Index[None, int] = Index("how many api keys work")


def key_of(row: Row) -> ApiKeyRow:
    """A key from a row of `COLUMNS`."""
    return ApiKeyRow(**dict(zip(ApiKeyRow.__struct_fields__, row, strict=True)))


def find(facts: Facts, text: str) -> ApiKeyRow:
    """The key that an id refers to. Raises ApiKeyNotFound."""
    identifier = KEY.parse(text)
    key = facts.of(KEY_BY_ID).get(identifier) if identifier else None
    if key is None:
        raise ApiKeyNotFound(text)
    return key


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(KEY_BY_ID).update({key.id: key for key in map(key_of, rows)})


def _enter_count(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(KEYS_COUNTED)[None] = rows[0][0]


KEYS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select {COLUMNS}
    from api_keys
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
) as found
""",
    enter=_enter,
)

COUNT_KEYS = Read(
    sql="""
select
    (select count(*) from api_keys where tenant_id = %(tenant)s and revoked_at is null and expires_at is null)
    + (select count(*) from api_keys where tenant_id = %(tenant)s and revoked_at is null and expires_at > now())
""",
    enter=_enter_count,
)

ONE_KEY = f"""
select {COLUMNS}
from api_keys
where tenant_id = %(tenant)s and id = %(id)s
"""

LIST_KEYS = f"""
select {COLUMNS}
from api_keys
where tenant_id = %(tenant)s and (%(after)s::uuid is null or id > %(after)s)
order by id
limit %(limit)s
"""

TENANT_OF_KEY = """
select tenant_id
from api_keys
where id = %(id)s
"""
