"""Appending: the events of a batch, the block that seals them, and the head, which moves on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from twh_server.database.identifiers import EventId
from twh_server.journal.commands import Write
from twh_server.journal.seal import seal


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Where a tenant's ledger stands."""

    sequence: int
    recorded_at: datetime
    last_id: Any
    hash: bytes


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the database has it."""

    sequence: int
    id: EventId
    kind: str
    body: str
    actor_key: UUID | None
    subject: UUID | None


def rows(head: Head, events: Sequence[Told], *, last_id: UUID) -> dict[Write, list[msgspec.Struct]]:
    """What is written of a batch that has events. `last_id` is greater than any id in it."""
    sealed = Sealed(
        first=events[0].sequence,
        last=events[-1].sequence,
        previous=head.hash,
        hash=seal(head.hash, (event.body.encode() for event in events)),
        last_id=last_id,
    )
    return {APPEND_EVENTS: list(events), APPEND_BLOCK: [sealed], MOVE_HEAD: [sealed]}


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A batch's block, and where it leaves the head."""

    first: int
    last: int
    previous: bytes
    hash: bytes
    last_id: UUID


APPEND_EVENTS = Write(
    sql="""
insert into events (tenant_id, sequence, id, kind, body, recorded_at, actor_key, subject)
select %(tenant)s, sequence, id, kind, body, %(recorded_at)s, actor_key, subject
from json_to_recordset(%(rows)s::json)
     as told (sequence bigint, id uuid, kind text, body text, actor_key uuid, subject uuid)
""",
    rank=7,
)

APPEND_BLOCK = Write(
    sql="""
insert into blocks (tenant_id, first_sequence, last_sequence, previous_hash, hash, recorded_at)
select %(tenant)s, first, last, decode(previous, 'base64'), decode(hash, 'base64'), %(recorded_at)s
from json_to_recordset(%(rows)s::json) as sealed (first bigint, last bigint, previous text, hash text)
""",
    rank=8,
)

MOVE_HEAD = Write(
    sql="""
update ledger_heads
set sequence = sealed.last, recorded_at = %(recorded_at)s, last_id = sealed.last_id, hash = decode(sealed.hash, 'base64')
from json_to_recordset(%(rows)s::json) as sealed (last bigint, hash text, last_id uuid)
where tenant_id = %(tenant)s
""",
    rank=9,
)
