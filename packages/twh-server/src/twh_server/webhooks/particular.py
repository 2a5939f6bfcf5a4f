"""Endpoints that wish for more than kinds, and what of a run of events each of them wants: read here, judged by `wishes`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from twh_server.database.engine import Connection
from twh_server.events.about import concerns_of
from twh_server.events.follow import Run, bodies_of
from twh_server.events.kinds import decode
from twh_server.webhooks.wishes import Attributes, Told, Wishes, wants


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """An event that an endpoint wants, and what an order is kept within."""

    endpoint_id: UUID
    sequence: int
    lanes: Sequence[UUID]


async def particular(tx: Connection, tenant: UUID) -> Sequence[Wishes]:
    """The wishes of a tenant's endpoints that wish for more than kinds."""
    return [_wishes(row) for row in await (await tx.execute(PARTICULAR, {"tenant": tenant})).fetchall()]


async def judge(tx: Connection, wishes: Sequence[Wishes], run: Run) -> Sequence[Chosen]:
    """What of a run of events is wanted by whom."""
    if not wishes:
        return []
    events = [decode(body) for body in await bodies_of(tx, run)]
    judged = [Told(sequence=event.sequence, kind=event.type, concerns=concerns_of(event)) for event in events]
    attributes: Mapping[UUID, Attributes] = {}
    if any(one.attributes for one in wishes):
        concerned = list({item: None for told in judged for item in told.items})
        found = await tx.execute(READ_ATTRIBUTES, {"tenant": run.tenant, "items": concerned}, prepare=False)
        attributes = dict(await found.fetchall())
    return [
        Chosen(endpoint_id=one.endpoint, sequence=told.sequence, lanes=one.lanes(told))
        for one in wishes
        for told in judged
        if wants(one, told, attributes)
    ]


def _wishes(row: Sequence[Any]) -> Wishes:
    endpoint, since_sequence, kinds, items, locations, attributes, ordering = row
    return Wishes(
        endpoint=endpoint,
        since_sequence=since_sequence,
        kinds=frozenset(kinds),
        items=frozenset(items),
        locations=frozenset(locations),
        attributes=attributes,
        ordering=ordering,
    )


PARTICULAR = """
select id, since_sequence, kinds, items, locations, attributes, ordering
from webhook_endpoints
where tenant_id = %(tenant)s
  and deleted_at is null
  and (items <> '{}' or locations <> '{}' or attributes <> '{}' or ordering = 'item')
order by id
"""

READ_ATTRIBUTES = """
select id, attributes
from items
where tenant_id = %(tenant)s and id = any (%(items)s::uuid[])
"""
