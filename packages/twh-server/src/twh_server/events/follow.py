"""Followers: whoever does something with every event of every tenant, in order, skipping none.

A follower has a cursor for each tenant. It finds the tenants whose ledger is ahead of its cursor in one statement,
takes such a cursor (or leaves it to the process that holds it), does its work for a run of events, and moves the
cursor in the same transaction. A tenant's events are numbered in the order of their commits, so whatever stands behind
the cursor and up to the head is there for every later look: nothing can appear behind a cursor that has moved on.

When the work writes to the database only, it is done exactly once; what it does elsewhere may be done again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from twh_server.database.engine import Connection, Database, Transient
from twh_server.database.identifiers import TenantId
from twh_server.events.bell import Bell

RUN_EVENTS_MAX = 500
TENANTS_MAX = 100
LOOK_SECONDS = 1.0
"""Even without hearing the bell, a follower looks this often."""
OUTRUN_SECONDS = 0.05
"""How long a follower that found another process at its work hears no bell: the other one hears it, too.

Without it, every commit would have every process of a server ask for what one of them does.
"""
APART_SECONDS = 0.02
"""So far apart are a follower's looks when each finds something, unless it is behind: what comes meanwhile is one run.

A run costs about the same for one event as for a hundred, and at every commit of busy writers it would cost them a fifth.
"""
REST_SECONDS = 10.0
"""How long a tenant is left alone after the work for it failed; the others are not kept waiting."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A stretch of one tenant's events, from the first number to the last, without gaps."""

    tenant: TenantId
    first: int
    last: int


async def bodies_of(tx: Connection, run: Run) -> Sequence[str]:
    """The stored bodies of a run's events, in their order."""
    stretch = {"tenant": run.tenant, "first": run.first, "last": run.last}
    # Planned each time: a plan that was made for empty tables would be kept long after they have filled.
    rows = await (await tx.execute(BODIES, stretch, prepare=False)).fetchall()
    return [body for (body,) in rows]


Work = Callable[[Connection, Run], Awaitable[None]]
"""What a follower does with a run, within the transaction that moves its cursor. When it raises, the cursor stays."""


class Away(Exception):
    """What the work needs is out of reach: the cursor stays, and it would be no better for the next tenant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lag:
    """How far a follower is behind the ledgers of all tenants together."""

    events: int
    seconds: float
    """The age of the oldest event that it has not seen; 0 when it has seen them all."""


async def lag_of(database: Database, follower: str) -> Lag:
    """How far a follower is behind, all its processes together."""
    async with database.workers.connection() as connection:
        row = await (await connection.execute(LAG, {"follower": follower})).fetchone()
    events, seconds = row or (0, 0.0)
    return Lag(events=events, seconds=seconds)


def nothing() -> None:
    """Nobody has to be told."""


class Follower:
    """One follower in one process; there may be many processes. Start with `run`, end with `stop`."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        name: str,
        work: Work,
        *,
        committed: Callable[[], None] = nothing,
        run_events_max: int = RUN_EVENTS_MAX,
    ) -> None:
        self._database = database
        self._bell = bell
        self._name = name
        self._work = work
        self._committed = committed
        self._run_events_max = run_events_max
        self._resting: dict[UUID, float] = {}
        self._stopping = False
        self._outrun = False
        self._behind = False
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Follow until told to stop. Raises Away when the work does: whoever runs it knows when to go on."""
        with self._bell.listening() as self._woken:
            while not self._stopping:
                # Cleared first: what is rung while we look is looked for again.
                self._woken.clear()
                begun = time.monotonic()
                if await self._look() or self._stopping:
                    if not self._behind:
                        await asyncio.sleep(begun + APART_SECONDS - time.monotonic())
                    continue
                if self._outrun:
                    await asyncio.sleep(OUTRUN_SECONDS)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)

    def stop(self) -> None:
        """Finish the run that is under way, and return from `run`."""
        self._stopping = True
        self._woken.set()

    async def catch_up(self) -> None:
        """Work until no tenant's ledger is ahead, other followers of this name and failing work aside."""
        while await self._pass():
            pass

    async def _look(self) -> bool:
        try:
            return await self._pass()
        except Away:
            raise
        except Transient as loss:
            _log.warning("follower %s lost the database and will look again: %s", self._name, loss)
        except Exception:  # noqa: BLE001  # whatever it is, the next look may go well
            _log.exception("follower %s cannot look for news", self._name)
        return False

    async def _pass(self) -> bool:
        """One run for each tenant that is behind; whether there was any."""
        moment = time.monotonic()
        self._outrun = self._behind = False
        self._resting = {tenant: until for tenant, until in self._resting.items() if until > moment}
        async with self._database.workers.connection() as connection:
            cursor = await connection.execute(
                BEHIND, {"follower": self._name, "resting": list(self._resting), "limit": TENANTS_MAX}
            )
            behind = [TenantId(tenant) for (tenant,) in await cursor.fetchall()]
            self._behind = len(behind) == TENANTS_MAX
            moved = [await self._serve(connection, tenant) for tenant in behind if not self._stopping]
        return any(moved)

    async def _serve(self, connection: Connection, tenant: TenantId) -> bool:
        try:
            async with connection.transaction():
                done = await self._advance(connection, tenant)
        except Exception as fault:
            if connection.closed or isinstance(fault, Away):
                raise
            _log.exception("follower %s failed for tenant %s and lets it rest", self._name, tenant)
            self._resting[tenant] = time.monotonic() + REST_SECONDS
            return False
        if done:
            self._committed()
        return done

    async def _advance(self, tx: Connection, tenant: TenantId) -> bool:
        whose = {"tenant": tenant, "follower": self._name}
        await tx.execute(BEGIN_CURSOR, whose)
        taken = await (await tx.execute(TAKE_CURSOR, whose)).fetchone()
        cursor, head = taken or (0, 0)
        last = min(head, cursor + self._run_events_max)
        if last <= cursor:
            self._outrun = True  # another process holds the cursor, or was here in between (or the tenant is gone)
            return False
        await self._work(tx, Run(tenant=tenant, first=cursor + 1, last=last))
        await tx.execute(MOVE_CURSOR, {**whose, "last": last})
        self._behind |= last < head
        return True


BODIES = """
select body
from events
where tenant_id = %(tenant)s and sequence between %(first)s and %(last)s
order by sequence
"""

# Whoever waited longest comes first.
BEHIND = """
select h.tenant_id
from ledger_heads as h
left join cursors as c on c.tenant_id = h.tenant_id and c.follower = %(follower)s
where h.sequence > coalesce(c.sequence, 0) and h.tenant_id <> all (%(resting)s::uuid[])
order by c.updated_at nulls first
limit %(limit)s
"""

# A tenant that was purged since it was found to be behind has no head, and gets no cursor.
BEGIN_CURSOR = """
insert into cursors (tenant_id, follower, sequence, updated_at)
select tenant_id, %(follower)s, 0, now()
from ledger_heads
where tenant_id = %(tenant)s
on conflict do nothing
"""

LAG = """
select coalesce(sum(h.sequence - coalesce(c.sequence, 0)), 0)::bigint,
       coalesce(extract(epoch from clock_timestamp() - min(e.recorded_at)), 0)::float
from ledger_heads as h
left join cursors as c on c.tenant_id = h.tenant_id and c.follower = %(follower)s
left join lateral (
    select recorded_at
    from events
    where tenant_id = h.tenant_id and sequence = coalesce(c.sequence, 0) + 1
    limit 1
) as e on true
where h.sequence > coalesce(c.sequence, 0)
"""

TAKE_CURSOR = """
select c.sequence, h.sequence
from cursors as c
join ledger_heads as h on h.tenant_id = c.tenant_id
where c.tenant_id = %(tenant)s and c.follower = %(follower)s
for update of c skip locked
"""

MOVE_CURSOR = """
update cursors
set sequence = %(last)s, updated_at = clock_timestamp()
where tenant_id = %(tenant)s and follower = %(follower)s
"""
