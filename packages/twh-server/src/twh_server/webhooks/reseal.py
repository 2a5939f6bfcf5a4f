"""Sealing again: once the key of the secrets is changed, what lies under older keys gets the newest.

It runs beside servers and may be stopped and run again at any time. Whoever changes an endpoint holds its tenant's head,
and so does whoever seals it again: neither writes over what the other has just written.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from twh_server.access.sealing import CannotUnseal, Sealer
from twh_server.database.engine import SET_TENANT, Connection, Database, Row

ENDPOINTS_A_TRANSACTION = 200
TENANTS_A_LOOK = 500

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class Resealed:
    """What was sealed again, and what still needs older keys."""

    endpoints: int = 0
    closed: int = 0
    """Endpoints with a secret that no key opens: they stay as they are, and nothing can be delivered to them."""
    answers: int = 0
    """Answers that are kept for idempotency keys. They are not changed: they are forgotten when they are old enough."""
    newest_answer: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether nothing needs an older key any more."""
        return not self.answers and not self.closed


async def reseal(database: Database, sealer: Sealer) -> Resealed:
    """Seal every endpoint's secrets under the newest key. Raises one of `Transient`; what was done then stays done."""
    told = Resealed()
    after: UUID | None = None
    while tenants := await _tenants(database, sealer, after):
        for tenant in tenants:
            await _reseal_tenant(database, sealer, tenant, told)
        after = tenants[-1]
    async with database.workers.connection() as connection:
        cursor = await connection.execute(ANSWERS_UNDER_OLDER, {"newest": sealer.name})
        told.answers, told.newest_answer = await cursor.fetchone() or (0, None)
    return told


async def _tenants(database: Database, sealer: Sealer, after: UUID | None) -> list[UUID]:
    """The next tenants that have an endpoint under an older key."""
    asked = {"newest": sealer.name, "after": after, "limit": TENANTS_A_LOOK}
    async with database.workers.connection() as connection:
        return [tenant for (tenant,) in await (await connection.execute(TENANTS_UNDER_OLDER, asked)).fetchall()]


async def _reseal_tenant(database: Database, sealer: Sealer, tenant: UUID, told: Resealed) -> None:
    after: UUID | None = None
    while True:
        async with database.transaction() as tx:
            await tx.execute(SET_TENANT, (str(tenant),))
            await tx.execute(HOLD_HEAD, {"tenant": tenant})
            asked = {"tenant": tenant, "newest": sealer.name, "after": after, "limit": ENDPOINTS_A_TRANSACTION}
            found = await (await tx.execute(ENDPOINTS_UNDER_OLDER, asked)).fetchall()
            sealed = [row for row in (_sealed_again(sealer, tenant, *row) for row in found) if row]
            await _store(tx, tenant, sealed)
        told.endpoints += len(sealed)
        told.closed += len(found) - len(sealed)
        if len(found) < ENDPOINTS_A_TRANSACTION:
            return
        after = found[-1][0]


def _sealed_again(
    sealer: Sealer, tenant: UUID, endpoint: UUID, secret: bytes, previous: bytes | None
) -> tuple[UUID, bytes, bytes | None] | None:
    def again(sealed: bytes) -> bytes:
        opened = sealer.open_secret(sealed, tenant=tenant, endpoint=endpoint)
        return sealer.seal_secret(opened, tenant=tenant, endpoint=endpoint)

    try:
        return endpoint, again(secret), again(previous) if previous is not None else None
    except CannotUnseal as closed:
        _log.warning("the secret of endpoint %s of tenant %s stays closed: %s", endpoint, tenant, closed)
        return None


async def _store(tx: Connection, tenant: UUID, sealed: Sequence[Row]) -> None:
    if sealed:
        ids, secrets, previous = (list(column) for column in zip(*sealed, strict=True))
        await tx.execute(STORE, {"tenant": tenant, "ids": ids, "secrets": secrets, "previous": previous})


# The name of its key is a part of what was sealed: `access/sealing.py`.
_UNDER_OLDER = """(substring(sealed_secret from 2 for 4) <> %(newest)s
       or substring(sealed_previous from 2 for 4) <> %(newest)s)"""

TENANTS_UNDER_OLDER = f"""
select distinct tenant_id
from webhook_endpoints
where {_UNDER_OLDER} and (%(after)s::uuid is null or tenant_id > %(after)s)
order by tenant_id
limit %(limit)s
"""

HOLD_HEAD = """
select 1
from ledger_heads
where tenant_id = %(tenant)s
for no key update
"""

ENDPOINTS_UNDER_OLDER = f"""
select id, sealed_secret, sealed_previous
from webhook_endpoints
where tenant_id = %(tenant)s and {_UNDER_OLDER} and (%(after)s::uuid is null or id > %(after)s)
order by id
limit %(limit)s
"""

STORE = """
update webhook_endpoints as w
set sealed_secret = s.secret, sealed_previous = s.previous
from unnest(%(ids)s::uuid[], %(secrets)s::bytea[], %(previous)s::bytea[]) as s (id, secret, previous)
where w.tenant_id = %(tenant)s and w.id = s.id
"""

# A kept answer that was sealed is "sealed:" and base64, whose first eight characters carry the name of the key.
ANSWERS_UNDER_OLDER = """
select count(*), max(recorded_at)
from idempotency_keys
where sequence is null
  and case when body ^@ 'sealed:' then substring(decode(substring(body from 8 for 8), 'base64') from 2 for 4)
           <> %(newest)s end
"""
