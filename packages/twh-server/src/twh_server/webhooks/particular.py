"""Endpoints that wish for more than kinds, and what of a run of events each of them wants: read here, judged by `wishes`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from twh_server.database.engine import Connection
from twh_server.events.about import concerns_of
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


async def judge(tx: Connection, wishes: Sequence[Wishes], *, tenant: UUID, first: int, last: int) -> Sequence[Chosen]:
    """What of the events from one number to another is wanted by whom."""
    if not wishes:
        return []
    stretch = {"tenant": tenant, "first": first, "last": last}
    read = await (await tx.execute(READ_RUN, stretch, prepare=False)).fetchall()
    run = [Told(sequence=sequence, kind=kind, concerns=concerns_of(decode(body))) for sequence, kind, body in read]
    attributes: Mapping[UUID, Attributes] = {}
    if any(one.attributes for one in wishes):
        concerned = list({item: None for told in run for item in told.items})
        found = await tx.execute(READ_ATTRIBUTES, {"tenant": tenant, "items": concerned}, prepare=False)
        attributes = dict(await found.fetchall())
    return [
        Chosen(endpoint_id=one.endpoint, sequence=told.sequence, lanes=one.lanes(told))
        for one in wishes
        for told in run
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

READ_RUN = """
select sequence, kind, body
from events
where tenant_id = %(tenant)s and sequence between %(first)s and %(last)s
order by sequence
"""

READ_ATTRIBUTES = """
select id, attributes
from items
where tenant_id = %(tenant)s and id = any (%(items)s::uuid[])
"""
