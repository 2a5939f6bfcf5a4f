"""`/v1/idempotency-keys`: what a key was answered."""

from datetime import datetime
from typing import Any

import msgspec

from twh_server.database.identifiers import ENTRY, EntryId
from twh_server.events import kinds
from twh_server.http.operation import Call, operation, shown
from twh_server.http.refusals import IdempotencyKeyNotFound
from twh_server.http.shapes import Query
from twh_server.journal.commands import Answer


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that an idempotency key was given. The body is null where it is empty or confidential."""

    key: str
    status: int
    headers: dict[str, str]
    body: msgspec.Raw
    entry: str | None
    recorded_at: datetime


@operation(
    id="idempotency.get",
    method="GET",
    path="/v1/idempotency-keys/{key}",
    scope="stock:read",
    answers={200: KeyRecord},
    refusals=(IdempotencyKeyNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read what an idempotency key was answered.

    404 means *unknown*, not *nothing happened*: the first attempt may still be under way. Only a retry with the key
    settles it.
    """
    key = call.path["key"]
    rows = await call.rooms.database.read(call.tenant, FIND_KEY, {"tenant": call.tenant, "key": key})
    if not rows:
        raise IdempotencyKeyNotFound(key)
    status, headers, kept, event, entry, recorded_at = rows[0]
    record = KeyRecord(
        key=key,
        status=status,
        headers=msgspec.json.decode(headers, type=dict[str, str]),
        body=_body(kept, event),
        entry=None if entry is None else ENTRY.text(EntryId(entry)),
        recorded_at=recorded_at,
    )
    return shown(record)


def _body(kept: str | None, event: str | None) -> msgspec.Raw:
    if event is not None:
        return kinds.decode(event).data
    # What is kept in another form than JSON (a sealed secret) is not shown here.
    return msgspec.Raw(kept.encode() if kept and kept.startswith("{") else b"null")


FIND_KEY = """
select k.status, k.headers, k.body, v.body, e.id, k.recorded_at
from idempotency_keys as k
left join lateral (
    select body
    from events
    where tenant_id = %(tenant)s and sequence = k.sequence
    limit 1
) as v on true
left join lateral (
    select id
    from entries
    where tenant_id = %(tenant)s and sequence = k.sequence
    limit 1
) as e on true
where k.tenant_id = %(tenant)s and k.key = %(key)s
"""
