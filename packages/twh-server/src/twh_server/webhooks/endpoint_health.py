"""How an endpoint is doing, as its queue has it: since when it fails, until when it is left alone, what waits for it.

It is no part of the endpoint: it changes with every attempt, is told by no event, and makes no version.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from twh_server.database.engine import Database
from twh_server.database.identifiers import ENDPOINT, TenantId
from twh_server.webhooks.refusals import EndpointNotFound

PENDING_MAX = 10_000
"""So many are counted: that there are more changes nothing for whoever looks, and counting millions would take long."""


class EndpointHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint is doing at this moment."""

    endpoint: Annotated[str, Meta(description="The endpoint's id.", examples=["whe_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    failing_since: Annotated[
        datetime | None,
        Meta(description="Since then, no attempt has arrived; null when the last one did, or none was made."),
    ]
    warned_at: Annotated[
        datetime | None, Meta(description="When `endpoint.disabling` was told of that; null: not yet.")
    ]
    held_until: Annotated[
        datetime | None, Meta(description="It is left alone until then; null when it is sent what is due.")
    ]
    pending: Annotated[
        int,
        Meta(description=f"How many deliveries are to be made; {PENDING_MAX}: as many, or more.", examples=[3]),
    ]
    next_attempt_at: Annotated[
        datetime | None,
        Meta(description="When the next attempt is due; null when nothing is, or while the endpoint is not enabled."),
    ]


async def get_health(database: Database, tenant: TenantId, text: str) -> EndpointHealth:
    """The health of the endpoint with an id. Raises EndpointNotFound, also when it was deleted."""
    identifier = ENDPOINT.parse(text)
    asked = {"tenant": tenant, "id": identifier, "pending_max": PENDING_MAX}
    found = await database.read(tenant, HEALTH, asked)
    if not found or identifier is None:
        raise EndpointNotFound(text)
    failing_since, warned_at, held_until, pending, next_attempt_at = found[0]
    return EndpointHealth(
        endpoint=ENDPOINT.text(identifier),
        failing_since=failing_since,
        warned_at=warned_at,
        held_until=held_until,
        pending=pending,
        next_attempt_at=next_attempt_at,
    )


# An endpoint has a queue from its first delivery on.
HEALTH = """
select q.failing_since, q.warned_at, case when q.held_until > now() then q.held_until end, p.pending,
       case when w.enabled and p.due_at is not null then greatest(p.due_at, q.held_until) end
from webhook_endpoints as w
left join endpoint_queues as q on q.tenant_id = w.tenant_id and q.endpoint_id = w.id
cross join lateral (
    select count(*) as pending, min(next_attempt_at) as due_at
    from (
        select next_attempt_at
        from deliveries
        where tenant_id = w.tenant_id and endpoint_id = w.id and state = 'pending'
        order by next_attempt_at
        limit %(pending_max)s
    ) as waiting
) as p
where w.tenant_id = %(tenant)s and w.id = %(id)s and w.deleted_at is null
"""
