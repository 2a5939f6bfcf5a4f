"""A tenant's life: active, suspended for a while, closed for good, and in the end purged.

Whoever runs the server changes a tenant's state. Each change is a fact of that tenant's own ledger: the state and the
news of it are written together, behind everything that was decided before. Purging leaves no fact: it leaves nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from twh_server.access import tenants
from twh_server.access.refusals import TenantClosed
from twh_server.access.tenants import Tenant, TenantState
from twh_server.database.engine import Connection, Row
from twh_server.database.identifiers import TenantId
from twh_server.events.kinds import News
from twh_server.journal.commands import Effects, Facts, Index, Moment, Read, Write

NEWS_OF: Final[Mapping[TenantState, str]] = {
    "suspended": "tenant.suspended",
    "active": "tenant.resumed",
    "closed": "tenant.closed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeState:
    """Suspend, resume or close a tenant. What is closed stays closed."""

    to: TenantState
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The tenant."""
        yield WHOSE, ()

    def decide(self, facts: Facts, moment: Moment) -> Effects[Tenant]:
        """The tenant in its new state; nothing happens when it is in that state already. Raises TenantClosed."""
        tenant = facts.of(TENANT_ROW)[None]
        if tenant.state == self.to:
            return Effects(result=tenant)
        if tenant.state == "closed":
            raise TenantClosed
        changed = msgspec.structs.replace(tenant, state=self.to, state_changed_at=moment.recorded_at)
        news = News(
            kind=NEWS_OF[self.to],
            data=msgspec.json.encode(changed),
            subject=moment.tenant,
            previous=msgspec.json.encode({"state": tenant.state}),
        )
        return Effects(
            result=changed,
            rows=[(STORE_STATE, changed)],
            news=[news],
            known=[(TENANT_ROW, None, changed)],
        )


async def purge(tx: Connection, tenant: TenantId) -> int:
    """Delete everything of a closed tenant, or nothing; answers how many events it had. `tx` is the owner's.

    Raises psycopg's RaiseException when the tenant is not closed, or not there.
    """
    row = await (await tx.execute(PURGE, {"tenant": tenant})).fetchone()
    assert row is not None
    return int(row[0])


TENANT_ROW: Index[None, Tenant] = Index("the tenant itself")


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    for row in rows:
        facts.of(TENANT_ROW)[None] = tenants.tenant_of(row)


WHOSE = Read(
    sql=f"""
select {tenants.COLUMNS}
from tenants
where id = %(tenant)s
""",
    enter=_enter,
)

STORE_STATE = Write(
    sql="""
update tenants
set state = stored.state, state_changed_at = %(recorded_at)s
from json_to_recordset(%(rows)s::json) as stored (state text)
where id = %(tenant)s
""",
    rank=1,
    key=(),
)

PURGE = """
select purge_tenant(%(tenant)s)
"""
