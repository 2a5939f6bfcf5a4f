"""Tenants: the customers of TWH. Each has one ledger, which begins empty with the tenant."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from twh_server.database.engine import SET_TENANT, Connection, Database, Row
from twh_server.database.identifiers import TENANT, TenantId, fresh

TenantKind = Literal["live", "sandbox"]
TenantState = Literal["active", "suspended", "closed"]
"""Whether it works, may only read, or is not let in at all."""

FIRST_HASH = bytes(32)
"""What the first block of a tenant follows."""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of TWH: `live`, or a `sandbox` to try things in."""

    id: str
    name: str
    kind: TenantKind
    created_at: datetime
    state: Annotated[
        TenantState,
        Meta(description="`active`: its keys work; `suspended`: they read only; `closed`: nobody is let in."),
    ] = "active"
    state_changed_at: Annotated[
        datetime | None, Meta(description="Since when it is in that state; null since it was created.")
    ] = None

    @property
    def identifier(self) -> TenantId:
        """Its id, as the database has it."""
        identifier = TENANT.parse(self.id)
        assert identifier is not None
        return identifier


async def create_tenant(tx: Connection, *, name: str, kind: TenantKind) -> Tenant:
    """Create a tenant with its empty ledger. From here on, `tx` is that tenant's."""
    tenant_id, created_at = TenantId(fresh()), datetime.now(UTC)
    await tx.execute(SET_TENANT, (str(tenant_id),))
    await tx.execute(ADD_TENANT, {"id": tenant_id, "name": name, "kind": kind, "created_at": created_at})
    await tx.execute(ADD_HEAD, {"id": tenant_id, "created_at": created_at, "hash": FIRST_HASH})
    return Tenant(id=TENANT.text(tenant_id), name=name, kind=kind, created_at=created_at)


async def find_tenant(database: Database, tenant: TenantId) -> Tenant | None:
    """One tenant; None when there is none of that id."""
    rows = await database.anywhere(FIND_TENANT, {"id": tenant})
    return tenant_of(rows[0]) if rows else None


async def list_tenants(database: Database) -> list[Tenant]:
    """Every tenant, oldest first: for whoever operates the server."""
    return [tenant_of(row) for row in await database.anywhere(LIST_TENANTS)]


COLUMNS = "id, name, kind, created_at, state, state_changed_at"


def tenant_of(row: Row) -> Tenant:
    """A tenant from a row of `COLUMNS`."""
    tenant_id, name, kind, created_at, state, state_changed_at = row
    return Tenant(
        id=TENANT.text(tenant_id),
        name=name,
        kind=kind,
        created_at=created_at.astimezone(UTC),
        state=state,
        state_changed_at=state_changed_at and state_changed_at.astimezone(UTC),
    )


ADD_TENANT = """
insert into tenants (id, name, kind, created_at)
values (%(id)s, %(name)s, %(kind)s, %(created_at)s)
"""

ADD_HEAD = """
insert into ledger_heads (tenant_id, sequence, recorded_at, last_id, hash)
values (%(id)s, 0, %(created_at)s, null, %(hash)s)
"""

FIND_TENANT = f"""
select {COLUMNS}
from tenants
where id = %(id)s
"""

LIST_TENANTS = f"""
select {COLUMNS}
from tenants
order by created_at, id
"""
