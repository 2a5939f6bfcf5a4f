"""How endpoints are doing: noted in their queues with every attempt, and no fact until there is something to tell.

An endpoint fails from its first attempt that did not arrive until one does. While it fails, it is sent one delivery at a
time, with a pause in between that is a tenth of the time for which it has been failing, and at most a minute: who is
back is heard of soon, and who is away for long costs next to nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from twh_server.database.asking import as_json
from twh_server.database.engine import Connection

PROMPT_SECONDS = 1.0
"""Who answers within this time is prompt; whose attempts take longer, goes to the patient places."""
PAUSE_PART = 10
PAUSE_SECONDS_MAX = 60.0


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt, as far as the endpoint's health goes. `at` is when it ended."""

    tenant: UUID
    endpoint: UUID
    at: datetime
    arrived: bool
    prompt: bool
    hold_until: datetime | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What several attempts of one endpoint say, one after the other."""

    tenant_id: UUID
    endpoint_id: UUID
    arrived: bool
    """Whether any of them did."""
    failed_at: datetime | None
    """When the first failed after the last that arrived; None: the last one arrived."""
    at: datetime
    prompt: bool
    hold_until: datetime | None

    def then(self, came: Came) -> "Standing":
        """What they say with one more."""
        holds = [hold for hold in (self.hold_until, came.hold_until) if hold]
        return msgspec.structs.replace(
            self,
            arrived=self.arrived or came.arrived,
            failed_at=None if came.arrived else self.failed_at or came.at,
            at=came.at,
            prompt=came.arrived and came.prompt,
            hold_until=max(holds, default=None),
        )


def standings(came: Iterable[Came]) -> Sequence[Standing]:
    """What attempts, in the order in which they ended, say of each endpoint."""
    found: dict[UUID, Standing] = {}
    for one in came:
        before = found.get(one.endpoint) or Standing(
            tenant_id=one.tenant,
            endpoint_id=one.endpoint,
            arrived=False,
            failed_at=None,
            at=one.at,
            prompt=False,
            hold_until=None,
        )
        found[one.endpoint] = before.then(one)
    return list(found.values())


async def note(tx: Connection, came: Iterable[Came]) -> None:
    """Write into the queues how their endpoints are doing, and when they are due now that places are free again."""
    noted = standings(came)
    if not noted:
        return
    asked = {
        "standings": as_json(noted),
        "part": PAUSE_PART,
        "pause_max": PAUSE_SECONDS_MAX,
    }
    async with tx.pipeline():
        # In one order, as everybody who waits for queues; and first, for what is due is looked for behind the locks.
        await tx.execute(LOCK_NOTED, asked)
        await tx.execute(NOTE, asked)


LOCK_NOTED = """
select q.endpoint_id
from json_to_recordset(%(standings)s::json) as s (tenant_id uuid, endpoint_id uuid)
join endpoint_queues as q on q.tenant_id = s.tenant_id and q.endpoint_id = s.endpoint_id
order by q.tenant_id, q.endpoint_id
for update of q
"""

NOTE = """
update endpoint_queues as q
set due_at = n.due_at,
    proven = n.failing_since is null,
    prompt = n.prompt,
    failing_since = n.failing_since,
    warned_at = case when n.arrived then null else q.warned_at end,
    held_until = n.held_until
from (
    select tenant_id, endpoint_id, arrived, prompt, failing_since, held_until,
           case when first_due is not null then greatest(first_due, held_until) end as due_at
    from (
        select s.tenant_id, s.endpoint_id, s.arrived, s.prompt, f.failing_since,
               greatest(q.held_until, s.hold_until, case when f.failing_since is not null then
                   s.at + least((s.at - f.failing_since) / %(part)s, make_interval(secs => %(pause_max)s))
               end) as held_until,
               least(q.due_at, case when w.enabled then (
                   select next_attempt_at
                   from deliveries
                   where tenant_id = s.tenant_id and endpoint_id = s.endpoint_id and state = 'pending'
                   order by next_attempt_at
                   limit 1
               ) end) as first_due
        from json_to_recordset(%(standings)s::json)
             as s (tenant_id uuid, endpoint_id uuid, arrived boolean, failed_at timestamptz, at timestamptz,
                   prompt boolean, hold_until timestamptz)
        join endpoint_queues as q on q.tenant_id = s.tenant_id and q.endpoint_id = s.endpoint_id
        join webhook_endpoints as w on w.tenant_id = s.tenant_id and w.id = s.endpoint_id
        cross join lateral (
            select case when s.arrived then s.failed_at else coalesce(q.failing_since, s.failed_at) end as failing_since
        ) as f
    ) as found
) as n
where q.tenant_id = n.tenant_id and q.endpoint_id = n.endpoint_id
"""
