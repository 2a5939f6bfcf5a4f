"""The chain of blocks: each follows the one before it, and is the hash of the stored bytes of its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from twh_server.access.tenants import FIRST_HASH
from twh_server.database.engine import Connection, Row
from twh_server.database.identifiers import EVENT, KEY, EventId, TenantId
from twh_server.database.select import walk
from twh_server.events import kinds
from twh_server.journal.seal import seal


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that does not follow."""

    what: str
    where: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What somebody kept of a ledger, elsewhere: at which event it stood, and the hash of the block that ended there."""

    last_sequence: int
    hash: bytes


class Found(Exception):
    """Something does not follow."""

    def __init__(self, what: str, where: str, *, expected: object = None, found: object = None) -> None:
        super().__init__(what)
        texts = [None if value is None else str(value) for value in (expected, found)]
        self.fault = Fault(what=what, where=where, expected=texts[0], found=texts[1])


@dataclass(slots=True)
class Counts:
    """How far it was walked, and where that is."""

    events_from: int = 1
    blocks: int = 0
    events: int = 0
    entries: int = 0
    movements: int = 0
    levels: int = 0
    sequence: int = 0
    digest: bytes = FIRST_HASH


async def walk_blocks(connection: Connection, tenant: TenantId, counts: Counts, against: Digest | None) -> None:
    """Blocks follow each other without gaps, and each is the hash of its events; one of them is the one that was kept.

    Of events that were dropped, only that their blocks follow each other, up to where the events begin.
    """
    head = await (await connection.execute(HEAD, {"tenant": tenant})).fetchone()
    if head is None:
        raise Found("head is missing", "ledger head")
    counts.events_from = head[2]
    cursor = await connection.execute(BLOCKS, {"tenant": tenant})
    blocks = iter(await cursor.fetchall())
    block, bodies = next(blocks, None), list[bytes]()
    while block and block[1] < counts.events_from:
        _link(block, counts)
        _check_kept(against, block[0], counts)
        block = next(blocks, None)
    async with walk(connection, EVENTS, {"tenant": tenant}) as rows:
        async for sequence, *columns, body, recorded_at in rows:
            counts.events += 1
            expect("event is missing", f"event {counts.sequence + 1}", counts.sequence + 1, sequence)
            counts.sequence = sequence
            if block is None or sequence < block[0]:
                raise Found("event belongs to no block", f"event {sequence}")
            bodies.append(body.encode())
            _check_event(sequence, columns, body, recorded_at)
            if sequence == block[1]:
                _seal(block, bodies, recorded_at, counts)
                _check_kept(against, block[0], counts)
                block, bodies = next(blocks, None), []
    if block is not None:
        raise Found("events of a block are missing", f"block {block[0]}", expected=block[1], found=counts.sequence)
    if against and against.last_sequence > counts.sequence:
        raise Found(
            "ledger is shorter than when the digest was kept",
            "ledger head",
            expected=against.last_sequence,
            found=counts.sequence,
        )
    expect("head is not at the last event", "ledger head", counts.sequence, head[0])
    expect("head does not hold the last hash", "ledger head", counts.digest.hex(), head[1].hex())


def _link(block: Row, counts: Counts) -> None:
    first, last, previous, stored, _ = block
    expect("block is missing", f"block {first}", counts.sequence + 1, first)
    expect("block does not follow the one before", f"block {first}", counts.digest.hex(), previous.hex())
    counts.sequence, counts.digest = last, stored
    counts.blocks += 1


def _seal(block: Row, bodies: list[bytes], recorded_at: datetime, counts: Counts) -> None:
    first, _, previous, stored, sealed_at = block
    where = f"block {first}"
    expect("block does not follow the one before", where, counts.digest.hex(), previous.hex())
    counts.digest = seal(counts.digest, bodies)
    expect("block's hash is not that of its events", where, counts.digest.hex(), stored.hex())
    expect("block's time is not that of its events", where, recorded_at, sealed_at)
    counts.blocks += 1


def _check_kept(against: Digest | None, first: int, counts: Counts) -> None:
    if against and first <= against.last_sequence <= counts.sequence:
        where = f"block {first}"
        expect("block ends elsewhere than when the digest was kept", where, against.last_sequence, counts.sequence)
        expect("block is not the one whose digest was kept", where, against.hash.hex(), counts.digest.hex())


def _check_event(sequence: int, columns: Sequence[Any], body: str, recorded_at: datetime) -> None:
    event_id, kind, actor_key, subject = columns
    where = f"event {sequence}"
    try:
        event = kinds.decode(body)
        told_subject = kinds.subject_of(event)
    except ValueError as unreadable:
        raise Found("event's bytes cannot be read", where, found=unreadable) from None
    told_actor = KEY.parse(event.actor.key) if event.actor else None
    expect("event's number is not the one in its bytes", where, event.sequence, sequence)
    expect("event's kind is not the one in its bytes", where, event.type, kind)
    expect("event's id is not the one in its bytes", where, event.id, EVENT.text(EventId(event_id)))
    expect("event's time is not the one in its bytes", where, event.timestamp, recorded_at)
    # The audit log finds changes by these.
    expect("event's actor is not the one in its bytes", where, told_actor, actor_key)
    expect("event's subject is not the one in its bytes", where, told_subject, subject)


def expect(what: str, where: str, expected: object, found: object) -> None:
    """Raise Found unless both are the same."""
    if expected != found:
        raise Found(what, where, expected=expected, found=found)


BLOCKS = """
select first_sequence, last_sequence, previous_hash, hash, recorded_at
from blocks
where tenant_id = %(tenant)s
order by first_sequence
"""

HEAD = """
select sequence, hash, events_from
from ledger_heads
where tenant_id = %(tenant)s
"""

EVENTS = """
select sequence, id, kind, actor_key, subject, body, recorded_at
from events
where tenant_id = %(tenant)s
order by sequence
"""
